"""Numbers written as words: seven, twenty-one, one hundred and five, two thousand."""

from __future__ import annotations

import re
from decimal import Decimal

_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {name: Decimal(value) for value, name in enumerate(_SMALL.split())} | {
    name: Decimal(10 * value) for value, name in enumerate(_TENS.split(), start=2)
}
"""The number that a single word says."""
_POWERS = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_WORD = "|".join(sorted([*NUMBER_WORDS, *_POWERS], key=len, reverse=True))
SPELLED = re.compile(
    rf"\b(?:a\s+(?=hundred|thousand))?(?:{_WORD})(?:(?:[\s-]+(?:and\s+)?)(?:{_WORD}))*\b", re.IGNORECASE
)
NOT_COUNTED = re.compile(r"\b(?:no|any|some|every|each|the|this|that|which)\s+$", re.IGNORECASE)


def spelled_numbers(text: str) -> list[tuple[Decimal, int, int]]:
    """(number, start, end) of each; "one" only where it counts something, not in "one of" or "the one"."""
    found = []
    for match in SPELLED.finditer(text):
        if match[0].lower() == "one" and (
            NOT_COUNTED.search(text[: match.start()]) or re.match(r"\s+(?:of|another|or)\b", text[match.end() :])
        ):
            continue
        if re.match(r"\d[\d.,]*[\s-]*$", text[max(0, match.start() - 12) : match.start()].lstrip("(~$€£ ")):
            continue
        value = _value(re.findall(r"[a-z]+", match[0].lower()))
        if value is not None:
            found.append((value, match.start(), match.end()))
    return found


def _value(words: list[str]) -> Decimal | None:
    """The number that words such as (two, hundred, and, five) spell."""
    total, group = Decimal(0), Decimal(0)
    for word in words:
        if word in NUMBER_WORDS:
            group += NUMBER_WORDS[word]
        elif word == "hundred":
            group = (group or Decimal(1)) * 100
        elif word in _POWERS:
            total, group = total + (group or Decimal(1)) * _POWERS[word], Decimal(0)
    return total + group if words else None
