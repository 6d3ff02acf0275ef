"""Is an answer right? Without a judge: by the words, numbers, dates or items of the accepted variants."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from evaluation.dataset import Item
from evaluation.scoring.claims import NOT_THERE, Claim, claim
from evaluation.scoring.dates import Day, clocked, dates, days, only_day
from evaluation.scoring.figures import judge_number, measure
from evaluation.scoring.judgement import Judgement, lacking
from evaluation.scoring.lists import overlap
from evaluation.scoring.numbers import bare_quantity
from evaluation.scoring.spans import content, long_shares, near_places
from evaluation.scoring.text import Place, fold, places, token_f1, words
from evaluation.scoring.yes_no import affirmation, restated

LONG_RECALL = 0.5
"""Share of the reference's content words that a long answer must hold to count as correct."""
LONG_NUMBERS = 0.5
"""Share of the reference's numbers that it must hold too."""
SURE_RECALL, UNSURE_RECALL = 0.8, 0.3
"""Between these shares a long answer is in doubt."""
LONG_WORDS = 25
"""A reference with more words than this is a long one, where the dataset does not say."""
DOUBTFUL_SHARE = 0.5
"""From this token F1 on, or this share of a variant's content words, an answer that lacks every variant is in doubt."""
LIST_PRECISION = 0.5
"""A list may name fewer other things than items that were asked for."""
CALLED_WRONG = re.compile(
    r"\b(?:is|are|was|were) (?:wrong|incorrect|false|not (?:correct|right|true))\W*$", re.IGNORECASE
)
"""The last words of an answer that denies what it names; yes-or-no questions have rules of their own."""
OTHER_NAMES = {"multi-span": "list", "arithmetic": "number", "count": "number", "yes_no": "boolean", "bool": "boolean"}
"""Answer types that published datasets call by another name."""


def judge(answer: str, item: Item) -> Judgement | None:
    """Judge an answer to an answerable question; None when the dataset holds nothing to judge it by."""
    if not item.answers:
        return None
    if answer_type(item) != "boolean" and CALLED_WRONG.search(fold(answer)):
        return Judgement(False, "calls it wrong", in_doubt=True)
    found = JUDGES[answer_type(item)](answer, item)
    if not found.correct and not found.in_doubt and answer_type(item) in ("span", "long"):
        return replace(found, in_doubt=_much_alike(answer, item))
    return found


def answer_type(item: Item) -> str:
    """The type the dataset states, else what its accepted variants look like."""
    stated = OTHER_NAMES.get(item.answer_type or "", item.answer_type or "")
    if stated in JUDGES:
        return stated
    said = [affirmation(variant) for variant in item.answers]
    if None not in said and len(set(said)) == 1 and any(len(words(variant)) == 1 for variant in item.answers):
        return "boolean"
    if any(bare_quantity(variant) or measure(variant) for variant in item.answers):
        return "number"
    if any(only_day(variant) or (dates(variant) and len(words(variant)) <= 4) for variant in item.answers):
        return "date"
    return "long" if min(len(words(variant)) for variant in item.answers) > LONG_WORDS else "span"


def _much_alike(answer: str, item: Item) -> bool:
    """Whether an answer that was called wrong shares so much with a variant, its figures too, that the rule may err."""
    held = set(content(fold(answer)))
    for variant in item.answers:
        wanted = set(content(fold(variant)))
        figures = {word for word in wanted if word[0].isdigit()}
        share = len(wanted & held) / len(wanted) if wanted else 0.0
        if figures <= held and max(share, token_f1(answer, [variant])) >= DOUBTFUL_SHARE:
            return True
    return False


def _span(answer: str, item: Item) -> Judgement:
    folded = fold(answer)
    found = _said(folded, item)
    timed = tuple(clocked(variant) for variant in item.answers)
    if not found.correct and clocked(folded) + "".join(timed) != folded + "".join(item.answers):
        found = _said(clocked(folded), item.model_copy(update={"answers": timed}))
    if found.correct and any(map(bare_quantity, item.answers)):
        return replace(found, in_doubt=found.in_doubt or not judge_number(answer, item).correct)
    for variant in item.answers if not found.correct else ():
        if claim(folded, near_places(folded, variant), item.question).made:
            return Judgement(True, f"says {variant!r} in nearly the same words", True)
    return found


