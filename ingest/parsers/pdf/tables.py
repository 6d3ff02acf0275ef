"""Tables in a PDF: rows whose pieces stand below each other in columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.parsers.cells import header_rows, is_number
from ingest.parsers.pdf.grids import Table, grids_of, ruled_table
from ingest.parsers.pdf.lines import Line, Rules

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
    """The row's cells in their columns; one that spans several columns, and is no number, stands in each of them.

    Words alone in a row are said once, unless they head the columns that they stand over.
    """
    placed = [""] * len(columns)
    if len(row.cells) == 1 and _is_centred(row.cells[0], columns):
        return [row.cells[0].text, *placed[1:]]
    for cell in row.cells:
        over = _touched(cell, columns)
        if not over:
            over = [min(range(len(columns)), key=lambda i: abs(sum(columns[i]) - cell.x0 - cell.x1))]
        several = len(over) > 1 and over[0] > 0 and not is_number(cell.text)
        alone = len(row.cells) == 1 and not _heads(cell, columns[over[0]][0], columns[over[-1]][1], 2 * _OFF_MIDDLE)
        spans = over if several and not alone else over[:1]
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


# The header of a table in a PDF: what stands over its columns, on one line or several, over one column or more.


Columns = Sequence[tuple[float, float]]
"""Left and right edge of each column."""

_HEADER_LINES, _HEADER_HEIGHT, _MAX_HEADER_CELL_LENGTH = 16, 8, 48
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
        if not over or any(len(cell.text) > _MAX_HEADER_CELL_LENGTH for cell in row.cells):
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


def _heads(cell: Cell, left: float, right: float, off: float = _OFF_MIDDLE) -> bool:
    """Whether a cell stands in the middle of a stretch, or ends where it ends."""
    off_middle = abs(cell.x0 + cell.x1 - left - right) / 2
    return off_middle <= off * (right - left) or (abs(cell.x1 - right) <= _EDGE and cell.x0 >= left - _EDGE)


# Rows of a PDF page: cells at one height, the pieces a table is made of.


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
