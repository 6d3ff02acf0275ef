"""Is an answer right? Without a judge: by the words, numbers, dates or items of the accepted variants."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from evaluation.dataset import Item
from evaluation.scorers.dates import dates
from evaluation.scorers.numbers import Quantity, bare_quantity, quantities, same
from evaluation.scorers.text import contains, token_recall, words

LONG_RECALL = 0.5
"""Share of the reference's words that a long answer must hold to count as correct."""
LONG_WORDS = 25
"""A reference with more words than this is a long one, where the dataset does not say."""
OTHER_NAMES = {"multi-span": "list", "arithmetic": "number", "count": "number", "yes_no": "boolean", "bool": "boolean"}
"""Answer types that published datasets call by another name."""
SEPARATORS = re.compile(r"\s*(?:;|\n|,\s+(?:and\s+)?|\s+and\s+)\s*")
AFFIRMATIONS = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an answer is right, and the rule that says so, in words for the reader of the scores."""

    correct: bool
    how: str


def judge(answer: str, item: Item) -> Judgement | None:
    """Judge an answer to an answerable question; None when the dataset holds nothing to judge it by."""
    if not item.answers:
        return None
    return JUDGES[answer_type(item)](answer, item)


def answer_type(item: Item) -> str:
    """The type the dataset states, else what its accepted variants look like."""
    stated = OTHER_NAMES.get(item.answer_type or "", item.answer_type or "")
    if stated in JUDGES:
        return stated
    if all(_affirmation(variant) is not None and len(words(variant)) == 1 for variant in item.answers):
        return "boolean"
    if any(bare_quantity(variant) for variant in item.answers):
        return "number"
    if any(dates(variant) and len(words(variant)) <= 4 for variant in item.answers):
        return "date"
    return "long" if min(len(words(variant)) for variant in item.answers) > LONG_WORDS else "span"


def _span(answer: str, item: Item) -> Judgement:
    for variant in item.answers:
        if contains(answer, variant):
            return Judgement(True, f"holds {variant!r}")
    return Judgement(False, "holds no accepted variant")


def _number(answer: str, item: Item) -> Judgement:
    given = quantities(answer)
    for variant in item.answers:
        wanted = bare_quantity(variant) or _only_quantity(variant, item)
        if wanted is None:
            if contains(answer, variant):
                return Judgement(True, f"holds {variant!r}")
            continue
        if any(_same_in_unit(quantity, wanted, item) for quantity in given):
            return Judgement(True, f"holds the number {variant!r}")
    return Judgement(False, "holds no accepted number")


def _only_quantity(variant: str, item: Item) -> Quantity | None:
    """The number of a variant such as "14 days", where the dataset says that the answer is a number."""
    found = quantities(variant)
    return found[0] if item.answer_type and len(found) == 1 else None


def _same_in_unit(given: Quantity, wanted: Quantity, item: Item) -> bool:
    """A unit that is a scale, a currency or per cent belongs to the reference as if it stood beside it."""
    unit = bare_quantity(f"1 {item.unit}") if item.unit else None
    if unit:
        wanted = Quantity(
            wanted.value,
            wanted.scale if unit.scale is None else unit.scale,
            wanted.currency or unit.currency,
            wanted.percent or unit.percent,
        )
    return same(given, wanted, item.tolerance)


def _date(answer: str, item: Item) -> Judgement:
    given = dates(answer)
    for variant in item.answers:
        if given & dates(variant):
            return Judgement(True, f"holds the date {variant!r}")
    return _span(answer, item)


def _boolean(answer: str, item: Item) -> Judgement:
    given = _affirmation(answer)
    wanted = {_affirmation(variant) for variant in item.answers} - {None}
    if given is not None and wanted:
        return Judgement(given in wanted, f"says {'yes' if given else 'no'}")
    others = [variant for variant in item.answers if len(words(variant)) > 1]
    if any(contains(answer, variant) for variant in others):
        return Judgement(True, "holds an accepted variant")
    return Judgement(False, "says neither yes nor no")


def _list(answer: str, item: Item) -> Judgement:
    share, missing = max((_share(answer, items) for items in _lists(item)), key=lambda found: found[0])
    if share == 1.0:
        return Judgement(True, "holds every item")
    return Judgement(False, f"holds {share:.0%} of the items; lacks {missing!r}")


def _long(answer: str, item: Item) -> Judgement:
    recall = token_recall(answer, item.answers)
    return Judgement(recall >= LONG_RECALL, f"holds {recall:.0%} of the reference's words")


def _lists(item: Item) -> list[list[str]]:
    """The items of each accepted variant; `answer_parts`, where a dataset has it, is the list itself."""
    parts = (item.model_extra or {}).get("answer_parts")
    if isinstance(parts, list) and parts and all(isinstance(part, str) for part in parts):
        return [parts]
    return [[part for part in SEPARATORS.split(variant.strip()) if part] or [variant] for variant in item.answers]


def _share(answer: str, items: list[str]) -> tuple[float, str]:
    given = quantities(answer)
    missing = [part for part in items if not (contains(answer, part) or _holds_number(given, part))]
    return 1 - len(missing) / len(items), missing[0] if missing else ""


def _holds_number(given: list[Quantity], part: str) -> bool:
    wanted = bare_quantity(part)
    return wanted is not None and any(same(quantity, wanted) for quantity in given)


def _affirmation(text: str) -> bool | None:
    return AFFIRMATIONS.get(next(iter(words(text)), ""))


JUDGES: dict[str, Callable[[str, Item], Judgement]] = {
    "span": _span,
    "number": _number,
    "date": _date,
    "boolean": _boolean,
    "list": _list,
    "long": _long,
}
"""One judge by answer type."""
