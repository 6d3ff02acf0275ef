"""Tables in a PDF: rows whose pieces stand below each other in columns."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.parsers.cells import header_rows, is_number
from ingest.parsers.pdf_lines import Line, Rules

_GAP = 0.9
"""Blank between two cells, as a share of the font's height; between words it is a quarter, justified up to a half."""
_OPENING = re.compile(r"[$€£¥(]|\(?[$€£¥]\(?|CHF|USD|EUR")
_CLOSING = re.compile(r"[)%]{1,3}|%\)")
_MARKER = re.compile(r"[•▪◦‣●○■–*·-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]|\d{1,2}(?:\.\d{1,2})+\.?")
_PROSE = 38
"""Characters a cell, on average, from which two columns are running text and no table."""


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


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equally many cells, the first `header_rows` of them the header."""

    rows: tuple[tuple[str, ...], ...]
    header_rows: int
    page: int


def tables_and_lines(lines: Sequence[Line], rules: Rules) -> Iterator[Table | Line]:
    """A page's lines in order, those that make up a table put together."""
    rows = _rows(lines)
    position = 0
    while position < len(rows):
        end = _end_of_table(rows, position)
        table = _table(rows[position:end], rules) if end - position >= 2 else None
        if table is not None:
            yield table
            position = end
            continue
        end = max(end, position + 1)
        yield from _in_reading_order(rows[position:end])
        position = end


def may_hold_table(lines: Sequence[Line]) -> bool:
    """Whether looking for ruled lines is worth it."""
    return sum(len(row.cells) > 1 for row in _rows(lines)) >= 2


def _rows(lines: Sequence[Line]) -> list[Row]:
    """Lines that follow each other at the same height become one row."""
    rows: list[Row] = []
    for line in lines:
        cells = _cells(line)
        if rows and abs(rows[-1].y - line.y) <= 0.3 * line.size and _beside(rows[-1].cells, cells):
            last = rows[-1]
            merged = tuple(sorted((*last.cells, *cells), key=lambda cell: cell.x0))
            rows[-1] = Row(merged, last.y, max(last.size, line.size), (*last.lines, line))
        else:
            rows.append(Row(cells, line.y, line.size, (line,)))
    return rows


def _beside(left: Sequence[Cell], right: Sequence[Cell]) -> bool:
    return all(a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 for a in left for b in right)


def _cells(line: Line) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for word in line.words:
        last = cells[-1] if cells else None
        near = last is not None and word.x0 - last.x1 < _GAP * line.size
        if last is not None and (near or _OPENING.fullmatch(last.text) or _CLOSING.fullmatch(word.text)):
            cells[-1] = Cell(f"{last.text} {word.text}", last.x0, max(last.x1, word.x1))
        else:
            cells.append(Cell(word.text, word.x0, word.x1))
    if len(cells) == 2 and _MARKER.fullmatch(cells[0].text):
        cells = [Cell(f"{cells[0].text} {cells[1].text}", cells[0].x0, cells[1].x1)]
    return tuple(cells)


def _end_of_table(rows: Sequence[Row], start: int) -> int:
    """The end of the run of rows with several cells; single ones inside it, near both neighbours, are part of it."""
    if len(rows[start].cells) < 2:
        return start
    end = start + 1
    for position in range(start + 1, len(rows)):
        before, row = rows[position - 1], rows[position]
        drop = before.y - row.y
        if not 0.3 * row.size < drop < 4 * max(row.size, before.size):
            break
        if len(row.cells) > 1:
            end = position + 1
        elif position - end >= 2 or len(row.cells[0].text) > 90:
            break
    return end


def _table(rows: Sequence[Row], rules: Rules) -> Table | None:
    columns = _columns(rows)
    if len(columns) < 2:
        return None
    grid = _merged_by_rules(rows, [_placed(row, columns) for row in rows], rules)
    grid, header = _with_header(grid)
    if not _is_table(grid, rules):
        return None
    return Table(tuple(tuple(cells) for cells in grid), header, rows[0].lines[0].page)


def _columns(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Left and right edges of the columns: what the rows with most cells cover, merged where it overlaps."""
    most = max(len(row.cells) for row in rows)
    full = [row for row in rows if len(row.cells) >= max(2, 0.6 * most)]
    columns: list[tuple[float, float]] = []
    for cell in sorted((cell for row in full for cell in row.cells), key=lambda cell: cell.x0):
        if columns and cell.x0 < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], cell.x1))
        else:
            columns.append((cell.x0, cell.x1))
    return columns


def _placed(row: Row, columns: Sequence[tuple[float, float]]) -> list[str]:
    """The row's cells in their columns; one that spans several columns, and is no number, stands in each of them."""
    placed = [""] * len(columns)
    for cell in row.cells:
        over = [i for i, (left, right) in enumerate(columns) if cell.x0 < right and cell.x1 > left]
        if not over:
            over = [min(range(len(columns)), key=lambda i: abs(sum(columns[i]) - cell.x0 - cell.x1))]
        spans = over if len(over) > 1 and over[0] > 0 and not is_number(cell.text) else over[:1]
        for column in spans:
            placed[column] = f"{placed[column]} {cell.text}".strip()
    return placed


def _merged_by_rules(rows: Sequence[Row], grid: list[list[str]], rules: Rules) -> list[list[str]]:
    """In a ruled grid, lines between the same two rules are one row."""
    top, bottom = rows[0].y + rows[0].size, rows[-1].y
    inside = [place for place in rules.horizontal if bottom - 4 < place < top + 4]
    if len(inside) < 2 or (len(rules.vertical) < 2 and len(inside) < 0.6 * len(rows)):
        return grid
    merged: list[list[str]] = []
    strip = -1
    for row, cells in zip(rows, grid, strict=True):
        now = bisect_left(inside, row.y + row.size / 2)
        if merged and now == strip:
            merged[-1] = [f"{a} {b}".strip() for a, b in zip(merged[-1], cells, strict=True)]
        else:
            merged.append(cells)
        strip = now
    return merged


def _with_header(grid: list[list[str]]) -> tuple[list[list[str]], int]:
    """(rows, header rows): leading rows that leave the first column blank are one header over the columns."""
    leading = next((i for i, cells in enumerate(grid) if cells[0]), len(grid))
    if 0 < leading < len(grid):
        head = [" ".join(filter(None, column)) for column in zip(*grid[:leading], strict=True)]
        return [head, *grid[leading:]], 1
    return grid, header_rows(grid)


def _is_table(grid: Sequence[Sequence[str]], rules: Rules) -> bool:
    """Two rows or more, and not running text in columns."""
    if len(grid) < 2:
        return False
    filled = [cell for cells in grid for cell in cells if cell]
    several = [cells for cells in grid if sum(map(bool, cells)) > 1]
    ruled = len(rules.vertical) >= 2 and len(rules.horizontal) >= 2
    numbers = sum(map(is_number, filled))
    if len(several) < 2 or (len(grid) == 2 and not ruled and not numbers):
        return False
    return ruled or numbers >= 0.2 * len(filled) or sum(map(len, filled)) < _PROSE * len(filled)


def _in_reading_order(rows: Sequence[Row]) -> Iterator[Line]:
    """The lines of rows that are no table; text in two columns is read column by column."""
    lines = [line for row in rows for line in row.lines]
    if len(rows) < 3 or any(len(row.lines) != 2 for row in rows):
        yield from lines
        return
    middle = min(max(line.x0 for line in row.lines) for row in rows)
    yield from (line for line in lines if line.x0 < middle - 1)
    yield from (line for line in lines if line.x0 >= middle - 1)
