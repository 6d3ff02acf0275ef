"""Numbers written as words: seven, twenty-one, one hundred and five, two thousand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from core.text import ENGLISH

NUMBER_WORDS = {name: Decimal(value) for name, value in ENGLISH.numbers.items()}
"""The number that a single word says."""
NOT_COUNTED = re.compile(r"\b(?:no|any|some|every|each|the|this|that|which)\s+$", re.IGNORECASE)
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class _Token:
    """A word or a mark, as text2num reads them."""

    word: str
    start: int
    end: int

    def text(self) -> str:
        """As it stands, in small letters."""
        return self.word.lower()

    def text_lowercase(self) -> str:
        """The same."""
        return self.word.lower()

    def nt_separated(self, previous: _Token) -> bool:
        """Whether something else than text parts the two: nothing does, in what was written."""
        del previous
        return False

    def not_a_number_part(self) -> bool:
        """Whether the token ends a number whatever its text says."""
        return False


def spelled_numbers(text: str) -> list[tuple[Decimal, int, int]]:
    """(number, start, end) of each; "one" only where it counts something, not in "one of" or "the one".

    Which words make one number is text2num's reading: "five and six" are two, "one hundred and five" is one. Two of
    them side by side that are spoken as a year are one: "nineteen ninety-nine", but not "twelve fifteen-minute breaks".
    """
    from text_to_num import find_numbers

    tokens = [_Token(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)]
    found: list[tuple[Decimal, int, int]] = []
    for each in find_numbers(tokens, "en", 0):
        value, start, end = _decimal(each.value), tokens[each.start].start, tokens[each.end - 1].end
        if each.is_ordinal or text[start:end][:1].isdigit() or _is_no_count(text, start, end):
            continue
        if re.match(r"\d[\d.,]*[\s-]*$", text[max(0, start - 12) : start].lstrip("(~$€£ ")):
            continue
        spoken = bool(found) and 11 <= found[-1][0] <= 20 and 10 <= value <= 99 and text[found[-1][2] : start].isspace()
        if spoken and not re.match(r"-\w", text[end:]):
            value, start = found[-1][0] * 100 + value, found.pop()[1]
        found.append((value, start, end))
    return found


def _decimal(value: float) -> Decimal:
    return Decimal(int(value)) if value == int(value) else Decimal(repr(value))


def _is_no_count(text: str, start: int, end: int) -> bool:
    if text[start:end].lower() != "one":
        return False
    return bool(NOT_COUNTED.search(text[:start]) or re.match(r"\s+(?:of|another|or)\b", text[end:]))
