"""How far two figures of tables lie apart, where a question asks for that and nobody wrote it down.

"By how much did the price of the Halden 20 rise from 2025 to 2026?" has two sides: its price in 2025 and in 2026. Each
is a question of its own; the answer is the difference of two cells, with both cells told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from core.text import ENGLISH
from service.answering.quoting.question import Asking
from service.answering.quoting.units import FIGURE, Unit, picked
from service.answering.quoting.words import stems

_CHANGE = re.compile(
    r"cheaper|dearer|gr[eo]w\w*|ris\w+|rose|increase\w*|decrease\w*|f[ae]ll\w*|drop\w*|exceed\w*|higher|lower|larger|smaller|"
    r"heavier|lighter|longer|shorter|greater|bigger|differ\w*|go|goes|went|change\w*|climb\w*|up|down|more|less|fewer|"
    r"pounds?|euros?|dollars?",
    re.IGNORECASE,
)
"""Words that compare, and units of money: neither side needs to say them."""
_RATIO = re.compile(r"\bper ?cent|%|\bpercentage|\btimes\b|\bfactor\b", re.IGNORECASE)
_COMPARES = re.compile(r"\b(?:exceeds?|than|above|below|beyond)\b", re.IGNORECASE)
_BACK = re.compile(r"\b(?:its|their|his|her|that|this|the same)\b", re.IGNORECASE)
_YEAR, _QUARTER = re.compile(r"(?:19|20)\d\d"), re.compile(r"[qh][1-4]")


def sides(asking: Asking) -> tuple[Asking, Asking] | None:
    """The questions for the two figures whose difference is asked for; None when it is not, or not in so many words."""
    if not asking.difference or _RATIO.search(asking.text):
        return None
    found = next(_opposed(asking), None)
    if found:
        return _without(asking, {found[1]}), _without(asking, {found[0]})
    return _halves(asking)


def worked_out(asking: Asking, units: Sequence[Unit]) -> str:
    """The difference of the two cells that are asked for, with both; nothing where they are not two figures."""
    asked = sides(asking) if len(units) == 2 else None
    if asked is None:
        return ""
    cells = [figure(side, unit) for side, unit in zip(asked, units, strict=True)]
    one, other = cells
    if one is None or other is None or one[:3] == other[:3]:
        return ""
    told = "; ".join(f"{label}: {cell}" + (f" ({name})" if name else "") for label, name, cell, _ in (one, other))
    return f"{abs(one[3] - other[3]):,f} ({told})"


def comparable(asked: tuple[Asking, Asking], one: Unit, other: Unit) -> bool:
    """True when both hold a figure of their side, and these are of the same thing or in columns of the same name."""
    first, second = figure(asked[0], one), figure(asked[1], other)
    if first is None or second is None or (one.passage, one.order) == (other.passage, other.order):
        return False
    alike = ((_names(first[0]), _names(second[0])), (_names(first[1]), _names(second[1])))
    return any(one_name and one_name <= other_name for one_name, other_name in alike)


def figure(asking: Asking, unit: Unit) -> tuple[str, str, str, Decimal] | None:
    """The label, column, text and value of a row's cell that is asked for; None when that is no figure."""
    found = picked(asking, unit) if unit.kind == "row" else None
    match = FIGURE.fullmatch(found[2]) if found else None
    return (*found, Decimal(match[1].replace(",", ""))) if found and match else None


def _opposed(asking: Asking) -> Iterator[tuple[str, str]]:
    """Two quarters, years, numbers of one name, or names around "than": each belongs to one of the figures."""
    exact = [term for term in asking.terms if term.exact]
    for same in (_QUARTER.fullmatch, _YEAR.fullmatch):
        of_kind = [term.stem for term in exact if same(term.stem)]
        if len(of_kind) == 2:
            yield of_kind[0], of_kind[1]
    for term in exact:
        others = [other.stem for other in exact if other.after and other.after == term.after and other != term]
        if len(others) == 1:
            yield term.stem, others[0]
    before, _, after = asking.text.partition(" than ")
    left, right = (
        [term.stem for term in exact if term.stem.isalpha() and term.stem in set(stems(part))]
        for part in (before, after)
    )
    if len(left) == len(right) == 1 and left != right:
        yield left[0], right[0]


def _halves(asking: Asking) -> tuple[Asking, Asking] | None:
    """What stands before and after a word that compares, as in "does its price exceed its cost"."""
    parts = _COMPARES.split(asking.text, maxsplit=1)
    if len(parts) == 1:
        return None
    before, after = parts
    left, right = set(stems(before)), set(stems(after))
    if _BACK.search(after):
        right |= {term.stem for term in asking.terms if term.exact and term.stem in left}
    own = [{term.stem for term in asking.terms} - half for half in (left, right)]
    if any(all(term.exact or term.stem in out for term in asking.terms) for out in own):
        return None
    return _without(asking, own[0], before), _without(asking, own[1], after)


def _without(asking: Asking, out: set[str], text: str = "") -> Asking:
    kept = [term for term in asking.terms if term.stem not in out and (term.exact or not _CHANGE.fullmatch(term.word))]
    words = {term.word for term in asking.terms if term.stem in out}
    text = text or " ".join(word for word in asking.text.split() if word.strip(".,?!") not in words)
    return replace(asking, text=text, clause="what", asked="number", difference=False, terms=tuple(kept))


def _names(text: str) -> set[str]:
    return {root for root in stems(text) if root not in ENGLISH.question_stop_words and not _YEAR.fullmatch(root)}
