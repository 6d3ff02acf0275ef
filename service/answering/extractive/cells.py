"""Which cell of a table row a question asks for."""

from __future__ import annotations

import re

from service.answering.extractive.question import Asking
from service.answering.extractive.units import Unit
from service.answering.extractive.words import stems

FIGURE = re.compile(r"[^\d\s]{0,3}\s?(-?\d[\d,]*(?:\.\d+)?)(?:\s?\D{0,12})?")
"""A number with at most a unit or a currency beside it."""


def picked(asking: Asking, unit: Unit) -> tuple[str, str, str] | None:
    """A row's label, the name of the column that is asked for, and its cell; None when no column or several are."""
    filled = filled_cells(unit)
    if len(filled) == 2:
        return filled[0][1], *filled[1]
    if not filled:
        return None
    label = max(filled, key=lambda pair: len(asking.stems & set(stems(pair[1]))))[1]
    shares = [0.0 if cell == label or told(asking, cell) else share(asking, name) for name, cell in filled]
    if asking.asked == "number":
        figures = [amount if is_figure(cell) else 0.0 for amount, (_, cell) in zip(shares, filled, strict=True)]
        shares = figures if any(figures) else shares
    best = max(shares)
    return (label, *filled[shares.index(best)]) if best > 0 and shares.count(best) == 1 else None


def is_figure(cell: str) -> bool:
    """True for a cell that is a number with at most a unit or a currency beside it."""
    return FIGURE.fullmatch(cell) is not None


def filled_cells(unit: Unit) -> list[tuple[str, str]]:
    """(name of its column, cell) of a row's cells that are not empty."""
    header = unit.header or ("",) * len(unit.cells)
    return [(name, cell) for name, cell in zip(header, unit.cells, strict=True) if cell]


def told(asking: Asking, cell: str) -> bool:
    """True when the question says itself what stands in a cell: that is not what it asks for."""
    return set(stems(cell)) <= asking.stems


def share(asking: Asking, name: str) -> float:
    """How far a column's name is asked for; words that other names share count like any other."""
    roots = set(stems(name))
    return len(asking.stems & roots) / (len(roots) + 1)
