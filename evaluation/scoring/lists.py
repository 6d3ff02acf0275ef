"""Lists: which of the items an answer names, and what it names besides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.dataset import Item
from evaluation.scoring.claims import claim
from evaluation.scoring.dates import days, only_day
from evaluation.scoring.numbers import bare_quantity, quantities, same
from evaluation.scoring.text import fold, places, words

SEPARATORS = re.compile(
    r"(?:(?<!\s)\s++)?(?:;|,\s++(?:(?:and|or)\s++)?)\s*+|(?<!\s)\s++(?<!\n)and\s++|(?<!\s)[^\S\n]*+\n\s*+"
)
LEAD = re.compile(r"^[^:]{0,80}:\s*|^.{0,80}?\b(?:are|is|were|was|include|includes|including|namely)\s+", re.IGNORECASE)
LONGER = 3
"""Words by which a part of an answer may be longer than the longest item and still count as an item named besides."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How an answer's items meet the wanted ones. `missing`: the first that is lacking."""

    precision: float
    recall: float
    missing: str = ""

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def overlap(answer: str, item: Item) -> Overlap:
    """Precision and recall of the items an answer names, of the accepted list that it meets best."""
    return max((_overlap(answer, wanted, item) for wanted in _lists(item)), key=lambda found: (found.recall, found.f1))


def _overlap(answer: str, wanted: Sequence[str], item: Item) -> Overlap:
    folded = fold(answer)
    figures = all(bare_quantity(part) for part in wanted)
    missing = [part for part in wanted if not _names(folded, part, item.question)]
    longest = max(len(words(part)) for part in wanted) + LONGER
    named_besides = _undated(folded) if figures else folded
    parts = [part for part in SEPARATORS.split(LEAD.sub("", named_besides).rstrip(".")) if words(part)]
    beside = [
        part
        for part in parts
        if len(words(part)) <= longest
        and not (figures and _names_no_figure(part, item.question))
        and not any(_names(part, each, "") or _names(fold(each), part, "") for each in wanted)
    ]
    missing += _too_few(folded, wanted)
    named = len(wanted) - len(missing)
    beside = beside if len(parts) > 1 else []
    return Overlap(
        precision=named / (named + len(beside)) if named + len(beside) else 0.0,
        recall=named / len(wanted),
        missing=missing[0] if missing else "",
    )


def _undated(folded: str) -> str:
    """The text without its dates: a figure that is said of a day is one figure."""
    for day in sorted(days(folded), key=lambda day: -day.start):
        folded = f"{folded[: day.start]} {folded[day.end :]}"
    return folded


def _names_no_figure(part: str, question: str) -> bool:
    """True for a label, and for a figure of the question, such as the year that it asks for."""
    asked = quantities(question)
    return not any(all(not same(each, other) for other in asked) for each in quantities(part))


def _too_few(folded: str, wanted: Sequence[str]) -> list[str]:
    """Numbers that are wanted more often than the answer holds them."""
    found = []
    for part, times in Counter(wanted).items():
        number = bare_quantity(part) if times > 1 else None
        if number is not None:
            held = sum(same(each, number) for each in quantities(folded))
            found += [part] * (times - held if 0 < held < times else 0)
    return found


def _names(folded: str, part: str, question: str) -> bool:
    if claim(folded, places(folded, part), question).made:
        return True
    wanted = bare_quantity(part)
    if wanted is not None:
        found = [(each.start, each.end) for each in quantities(folded) if same(each, wanted)]
        return claim(folded, found, question).made
    day = only_day(part)
    return day is not None and any(found.covers(day) for found in days(folded))


def _lists(item: Item) -> list[list[str]]:
    """The items of each accepted variant; `answer_parts`, where a dataset has it, is the list itself."""
    parts = (item.model_extra or {}).get("answer_parts")
    if isinstance(parts, list) and parts and all(isinstance(part, str) and part.strip() for part in parts):
        return [parts]
    return [
        [part for part in SEPARATORS.split(variant.strip()) if words(part)] or [variant] for variant in item.answers
    ]