def _said(folded: str, item: Item) -> Judgement:
    """Whether an answer says a variant in its very words."""
    denied, taken = NOT_THERE, list[Place]()
    for variant in sorted(item.answers, key=len, reverse=True):
        there = [
            place for place in places(folded, variant) if not any(a <= place[0] and place[1] <= b for a, b in taken)
        ]
        found = claim(folded, there, item.question)
        if found.made:
            return Judgement(True, f"holds {variant!r}", found.doubt or _is_long(folded, variant))
        taken += there
        denied = denied if denied.why else found
    return lacking(denied, "holds no accepted variant")


def _is_long(answer: str, variant: str) -> bool:
    return len(answer.split()) > 10 * max(len(variant.split()), 6)


def _date(answer: str, item: Item) -> Judgement:
    folded, denied, close = fold(answer), NOT_THERE, False
    given = days(folded)
    years = {int(year) for year in re.findall(r"\b[12]\d{3}\b", item.question)}
    for variant in item.answers:
        for wanted in [day] if (day := only_day(variant)) else days(variant):
            alike = [
                day
                for day in given
                if (day.covers(wanted) or (not day.year and _in_year(day, years).covers(wanted)))
                and not _other_year(day, item)
            ]
            close = close or any(day.month == wanted.month for day in given)
            found = claim(folded, [(day.start, day.end) for day in alike], item.question)
            several = {
                (d.year, d.month, d.day) for d in given if (d.start, d.end) not in [(a.start, a.end) for a in alike]
            }
            if found.made and several and re.search(r"\b(?:or|either)\b", folded, re.IGNORECASE):
                found = Claim(made=False, why="names it as one of several", doubt=True)
            if found.made:
                return Judgement(True, f"holds the date {variant!r}", found.doubt)
            denied = denied if denied.why else found
    if denied.why:
        return lacking(denied, "")
    in_words = tuple(variant for variant in item.answers if not only_day(variant))
    spoken = _said(folded, item.model_copy(update={"answers": in_words}))
    return replace(spoken, in_doubt=True) if close and not spoken.correct else spoken


def _in_year(day: Day, years: set[int]) -> Day:
    return replace(day, year=next(iter(years))) if len(years) == 1 else day


def _other_year(day: Day, item: Item) -> bool:
    """Whether a fuller variant gives the same day of another year."""
    known = [full for variant in item.answers for full in days(variant) if full.year]
    same = [full.year for full in known if (full.month, full.day) == (day.month, day.day)]
    return bool(day.year and same) and day.year not in same


def _boolean(answer: str, item: Item) -> Judgement:
    wanted = {affirmation(variant) for variant in item.answers} - {None}
    given = affirmation(answer)
    if given is not None and wanted:
        return Judgement(given in wanted, f"says {'yes' if given else 'no'}")
    others = [variant for variant in item.answers if len(words(variant)) > 1]
    folded = fold(answer)
    if any(claim(folded, places(folded, variant), item.question).made for variant in others):
        return Judgement(True, "holds an accepted variant")
    given = restated(answer, item.question)
    if given is not None and wanted:
        said = "yes" if given else "no"
        return Judgement(given in wanted, f"says {said} by saying the question's sentence again", in_doubt=True)
    return Judgement(False, "says neither yes nor no", in_doubt=True)


def _list(answer: str, item: Item) -> Judgement:
    found = overlap(answer, item)
    if found.recall < 1:
        how = f"holds {found.recall:.0%} of the items; lacks {found.missing!r}"
        return Judgement(False, how, in_doubt=found.recall >= 0.5)
    if found.precision <= LIST_PRECISION:
        return Judgement(
            False, f"holds every item, but only {found.precision:.0%} of what it names is one", in_doubt=True
        )
    return Judgement(True, "holds every item", in_doubt=found.precision < 1)


def _long(answer: str, item: Item) -> Judgement:
    recall, numbers = long_shares(answer, item.answers)
    how = f"holds {recall:.0%} of the reference's content words and {numbers:.0%} of its numbers"
    right = recall >= LONG_RECALL and numbers >= LONG_NUMBERS
    return Judgement(right, how, in_doubt=not (recall >= SURE_RECALL and numbers == 1) and recall >= UNSURE_RECALL)


JUDGES: dict[str, Callable[[str, Item], Judgement]] = {
    "span": _span,
    "number": judge_number,
    "date": _date,
    "boolean": _boolean,
    "list": _list,
    "long": _long,
}
"""One judge by answer type."""
