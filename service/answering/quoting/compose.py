"""The chosen stretches, worded as an answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from service.answering.quoting.differences import worked_out
from service.answering.quoting.match import Candidate
from service.answering.quoting.question import Asking
from service.answering.quoting.units import Kind, Unit, filled_cells, picked
from service.answering.quoting.weights import ENOUGH
from service.answering.quoting.words import stems

_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|none|cannot|without|except|excluded|excludes|prohibited|forbidden|banned|blocked|"
    r"unsupported|unavailable|ineligible|refused|rejected|declined|turned down|no longer|\w+n['’]t)\b",
    re.IGNORECASE,
)
_ASKS_NOT = re.compile(r"\b(?:not|never|\w+n['’]t)\b", re.IGNORECASE)
_BULLET = re.compile(r"^(?:[-*•+–▪●○]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")
_YES = frozenset({"yes", "y", "true", "✓", "✔", "x"})
_NO = frozenset({"no", "n", "false", "✗", "✘"})


def word(asking: Asking, units: Sequence[Unit]) -> str:
    """The answer's text: sentences as they stand, a table row as its cell with its labels, yes or no before it."""
    text = worked_out(asking, units)
    if text:
        return text
    for unit in units:
        worded = _row(asking, unit) if unit.kind == "row" else _BULLET.sub("", unit.plain)
        worded += ":" if unit.lists or unit.kind == "label" else ""
        between = "\n" if unit.kind == "code" else " " if text.endswith((":", ".", "!", "?")) else "; "
        text += (between if text else "") + worded
    if asking.asked != "boolean":
        return text
    return f"{'No' if _denied(asking, units) else 'Yes'}. {text}"


def _denied(asking: Asking, units: Sequence[Unit]) -> bool:
    """True when the units say the opposite of what is asked: by a cell that says so, or by one negation more."""
    asks_not = _ASKS_NOT.search(asking.text) is not None
    for unit in units:
        said = {cell.lower() for cell in unit.cells} if unit.kind == "row" else set()
        if said & (_YES | _NO) and not (said & _YES and said & _NO):
            return bool(said & _NO) != asks_not
    return any(_NEGATION.search(_part_about(asking, unit)) for unit in units) != asks_not


def _part_about(asking: Asking, unit: Unit) -> str:
    """The part of a sentence that shares most words with the question, so that a negation elsewhere does not count."""
    parts = re.split(r";|, (?:but|and|or|so|which|while|because)\b| but ", unit.plain)
    return max(parts, key=lambda part: len(asking.stems & set(stems(part))))


def _row(asking: Asking, unit: Unit) -> str:
    """The asked cell with its labels, or every filled cell with its column when none is asked for by name."""
    filled = filled_cells(unit)
    if len(filled) < 3 or not any(name for name, _ in filled):
        return ": ".join(cell for _, cell in filled) if len(filled) < 3 else "; ".join(cell for _, cell in filled)
    found = picked(asking, unit)
    if found and (asking.asked != "number" or any(character.isdigit() for character in found[2])):
        label, name, cell = found
        return f"{label}: {cell} ({name})"
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in filled)


# Whether the evidence is good enough to answer, and which units make up the answer.


MAX_ITEMS = 12
"""Items of a list that are quoted."""
_ANNOUNCES_CODE = re.compile(
    r"\b(?:following|this|below) (?:\w+ ){0,2}(?:command|code|statement|script|query|syntax|snippet)\b", re.IGNORECASE
)
MAX_PASSED = 2
"""Sentences of an item, after its first, that are passed over on the way to the next item."""
_GO_ON: dict[Kind, Collection[Kind]] = {"label": {"label", "sentence"}, "sentence": {"label"}}
"""What goes on with a list after a unit of a kind, but for more of that kind: below a term stands what it means."""
_TOGETHER = re.compile(r"\b(?:and|both|respectively)\b", re.IGNORECASE)
SECOND_SHARE = 0.2
"""A second unit from another passage joins when it holds this share of the question's terms that the first lacks."""
SECOND_MARGIN = 4.0
"""And when its score is not further than this below the first one's."""


def choose(asking: Asking, candidates: Sequence[Candidate]) -> list[Unit]:
    """The units that answer together, in the order of the answer; empty when the evidence is weak."""
    if not candidates or candidates[0].sure < ENOUGH:
        return []
    best = candidates[0]
    units = whole(asking, best)
    if len(units) == 1 and _TOGETHER.search(asking.text) and not asking.difference:
        units += [second.unit for second in candidates[1:] if _completes(second, best)][:1]
    return units


def _completes(second: Candidate, first: Candidate) -> bool:
    if second.unit.passage == first.unit.passage or second.score < first.score - SECOND_MARGIN:
        return False
    added = sum(share for root, share in second.shares.items() if second.found[root] == 1.0 and first.found[root] < 0.5)
    return added >= SECOND_SHARE


def whole(asking: Asking, candidate: Candidate) -> list[Unit]:
    """The unit with what belongs to it: the list that it introduces, or the line that introduces it."""
    unit, units = candidate.unit, candidate.units
    if candidate.other is not None:
        return [unit, candidate.other]
    if unit.plain.endswith(":") or (unit.kind in ("sentence", "heading") and asking.asked == "list"):
        return [unit, *_items(units[unit.order + 1 :], unit)]
    if _ANNOUNCES_CODE.search(unit.plain):
        return [unit, *_items(units[unit.order + 1 :], unit, of={"code"})]
    introduction = units[unit.introduced_by] if unit.introduced_by is not None else None
    if introduction is None or unit.kind == "row" or not (introduction.plain.endswith(":") or unit.unmarked):
        return [unit]
    if asking.asked == "list":
        return [introduction, *_items(units[introduction.order + 1 :], introduction)]
    if unit.unmarked:
        return [unit]
    return [introduction, unit] if asking.asked == "boolean" or len(unit.plain.split()) < 3 else [unit]


def _items(units: Sequence[Unit], introduction: Unit, of: Collection[Kind] = ()) -> list[Unit]:
    """The units that an introduction announces: those below it that are of one kind and belong to it."""
    kinds = of or ({"item", "row", "code", "line", "label"} if introduction.plain.endswith(":") else {"item"})
    items: list[Unit] = []
    passed = 0
    for unit in units:
        if unit.kind in kinds and len(items) < MAX_ITEMS:
            items.append(unit)
            kinds, passed = _GO_ON.get(unit.kind, {unit.kind}), 0
        elif unit.kind != "sentence" or kinds != {"item"} or (passed := passed + 1) > MAX_PASSED:
            break
    return items
