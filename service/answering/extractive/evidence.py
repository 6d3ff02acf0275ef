"""What speaks for a unit by its words: which of the question's terms stand in it and around it, and in what form."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from itertools import pairwise

from core.answers import Passage
from service.answering.extractive.cells import picked, told
from service.answering.extractive.fits import fits, shows
from service.answering.extractive.question import Asking, Term
from service.answering.extractive.units import Unit
from service.answering.extractive.versions import Version
from service.answering.extractive.weights import Evidence
from service.answering.extractive.words import (
    STOP_WORDS,
    is_month_or_day,
    is_number,
    related,
    stem,
    stems,
    tokens,
    vocabulary,
)

OWN, CONTEXT, PLACE, BESIDE, PASSAGE, DOCUMENT = 1.0, 0.9, 0.75, 0.5, 0.25, 0.2
"""Where a word of the question is found, nearest first, and how sure it is that the unit is about it: in the unit, in
what introduces it, in headings and title, in the unit before or after, in the passage, in its document."""
GIVEN = 1.0
"""What a passage counts that was not searched for but given: as the best that search finds."""
_ENDS = (".", "!", "?", ":", ";", ")", '"', "”", "…")
"""What a sentence ends with, and a headline does not."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_QUARTER = re.compile(r"[qh][1-4]")


def weigh(terms: Sequence[Term], units: Sequence[Unit]) -> dict[str, float]:
    """What each term counts: its own weight, less when every unit holds it. Sums to 1."""
    holding = Counter(root for unit in units for root in set(stems(unit.plain)))
    scale = math.log(len(units) + 2)
    raw = {
        term.stem: term.weight * (1 + math.log((len(units) + 1) / (holding[term.stem] + 1)) / scale) for term in terms
    }
    total = sum(raw.values()) or 1.0
    return {root: value / total for root, value in raw.items()}


def find(
    terms: Sequence[Term], passage: Passage, units: Sequence[Unit], document: set[str], version: Version
) -> Iterator[tuple[Unit, dict[str, float]]]:
    """Every unit with what finding each term in and around it is worth; a year in which a version held is its own."""
    hit = passage.hit
    place = vocabulary(" ".join([*hit.headings, hit.title, hit.document, hit.header])) | version.held_in
    own = [vocabulary(unit.plain) for unit in units]
    context = [vocabulary(unit.context) for unit in units]
    whole = set().union(*own)
    forms = {term.stem: related(term.stem, whole.union(place, document, *context)) for term in terms}
    for position, unit in enumerate(units):
        beside = set().union(*own[max(position - 1, 0) : position + 2])
        near = (own[position], context[position], place, beside, whole, document)
        levels = tuple(zip(near, (OWN, CONTEXT, PLACE, BESIDE, PASSAGE, DOCUMENT), strict=True))
        yield unit, {term.stem: _worth(term, forms[term.stem], levels, unit) for term in terms}


def said_by_other_rows(located: Sequence[tuple[Unit, dict[str, float]]]) -> Iterator[set[str]]:
    """For each row, the terms that it lacks and another row of its passage says: then that one may be asked about."""
    said = {root for unit, found in located if unit.kind == "row" for root, worth in found.items() if worth == OWN}
    for unit, found in located:
        yield {root for root in said if found[root] < PLACE} if unit.kind == "row" else set()


def weigh_up(
    asking: Asking, unit: Unit, found: dict[str, float], shares: dict[str, float], passage: Passage, version: Version
) -> Evidence:
    """The evidence of a unit before meanings are compared."""
    words = [stem(token) for token in tokens(unit.plain) if token.lower() not in STOP_WORDS]
    at: defaultdict[float, float] = defaultdict(float)
    for root, share in shares.items():
        at[found[root]] += share
    return Evidence(
        own=at[OWN],
        context=at[CONTEXT],
        place=at[PLACE],
        beside=at[BESIDE],
        passage=at[PASSAGE] + at[DOCUMENT],
        names=min((found[term.stem] for term in asking.terms if term.exact), default=1.0),
        asked=_asked(asking, found),
        pairs=_pairs(asking, words),
        fits=fits(asking, unit),
        contradicted=float(_contradicted(asking, unit, version)),
        superseded=float(version.superseded),
        label=_label_share(asking, unit),
        column=_column(asking, unit),
        rival=float(_rival(asking, unit, found)),
        fresh=_fresh(asking, unit, words),
        length=min(len(words), 60) / 60,
        first=1 / passage.number,
        shown=GIVEN if passage.hit.dense is None else passage.hit.score,
        code=float(unit.kind == "code"),
        bare=float(_is_bare(unit) and (asking.asked != "list" or not unit.unmarked)),
    )


