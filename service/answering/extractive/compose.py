"""The chosen stretches, worded as an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from service.answering.extractive.cells import filled_cells, picked
from service.answering.extractive.differences import worked_out
from service.answering.extractive.question import Asking
from service.answering.extractive.units import Unit
from service.answering.extractive.words import stems

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
