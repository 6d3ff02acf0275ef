"""Tables in a PDF: rows whose pieces stand below each other in columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.parsers.cells import header_rows, is_number
from ingest.parsers.pdf_grids import Table, grids_of, ruled_table
from ingest.parsers.pdf_lines import Line, Rules

_GAP = 0.9
"""Blank between two cells, as a share of the font's height; between words it is a quarter, justified up to a half."""
_OPENING = re.compile(r"[$€£¥(]|\(?[$€£¥]\(?|CHF|USD|EUR")
_CLOSING = re.compile(r"[)%]{1,3}|%\)")
_MARKER = re.compile(r"[•▪◦‣●○■–*·-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]|\d{1,2}(?:\.\d{1,2})+\.?")
_HEADER_LINES, _HEADER_HEIGHT, _LONGEST_HEADER_CELL = 16, 8, 48
"""How many lines, how far (in font sizes) and how wide a header over a table may be."""
_LABELS, _FAR = 4, 4
"""How many labels may follow each other in a table, and how far apart, in font sizes, its rows may be."""
_CAPTION = re.compile(r"(?:Figure|Fig\.|Table|Chart)\s+\d")
_NUMBERED = re.compile(r"\d+(?:\.\d+)*\.?\s+[A-Z]")
_PROSE_WORDS = 5
"""Words that every cell of a row holds when it is a justified line of text and no row."""
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


def tables_and_lines(lines: Sequence[Line], rules: Rules) -> list[Table | Line]:
    """A page's lines in order, those that make up a table put together: ruled tables first, then aligned ones."""
    parts: list[Table | Line] = []
    rest: list[Line] = []
    ruled = _ruled(lines, rules)
    for line in lines:
        table = ruled.get(line)
        if table is None:
            rest.append(line)
        elif table not in parts:
            parts.extend(_aligned(rest))
            rest = []
            parts.append(table)
    parts.extend(_aligned(rest))
    return parts


def _ruled(lines: Sequence[Line], rules: Rules) -> dict[Line, Table]:
    """The lines that stand in ruled tables, each with its table."""
    found: dict[Line, Table] = {}
    for grid in grids_of(rules):
        inside = [line for line in lines if line not in found and grid.holds(line)]
        table = ruled_table(inside, grid) if len(inside) > 1 else None
        if table is not None:
            found.update(dict.fromkeys(inside, table))
    return found


def _aligned(lines: Sequence[Line]) -> list[Table | Line]:
    rows = _rows(lines)
    parts: list[Table | Line] = []
    position = 0
    while position < len(rows):
        end = _end_of_table(rows, position)
        columns = _columns(rows[position:end]) if end - position >= 2 else []
        above = _header_above(rows[:position], rows[position], columns)
        table = _table([*above, *rows[position:end]], columns)
        end = max(end, position + 1)
        if table is not None:
            pulled = {line for row in above for line in row.lines}
            while parts and parts[-1] in pulled:
                parts.pop()
            parts.append(table)
        else:
            parts.extend(_in_reading_order(rows[position:end]))
        position = end
    return parts


def may_hold_table(lines: Sequence[Line]) -> bool:
    """Whether looking for ruled lines is worth it."""
    return sum(len(row.cells) > 1 for row in _rows(lines)) >= 2


def _rows(lines: Sequence[Line]) -> list[Row]:
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
        near = last is not None and word.x0 - last.x1 < _GAP * line.size
        if last is not None and (near or _OPENING.fullmatch(last.text) or _CLOSING.fullmatch(word.text)):
            cells[-1] = Cell(f"{last.text} {word.text}", last.x0, max(last.x1, word.x1))
        else:
            cells.append(Cell(word.text, word.x0, word.x1))
    if len(cells) == 2 and _MARKER.fullmatch(cells[0].text):
        cells = [Cell(f"{cells[0].text} {cells[1].text}", cells[0].x0, cells[1].x1)]
    return tuple(cells)


def _end_of_table(rows: Sequence[Row], start: int) -> int:
    """The end of the run of rows with several cells; labels between them, short of the last column, are part of it."""
    if len(rows[start].cells) < 2:
        return start
    end = start + 1
    reach = rows[start].cells[-1].x0
    for position in range(start + 1, len(rows)):
        before, row = rows[position - 1], rows[position]
        near = 0.3 * row.size < before.y - row.y < _FAR * max(row.size, before.size)
        if not near or abs(row.size - rows[start].size) > 0.1 * row.size or _ends_table(row):
            break
        if len(row.cells) > 1:
            end = position + 1
            reach = min(reach, row.cells[-1].x0)
        elif position - end >= _LABELS or row.cells[0].x1 > reach:
            break
    return end


