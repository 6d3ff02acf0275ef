"""The header of a table in a PDF: what stands over its columns, on one line or several, over one column or more."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.parsers.cells import header_rows, is_number
from ingest.parsers.pdf_rows import Cell, Row, levelled

Columns = Sequence[tuple[float, float]]
"""Left and right edge of each column."""

_HEADER_LINES, _HEADER_HEIGHT, _LONGEST_HEADER_CELL = 16, 8, 48
"""How many lines, how far (in font sizes) and how wide a header over a table may be."""
_OF_DATE = re.compile(r"(?:19|20)\d\d|\d{1,2},")
"""A year, or a day as in "June 30," over "2026"."""
_HEADER_ROWS = 5
"""How many leading rows may make up a header."""
_OFF_MIDDLE, _EDGE = 0.12, 6.0
"""How far from the middle of its columns (as a share of them) or from their right edge (in points) a header may be."""
_UNITS = re.compile(r"\(.*\)")
"""Such as "(in millions)", which stands in the first column of a header."""
_SCALE = re.compile(r"\(.*\b(?:millions|thousands|billions)\b.*\)", re.I)
"""It belongs to every column, whichever it stands over."""


def header_above(before: Sequence[Row], first: Row, columns: Columns) -> list[Row]:
    """Rows before a table that stand over its columns, such as dates on two lines, top to bottom; labels too.

    They come in any order: a file often writes a header cell by cell.
    """
    if len(columns) < 2:
        return []
    found: list[Row] = []
    for row in reversed(before[-_HEADER_LINES:]):
        over = 0 < row.y - first.y < _HEADER_HEIGHT * first.size and row.size < 1.15 * first.size
        if not over or any(len(cell.text) > _LONGEST_HEADER_CELL for cell in row.cells):
            break
        found.append(row)
    chain = [first]
    for row in sorted(found, key=lambda row: row.y):
        if row.y - chain[-1].y > 2 * row.size:
            break
        chain.append(row)
    above = chain[:0:-1]
    while above and _is_caption(above[0], columns):
        above.pop(0)
    return levelled(above)


def _is_caption(row: Row, columns: Columns) -> bool:
    """Whether a line stands over no column in particular, or over the first one: a title, no header."""
    return len(row.cells) == 1 and (row.cells[0].x0 < columns[0][1] or row.cells[0].x1 <= columns[1][0])


def with_header(rows: Sequence[Row], grid: list[list[str]], columns: Columns) -> tuple[list[list[str]], int]:
    """(rows, header rows): leading rows up to the last that leaves the first column blank are one header.

    Above the last of them a cell may stand over several columns, and is then said for each.
    """
    leading = 0
    for position, cells in enumerate(grid[:_HEADER_ROWS]):
        if any(is_number(cell) and not _OF_DATE.fullmatch(cell) for cell in cells[1:]):
            break
        units = leading == position and bool(_UNITS.fullmatch(cells[0])) and any(cells[1:])
        leading = position + 1 if not cells[0] or units else leading
    if not 0 < leading < len(grid) or grid[0][0]:
        return grid, header_rows(grid)
    for cells in grid[:leading]:
        said = sorted({cell for cell in cells if cell})
        if len(said) == 1 and _SCALE.fullmatch(said[0]):
            cells[:] = [said[0], *[""] * (len(cells) - 1)]
    upper = [_spread(row, cells, columns) for row, cells in zip(rows[: leading - 1], grid, strict=False)]
    head = [" ".join(filter(None, column)) for column in zip(*upper, grid[leading - 1], strict=True)]
    return [head, *grid[leading:]], 1


def _spread(row: Row, placed: list[str], columns: Columns) -> list[str]:
    """The row's cells over equal groups of the value columns, where each heads its group.

    Where they do not, each stays over the columns it touches: a date over the wrong column is worse than none.
    """
    over = [cell for cell in row.cells if cell.x1 > columns[0][1]]
    values = columns[1:]
    if not over or len(over) >= len(values) or len(values) % len(over):
        return placed
    width = len(values) // len(over)
    spread = [placed[0]]
    for number, cell in enumerate(over):
        group = values[number * width : (number + 1) * width]
        if not _heads(cell, group[0][0], group[-1][1]):
            return placed
        spread += [cell.text] * width
    return spread


def _heads(cell: Cell, left: float, right: float) -> bool:
    """Whether a cell stands in the middle of a stretch, or ends where it ends."""
    off_middle = abs(cell.x0 + cell.x1 - left - right) / 2
    return off_middle <= _OFF_MIDDLE * (right - left) or (abs(cell.x1 - right) <= _EDGE and cell.x0 >= left - _EDGE)
