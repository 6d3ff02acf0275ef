"""Tables in a PDF: rows whose pieces stand below each other in columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingest.parsers.cells import is_number
from ingest.parsers.pdf_grids import Table, grids_of, ruled_table
from ingest.parsers.pdf_headers import Columns, header_above, with_header
from ingest.parsers.pdf_lines import Line, Rules
from ingest.parsers.pdf_rows import Cell, Row, rows_of

_LABELS, _FAR = 4, 4
"""How many labels may follow each other in a table, and how far apart, in font sizes, its rows may be."""
_CAPTION = re.compile(r"(?:Figure|Fig\.|Table|Chart)\s+\d")
_NUMBERED = re.compile(r"\d+(?:\.\d+)*\.?\s+[A-Z]")
_LEADING = 1.45
_UNFINISHED = re.compile(r"(?:,|\b(?:and|or|of|the|to|for|in|from|with|by|on|at|a|an))$")
_PROSE_WORDS = 5
"""Words that every cell of a row holds when it is a justified line of text and no row."""
_PROSE = 38
"""Characters a cell, on average, from which two columns are running text and no table."""


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
    rows = rows_of(lines)
    parts: list[Table | Line] = []
    made_of: dict[Table, set[Line]] = {}
    position = 0
    while position < len(rows):
        end = _end_of_table(rows, position)
        columns = _columns(rows[position:end]) if end - position >= 2 else []
        above = header_above(rows[:position], rows[position], columns)
        table = _table([*above, *rows[position:end]], columns)
        end = max(end, position + 1)
        if table is not None:
            pulled = {line for row in above for line in row.lines}
            while parts and _lines_in(parts[-1], made_of) <= pulled:
                parts.pop()
            parts.append(table)
            made_of[table] = {line for row in rows[position:end] for line in row.lines}
        else:
            parts.extend(_in_reading_order(rows[position:end]))
        position = end
    return parts


def _lines_in(part: Table | Line, made_of: dict[Table, set[Line]]) -> set[Line]:
    """The lines of a table that was made before, or the line itself."""
    return {part} if isinstance(part, Line) else made_of[part]


def may_hold_table(lines: Sequence[Line]) -> bool:
    """Whether looking for ruled lines is worth it."""
    return sum(len(row.cells) > 1 for row in rows_of(lines)) >= 2


def _end_of_table(rows: Sequence[Row], start: int) -> int:
    """The end of the run of rows with several cells; labels between them, short of the last column, are part of it."""
    if len(rows[start].cells) < 2:
        return start
    end = start + 1
    reach = rows[start].cells[-1].x0
    for position in range(start + 1, len(rows)):
        before, row = rows[position - 1], rows[position]
        near = 0.3 * row.size < before.y - row.y < _FAR * max(row.size, before.size)
        if not near or _ends_table(row, rows[start].size, rows[position + 1].size if position + 1 < len(rows) else 0):
            break
        if len(row.cells) > 1:
            end = position + 1
            reach = min(reach, row.cells[-1].x0)
        elif position - end >= _LABELS or row.cells[0].x1 > reach:
            break
    return end


def _ends_table(row: Row, first_size: float, next_size: float) -> bool:
    """Running text stretched to the margins, a caption, or a heading: numbered, or in larger type than around it."""
    if len(row.cells) == 1:
        line = row.lines[0]
        heading = line.bold and bool(_NUMBERED.match(line.text))
        return heading or bool(_CAPTION.match(line.text)) or row.size > 1.1 * max(first_size, next_size)
    return min(len(cell.text.split()) for cell in row.cells) >= _PROSE_WORDS


def _table(rows: Sequence[Row], columns: Columns) -> Table | None:
    if len(columns) < 2:
        return None
    rows, placed = _with_whole_labels(rows, [_placed(row, columns) for row in rows])
    grid, header = with_header(rows, placed, columns)
    if not _is_table(grid):
        return None
    return Table(tuple(tuple(cells) for cells in grid), header, rows[0].lines[0].page)


def _with_whole_labels(rows: Sequence[Row], grid: Sequence[list[str]]) -> tuple[list[Row], list[list[str]]]:
    """The rows, a label that runs over two lines put together again: the first stands alone, the second goes on."""
    kept: list[tuple[Row, list[str]]] = []
    for row, cells in zip(rows, grid, strict=True):
        if kept and cells[0] and _goes_on(*kept[-1], row, cells[0]):
            kept[-1] = (row, [f"{kept[-1][1][0]} {cells[0]}", *cells[1:]])
        else:
            kept.append((row, cells))
    return [row for row, _ in kept], [cells for _, cells in kept]


def _goes_on(above: Row, cells: Sequence[str], row: Row, label: str) -> bool:
    """Whether a label goes on with the one above it, close by and beginning at its left edge or further in."""
    near = 0.3 * row.size < above.y - row.y < _LEADING * row.size
    unfinished = label[0].islower() or bool(_UNFINISHED.search(cells[0]))
    return near and unfinished and bool(cells[0]) and not any(cells[1:]) and row.cells[0].x0 >= above.cells[0].x0 - 1


def _columns(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Left and right edges of the columns: what the rows with many cells cover, merged where it overlaps.

    A cell that lies across several columns, such as "(in millions)" over two, merges them only where more rows have one
    than have the columns apart.
    """
    most = max(len(row.cells) for row in rows)
    full = [row for row in rows if len(row.cells) >= max(2, 0.6 * most)]
    apart = _covered(cell for row in full if len(row.cells) == most for cell in row.cells)
    rest = [cell for row in full if len(row.cells) < most for cell in row.cells]
    wide = [cell for cell in rest if len(_touched(cell, apart)) > 1]
    if 2 * len(wide) >= len(full):
        return _covered(cell for row in full for cell in row.cells)
    kept = {id(cell) for cell in wide}
    return _covered(cell for row in full for cell in row.cells if id(cell) not in kept)


def _covered(cells: Iterable[Cell]) -> list[tuple[float, float]]:
    columns: list[tuple[float, float]] = []
    for cell in sorted(cells, key=lambda cell: cell.x0):
        if columns and cell.x0 < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], cell.x1))
        else:
            columns.append((cell.x0, cell.x1))
    return columns


def _touched(cell: Cell, columns: Columns) -> list[int]:
    return [i for i, (left, right) in enumerate(columns) if cell.x0 < right and cell.x1 > left]


def _placed(row: Row, columns: Columns) -> list[str]:
    """The row's cells in their columns; one that spans several columns, and is no number, stands in each of them."""
    placed = [""] * len(columns)
    if len(row.cells) == 1 and _is_centred(row.cells[0], columns):
        return [row.cells[0].text, *placed[1:]]
    for cell in row.cells:
        over = _touched(cell, columns)
        if not over:
            over = [min(range(len(columns)), key=lambda i: abs(sum(columns[i]) - cell.x0 - cell.x1))]
        spans = over if len(over) > 1 and over[0] > 0 and not is_number(cell.text) else over[:1]
        for column in spans:
            placed[column] = f"{placed[column]} {cell.text}".strip()
    return placed


def _is_centred(cell: Cell, columns: Columns) -> bool:
    """Whether words alone in a row stand in the middle of the table: a label for the rows below."""
    left, right = columns[0][0], columns[-1][1]
    return not is_number(cell.text) and abs(cell.x0 + cell.x1 - left - right) < 0.08 * (right - left)


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