def _ends_table(row: Row) -> bool:
    """Running text stretched to the margins, a caption, or a numbered heading."""
    if len(row.cells) == 1:
        line = row.lines[0]
        return bool(_CAPTION.match(line.text)) or (line.bold and bool(_NUMBERED.match(line.text)))
    return min(len(cell.text.split()) for cell in row.cells) >= _PROSE_WORDS


def _header_above(before: Sequence[Row], first: Row, columns: Sequence[tuple[float, float]]) -> list[Row]:
    """Rows before a table that stand over its columns, such as dates on two lines, top to bottom; labels too.

    They come in any order: a file often writes a header cell by cell.
    """
    if len(columns) < 2:
        return []
    found: list[Row] = []
    for row in reversed(before[-_HEADER_LINES:]):
        over = 0 < row.y - first.y < _HEADER_HEIGHT * first.size and abs(row.size - first.size) < 0.15 * first.size
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
    return _levelled(above)


def _is_caption(row: Row, columns: Sequence[tuple[float, float]]) -> bool:
    """Whether a line stands over no column in particular, or over the first one: a title, no header."""
    return len(row.cells) == 1 and (row.cells[0].x0 < columns[0][1] or row.cells[0].x1 <= columns[1][0])


def _levelled(rows: Sequence[Row]) -> list[Row]:
    """Rows at the same height put together."""
    levelled: list[Row] = []
    for row in rows:
        if levelled and abs(levelled[-1].y - row.y) <= 0.3 * row.size and _beside(levelled[-1].cells, row.cells):
            levelled[-1] = _side_by_side(levelled[-1], row)
        else:
            levelled.append(row)
    return levelled


def _side_by_side(left: Row, right: Row) -> Row:
    cells = tuple(sorted((*left.cells, *right.cells), key=lambda cell: cell.x0))
    return Row(cells, left.y, max(left.size, right.size), (*left.lines, *right.lines))


def _table(rows: Sequence[Row], columns: Sequence[tuple[float, float]]) -> Table | None:
    if len(columns) < 2:
        return None
    grid, header = _with_header([_placed(row, columns) for row in rows])
    if not _is_table(grid):
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
    if len(row.cells) == 1 and _is_centred(row.cells[0], columns):
        return [row.cells[0].text, *placed[1:]]
    for cell in row.cells:
        over = [i for i, (left, right) in enumerate(columns) if cell.x0 < right and cell.x1 > left]
        if not over:
            over = [min(range(len(columns)), key=lambda i: abs(sum(columns[i]) - cell.x0 - cell.x1))]
        spans = over if len(over) > 1 and over[0] > 0 and not is_number(cell.text) else over[:1]
        for column in spans:
            placed[column] = f"{placed[column]} {cell.text}".strip()
    return placed


def _is_centred(cell: Cell, columns: Sequence[tuple[float, float]]) -> bool:
    """Whether words alone in a row stand in the middle of the table: a label for the rows below."""
    left, right = columns[0][0], columns[-1][1]
    return not is_number(cell.text) and abs(cell.x0 + cell.x1 - left - right) < 0.08 * (right - left)


def _with_header(grid: list[list[str]]) -> tuple[list[list[str]], int]:
    """(rows, header rows): leading rows that leave the first column blank are one header over the columns."""
    leading = next((i for i, cells in enumerate(grid) if cells[0]), len(grid))
    if 0 < leading < len(grid):
        head = [" ".join(filter(None, column)) for column in zip(*grid[:leading], strict=True)]
        return [head, *grid[leading:]], 1
    return grid, header_rows(grid)


def _is_table(grid: Sequence[Sequence[str]]) -> bool:
    """Two rows or more, and not running text in columns."""
    filled = [cell for cells in grid for cell in cells if cell]
    several = [cells for cells in grid if sum(map(bool, cells)) > 1]
    numbers = sum(map(is_number, filled))
    if len(several) < 2 or (len(grid) == 2 and not numbers):
        return False
    return numbers >= 0.2 * len(filled) or sum(map(len, filled)) < _PROSE * len(filled)


def _in_reading_order(rows: Sequence[Row]) -> Iterator[Line]:
    """The lines of rows that are no table; text in two columns is read column by column."""
    lines = [line for row in rows for line in row.lines]
    if len(rows) < 3 or any(len(row.lines) != 2 for row in rows):
        yield from lines
        return
    middle = min(max(line.x0 for line in row.lines) for row in rows)
    yield from (line for line in lines if line.x0 < middle - 1)
    yield from (line for line in lines if line.x0 >= middle - 1)