def _fresh(asking: Asking, unit: Unit, words: Sequence[str]) -> float:
    new = set(words) - asking.stems
    told = any(is_number(root) for root in new) if asking.asked == "number" else _tells_a_name(asking, unit)
    if asking.asked == "boolean" or unit.plain.endswith(":") or unit.lists or told:
        return 1.0
    return min(len(new), 3) / 3


def _tells_a_name(asking: Asking, unit: Unit) -> bool:
    """True when a word inside the unit that the question lacks is written as a name, or a figure."""
    return any(not token[0].islower() and stem(token) not in asking.stems for token in tokens(unit.plain)[1:])


def _is_bare(unit: Unit) -> bool:
    running = unit.kind == "sentence" or unit.unmarked
    return unit.kind == "label" or (running and not unit.plain.endswith(_ENDS))


def _asked(asking: Asking, found: dict[str, float]) -> float:
    worth = [found[term.stem] if found[term.stem] >= PLACE else 0.0 for term in asking.terms if term.focus]
    return sum(worth) / len(worth) if worth else 1.0


def _pairs(asking: Asking, words: Sequence[str]) -> float:
    roots = [term.stem for term in asking.terms]
    wanted = set(pairwise(roots))
    near = {*pairwise(words), *zip(words, words[2:], strict=False)}
    return len(wanted & near) / len(wanted) if wanted else 0.0


def _label_share(asking: Asking, unit: Unit) -> float:
    """How much of the words that name a row, line or item the question has too; 0.5 for running text."""
    return max((_share(label, asking) for label in _labels(unit, 3)), default=0.5)


def _column(asking: Asking, unit: Unit) -> float:
    """How far the name of a row's column is asked for, of those whose cell the question does not tell itself."""
    if unit.kind != "row":
        return 0.5
    named = [name for name, cell in zip(unit.header, unit.cells, strict=False) if cell and not told(asking, cell)]
    return max((_share(name, asking) for name in named if name), default=0.0)


def _rival(asking: Asking, unit: Unit, found: dict[str, float]) -> bool:
    """True when a name of the question is missing and the row, line or item goes by another name."""
    missing = any(term.exact and term.stem.isalpha() and found[term.stem] < PLACE for term in asking.terms)
    labels = _labels(unit, 2)
    return missing and any(
        token[0].isupper() and stem(token) not in asking.stems for label in labels for token in tokens(label)
    )


def _labels(unit: Unit, cells: int) -> tuple[str, ...]:
    """What names a row, in one of its first `cells`, or a line or item that has a colon."""
    if unit.kind == "row":
        return unit.cells[:cells]
    named = ": " in unit.plain and unit.kind in ("item", "line")
    return (unit.plain.split(": ", 1)[0],) if named else ()


def _share(label: str, asking: Asking) -> float:
    words = {stem(token) for token in tokens(label) if token.lower() not in STOP_WORDS}
    return len(words & asking.stems) / len(words) if words else 0.0


def _worth(term: Term, forms: Set[str], levels: Sequence[tuple[Set[str], float]], unit: Unit) -> float:
    worth = next((level for words, level in levels if not forms.isdisjoint(words)), 0.0)
    return CONTEXT if worth < CONTEXT and shows(term.stem, unit.plain) else worth


def _contradicted(asking: Asking, unit: Unit, version: Version) -> bool:
    """True when the unit speaks of another year, month, quarter or model than the question."""
    words = stems(f"{unit.plain} ; {unit.context}")
    near, pairs = set(words), set(pairwise(words))
    column = _picked_column(asking, unit)
    return any(
        _another_model(term, pairs) or _another_time(term.stem, near) or (column and _another_time(term.stem, column))
        for term in asking.terms
        if term.stem not in version.held_in
    )


def _picked_column(asking: Asking, unit: Unit) -> set[str]:
    found = picked(asking, unit) if unit.kind == "row" else None
    return set(stems(found[1])) if found else set()


def _another_time(root: str, near: set[str]) -> bool:
    """True when a year, quarter or month is asked for and only others are named."""
    kinds = (_YEAR.fullmatch, _QUARTER.fullmatch, is_month_or_day)
    return root not in near and any(same(root) and any(map(same, near)) for same in kinds)


def _another_model(term: Term, pairs: set[tuple[str, str]]) -> bool:
    """True when a numbered name is asked for, as in "Skarn 40", and only other numbers of that name are given."""
    if not term.after:
        return False
    numbered = {number for name, number in pairs if name == term.after and number.isdigit()}
    return bool(numbered) and term.stem not in numbered
