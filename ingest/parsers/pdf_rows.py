"""Rows of a PDF page: cells at one height, the pieces a table is made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.parsers.cells import is_number
from ingest.parsers.pdf_lines import Line

_GAP = 0.9
"""Blank between two cells, as a share of the font's height; between words it is a quarter, justified up to a half."""
_CURRENCY = re.compile(r"[$€£¥]|CHF|USD|EUR")
_OPENING = re.compile(r"[$€£¥(]|\(?[$€£¥]\(?|CHF|USD|EUR")
_CLOSING = re.compile(r"[)%]{1,3}|%\)")
_MARKER = re.compile(r"[•▪◦‣●○■–*·-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]|\d{1,2}(?:\.\d{1,2})+\.?")


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a row: what stands close together."""

    text: str
    x0: float
    x1: float


@dataclass(frozen=True, slots=True)
class Row:
    """Cells at one height, left to right, made from one line or several."""

    cells: tuple[Cell, ...]
    y: float
    size: float
    lines: tuple[Line, ...]


def rows_of(lines: Sequence[Line]) -> list[Row]:
    """Lines that follow each other at the same height become one row."""
    rows: list[Row] = []
    for line in lines:
        cells = _cells(line)
        if rows and abs(rows[-1].y - line.y) <= 0.3 * line.size and _beside(rows[-1].cells, cells):
            rows[-1] = _side_by_side(rows[-1], Row(cells, line.y, line.size, (line,)))
        else:
            rows.append(Row(cells, line.y, line.size, (line,)))
    return rows


def _beside(left: Sequence[Cell], right: Sequence[Cell]) -> bool:
    return all(a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 for a in left for b in right)


def _cells(line: Line) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for word in line.words:
        last = cells[-1] if cells else None
        next_amount = last is not None and is_number(last.text) and bool(_CURRENCY.fullmatch(word.text))
        near = last is not None and word.x0 - last.x1 < _GAP * line.size and not next_amount
        if last is not None and (near or _OPENING.fullmatch(last.text) or _CLOSING.fullmatch(word.text)):
            blank = "" if word.text.startswith(")") else " "  # "(22" and, set apart to line the digits up, ")"
            cells[-1] = Cell(f"{last.text}{blank}{word.text}", last.x0, max(last.x1, word.x1))
        else:
            cells.append(Cell(word.text, word.x0, word.x1))
    if len(cells) == 2 and _MARKER.fullmatch(cells[0].text):
        cells = [Cell(f"{cells[0].text} {cells[1].text}", cells[0].x0, cells[1].x1)]
    return tuple(cells)


def _side_by_side(left: Row, right: Row) -> Row:
    cells = tuple(sorted((*left.cells, *right.cells), key=lambda cell: cell.x0))
    return Row(cells, left.y, max(left.size, right.size), (*left.lines, *right.lines))


def levelled(rows: Sequence[Row]) -> list[Row]:
    """Rows at the same height put together."""
    levelled: list[Row] = []
    for row in rows:
        if levelled and abs(levelled[-1].y - row.y) <= 0.3 * row.size and _beside(levelled[-1].cells, row.cells):
            levelled[-1] = _side_by_side(levelled[-1], row)
        else:
            levelled.append(row)
    return levelled
