"""Is a number right? The same number must be said, in the same unit, and singled out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from evaluation.dataset import Item
from evaluation.scoring.claims import NOT_THERE, Claim, claim
from evaluation.scoring.dates import days
from evaluation.scoring.judgement import Judgement, lacking
from evaluation.scoring.numbers import SCALES, UNITS, Quantity, bare_quantity, fold_numbers, quantities, same
from evaluation.scoring.text import fold, places, words

LOSS = re.compile(
    r"\b(?:loss|deficit|negative|decreas|declin|fell|fall|drop|down|reduc|lower|minus|shr[aiu]nk|lost)", re.IGNORECASE
)
DATED = re.compile(r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b")
LABEL = re.compile(
    r"\b(chapter|section|page|table|figure|appendix|article|step|item|part|rule|clause|question|form|annex|paragraph|note)"
    r"\s+(?:no\.?\s+)?$",
    re.IGNORECASE,
)
AFTER_NUMBER = re.compile(
    r"\s*(?:of|in|is|was|are|were|and|for|from|to|as|at|by|on|per|the|voted|out|a|an|each|every|when|while|"
    r"but|or|with|after|before|if|more|less|higher|lower|annually|yearly|monthly|all|not|it|this|that|has|have|had)\b",
    re.IGNORECASE,
)
MOVED = re.compile(
    r"\b(?:rose|rises?|grew|grown?|increased?|fell|dropped|climbed|went up|went down|by)\b[^.;]{0,20}$", re.IGNORECASE
)
LOST = re.compile(r"\b(?:loss|deficit|decrease|decline|drop|reduction) of\s+\S{0,4}\s?$", re.IGNORECASE)
TIMES = re.compile(r"\d\s*[x×*]\s*$", re.IGNORECASE)
OTHER_MEASURE = re.compile(r"\s+(?:square|cubic)\b", re.IGNORECASE)
COUNTED = re.compile(r"\bhow many\b|\bnumber of\b", re.IGNORECASE)
YEAR = re.compile(r"\b(?:which|what) year\b|^(?:since )?when\b", re.IGNORECASE)
SCALE_ASKED = re.compile(r"\bin (?:\w+ ){0,2}?(thousands?|millions?|billions?|trillions?)\b", re.IGNORECASE)
"""The scale that a question wants its number in, as in "in USD millions"."""
SPACED = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")


def judge_number(answer: str, item: Item) -> Judgement:
    """Whether an answer says an accepted number."""
    folded, denied = fold_numbers(answer), NOT_THERE
    joined = SPACED.sub("", folded)
    for variant in item.answers:
        wanted = bare_quantity(variant) or measure(variant) or _only_quantity(variant, item)
        if wanted is None:
            found = claim(fold(answer), places(fold(answer), variant), item.question)
            if found.made:
                return Judgement(True, f"holds {variant!r}", found.doubt)
            denied = denied if denied.why else found
            continue
        wanted = replace(wanted, unit=wanted.unit or _unit_of_others(wanted, item))
        for text in dict.fromkeys((folded, joined)):
            found = _says_number(text, wanted, item)
            if found.made:
                return Judgement(True, f"holds the number {variant!r}", found.doubt)
            denied = denied if denied.why else found
    return lacking(denied, "holds no accepted number")


def _says_number(folded: str, wanted: Quantity, item: Item) -> Claim:
    """What the numbers of an answer that are the wanted one amount to."""
    hidden = _inside_dates(folded, wanted)
    given = [each for each in quantities(folded) if not any(start <= each.start < end for start, end in hidden)]
    given = [each for each in given if not _labels(each, folded, item) and not _counts_else(each, wanted, folded, item)]
    alike = [each for each in given if _same_in_unit(each, wanted, item) or _same_loss(each, wanted, folded, item)]
    plain = [each for each in alike if not _one_of_several(each, given, folded)]
    if alike and not plain:
        return Claim(made=False, why="names it as one of several", doubt=True)
    found = claim(folded, [(each.start, each.end) for each in plain], item.question)
    if not found.made:
        return found
    sure = any(not (wanted.unit and not each.unit) for each in plain)
    return replace(found, doubt=found.doubt or not sure)


def _labels(quantity: Quantity, folded: str, item: Item) -> bool:
    """True for the 3 of "Chapter 3", where the question is not about chapters."""
    label = LABEL.search(folded[: quantity.start])
    return label is not None and label[1].lower() not in words(item.question)


def _counts_else(given: Quantity, wanted: Quantity, folded: str, item: Item) -> bool:
    """True for the 45 of "45 people" where 45 %, 45 francs or the year 45 are wanted, and of "45 francs" for people."""
    if LOST.search(folded[: given.start]) and wanted.value > 0 and not LOSS.search(item.question):
        return True
    if TIMES.search(folded[: given.start]):
        return True
    if COUNTED.search(item.question) and not wanted.unit and (given.unit or OTHER_MEASURE.match(folded, given.end)):
        return not set(words(folded[given.end :])[:1]) & set(words(item.question))
    if given.currency or given.percent:
        return bool(not wanted.currency and not wanted.percent and COUNTED.search(item.question))
    wants_none = wanted.percent or wanted.currency or YEAR.search(item.question)
    counted = re.match(r"[ -][^\W\d]{3,}", folded[given.end :]) is not None
    return bool(wants_none and not given.scale and counted and not AFTER_NUMBER.match(folded, given.end))


def _inside_dates(folded: str, wanted: Quantity) -> list[tuple[int, int]]:
    """Where dates stand whose day or month is no number of its own; none where the wanted number may be a year."""
    if wanted.value == wanted.value.to_integral_value() and 1000 <= wanted.value <= 2999:
        return [match.span() for match in DATED.finditer(folded)] if wanted.unit else []
    return [(day.start, day.end) for day in days(folded) if day.day]


def _one_of_several(quantity: Quantity, given: Sequence[Quantity], folded: str) -> bool:
    """True for a number in "30 or 40", "30-40" or a row of three and more: it is not singled out."""
    order = sorted(given, key=lambda each: each.start)
    at = order.index(quantity)
    links = [_link(folded, a, b) for a, b in pairwise(order)]
    before, after = links[at - 1] if at else "", links[at] if at < len(links) else ""
    if "or" in (before, after) or "to" in (before, after):
        return True
    two_before, two_after = links[at - 2] if at > 1 else "", links[at + 1] if at + 1 < len(links) else ""
    return "and" == before in (after, two_before) or "and" == after == two_after


def _link(folded: str, first: Quantity, second: Quantity) -> str:
    """How two neighbouring numbers are joined: "or" (either), "to" (a range), "and" (a row), "" (not)."""
    if first.value == second.value or (first.unit and second.unit and first.unit != second.unit):
        return ""
    between = folded[first.end : second.start].strip().lower().strip("$€£¥ ").strip()
    word = re.sub(r"^\w+,?\s+(?=or$|to$|-$|–$)", "", between)
    if word in ("or", "/", "or even", "or maybe", "or perhaps", "or possibly", ", or"):
        return "or"
    opening = re.search(r"\bfrom\s+\S{0,3}$", folded[: first.start], re.IGNORECASE)
    moved = MOVED.search(folded[: first.start])
    if word in ("to", "-", "–") and not opening and not moved:
        return "to"
    if word == "and" and re.search(r"\bbetween\s+\S{0,3}$", folded[: first.start], re.IGNORECASE):
        return "to"
    return "and" if word in (",", "and", ", and", ";") else ""


def _unit_of_others(wanted: Quantity, item: Item) -> str:
    """The unit that another accepted variant gives the same number: "18" beside "18 years"."""
    others = [found for variant in item.answers if (found := measure(variant))]
    return next((other.unit for other in others if other.value == wanted.value and _plain(wanted)), "")


def _plain(quantity: Quantity) -> bool:
    return quantity.scale is None and not (quantity.currency or quantity.percent or quantity.unit)


def measure(variant: str) -> Quantity | None:
    """The number of a variant such as "14 days": one number with a known unit and nothing more."""
    folded = fold_numbers(variant).strip().rstrip(".").lower()
    found = quantities(folded)
    rest = folded[found[0].end :].strip(" -") if len(found) == 1 and found[0].unit else ""
    kinds = ("", "working", "business", "calendar", "full", "consecutive", "whole")
    whole = rest.split()[-1:] and rest.split()[-1] in UNITS and " ".join(rest.split()[:-1]) in kinds
    before = folded[: found[0].start].removesuffix("minus ").strip(" -–") if found else ""
    return found[0] if whole and before in ("", "about", "nearly", "approximately", "around") else None


def _only_quantity(variant: str, item: Item) -> Quantity | None:
    """The number of a variant such as "14 trucks", where the dataset says that the answer is a number."""
    found = quantities(variant)
    return found[0] if item.answer_type and len(found) == 1 else None


def _same_in_unit(given: Quantity, wanted: Quantity, item: Item) -> bool:
    """A unit that is a scale, a currency or per cent belongs to the reference as if it stood beside it."""
    unit = bare_quantity(f"1 {item.unit}") if item.unit else None
    known = (item.unit or "").strip().lower()
    asked = SCALE_ASKED.search(item.question)
    if asked and wanted.scale is None and given.scale is not None and not wanted.percent:
        wanted = replace(wanted, scale=SCALES[asked[1].lower()])
    if unit and not (known in UNITS and unit.scale is not None and len(known) == 1):
        wanted = replace(
            wanted,
            scale=wanted.scale if unit.scale is None else unit.scale,
            currency=wanted.currency or unit.currency,
            percent=wanted.percent or unit.percent,
        )
    elif known in UNITS and not wanted.unit and wanted.currency is None and not wanted.percent:
        wanted = replace(wanted, unit=known)
    return same(given, wanted, item.tolerance)


def _same_loss(given: Quantity, wanted: Quantity, folded: str, item: Item) -> bool:
    """True when one side has the sign and the other the word: -12 is a fall of 12."""
    if given.value * wanted.value >= 0:
        return False
    said = folded if wanted.value < 0 else item.question
    return LOSS.search(said) is not None and _same_in_unit(replace(given, value=-given.value), wanted, item)
