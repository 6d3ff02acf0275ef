"""The cells of a sheet become headings, tables and paragraphs: connected blocks are parted, headers are found."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.parsers.builder import TextBuilder
from ingest.parsers.cells import header_rows, is_number

Span = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last cell of merged ones, each (row, column) from 0."""
_LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Cell:
    """What a sheet shows, and the value below, which says what is a number."""

    shown: str = ""
    stored: str = ""

    def __bool__(self) -> bool:
        return bool(self.shown)


Row = list[Cell]
NOTHING = Cell()


def add_sheet(builder: TextBuilder, rows: Sequence[Row], number: int) -> None:
    """Append the tables of a sheet with their titles and notes."""
    for block in _blocks(rows):
        for part in _parts(block):
            _add_block(builder, part, number)


def with_merged(rows: list[Row], spans: Iterable[Span]) -> list[Row]:
    """The rows with a merged label in each row that it covers.

    In one row it stands in each column too, where others stand beside it: a title over the whole table does not.
    """
    rows = [list(row) for row in rows]
    for (top, left), (bottom, right) in spans:
        if not top < len(rows) or not left < len(rows[top]) or not rows[top][left]:
            continue
        cell = rows[top][left]
        alone = not any(each for i, each in enumerate(rows[top]) if not left <= i <= right)
        for i in range(top, min(bottom + 1, len(rows))):
            row = rows[i]
            is_label = not any(row[:left])
            last = left if (alone and top == bottom) or is_label else right
            row.extend([NOTHING] * (min(last, right) + 1 - len(row)))
            for column in range(left, last + 1):
                row[column] = row[column] or cell
    return rows


def _blocks(rows: Iterable[Row]) -> Iterable[list[Row]]:
    """Runs of rows parted by blank ones; a run that has no header of its own goes on with the run before it."""
    held: list[Row] = []
    for filled, run in itertools.groupby(rows, key=any):
        if not filled:
            continue
        block = list(run)
        if held and _goes_on(held, block):
            held.extend(block)
            continue
        if held:
            yield held
        held = block
    if held:
        yield held


def _goes_on(held: list[Row], block: list[Row]) -> bool:
    """Whether rows after a blank line belong to the table before: it has columns, and they bring no header."""
    if sum(map(bool, held[-1])) < 2:
        return False
    first = block[0]
    return sum(map(bool, first)) >= 2 and not header_rows([_stored(first), _stored(first)])


def _parts(block: list[Row]) -> Iterable[list[Row]]:
    """The tables of a block that stand side by side, each cut at its own blank rows; titles above both come first."""
    top = next((i for i, row in enumerate(block) if sum(map(bool, row)) > 1), 0)
    gutter = _gutter(block[top:])
    if gutter is None:
        yield block
        return
    if top:
        yield block[:top]
    left = [row[:gutter] for row in block[top:]]
    right = [row[gutter:] for row in block[top:]]
    for side in (left, right):
        for inner in _blocks(side):
            yield from _parts(inner)


def _gutter(rows: list[Row]) -> int | None:
    """The first blank column between two tables; None where all columns are those of one."""
    width = max(map(len, rows), default=0)
    filled = [any(column < len(row) and row[column] for row in rows) for column in range(width)]
    for column in range(1, width):
        if filled[column] or not filled[column - 1] or not any(filled[column:]):
            continue
        if _is_apart([row[:column] for row in rows], [row[column:] for row in rows]):
            return column
    return None


def _is_apart(left: list[Row], right: list[Row]) -> bool:
    """Whether what stands right of a blank column is a table or a note of its own, and no further columns.

    It is when it begins in another row, or repeats the names of the columns, or has labels of its own.
    """
    left, right = _filled(left), _filled(right)
    first_left, first_right = _first(left), _first(right)
    if max(sum(map(bool, row)) for row in right) < 2:
        return first_right > first_left
    if max(sum(map(bool, row)) for row in left) < 2:
        return first_right != first_left
    heads = [_head(side) for side in (left, right)]
    if first_left != first_right or set(heads[0]) & set(heads[1]):
        return True
    labels = [row[0].stored for row in right if row[0]][1:]
    return len(labels) >= 1 and not any(map(is_number, labels)) and len(set(labels)) > len(labels) / 2


def _filled(rows: list[Row]) -> list[Row]:
    """The rows from their first filled column on."""
    width = max(map(len, rows), default=0)
    start = next(column for column in range(width) if any(column < len(row) and row[column] for row in rows))
    return [[*row[start:], *[NOTHING] * (width - len(row))] or [NOTHING] for row in rows]


def _first(rows: list[Row]) -> int:
    return next(i for i, row in enumerate(rows) if any(row))


def _head(rows: list[Row]) -> list[str]:
    """The first row of two cells at least."""
    row = next((row for row in rows if sum(map(bool, row)) > 1), [])
    return [cell.stored for cell in row if cell and not is_number(cell.stored)]


def _add_block(builder: TextBuilder, block: list[Row], sheet: int) -> None:
    """Rows with one cell before the table are its title, those after it are notes; the rest is the table."""
    single = [sum(map(bool, row)) == 1 for row in block]
    top = next((i for i, alone in enumerate(single) if not alone), len(block))
    end = next((i for i in range(len(block), top, -1) if not single[i - 1]), top)
    pages = ((0, sheet),)
    table = block[top:end]
    for row in block[:top]:
        text = next(filter(None, row)).shown
        if table and len(text) <= _LONGEST_TITLE:
            builder.add("heading", text, level=2, pages=pages)
        else:
            builder.add("paragraph", text, pages=pages)
    if table:
        columns = [i for i in range(max(map(len, table))) if any(i < len(row) and row[i] for row in table)]
        kept = [[row[i] if i < len(row) else NOTHING for i in columns] for row in table]
        header = _header_rows([_stored(row) for row in kept])
        builder.add_table([[cell.shown for cell in row] for row in kept], header_rows=header, page=sheet)
    for row in block[end:]:
        builder.add("paragraph", next(filter(None, row)).shown, pages=pages)


def _header_rows(table: list[list[str]]) -> int:
    """One header row, or two where a first one groups the columns of the second."""
    if len(table) >= 3 and header_rows(table[:2]) and header_rows(table[1:]) and _groups(table[0]):
        return 2
    return header_rows(table)


def _groups(row: list[str]) -> bool:
    """Whether names of columns stand for several of them: some are left blank, or repeated."""
    return "" in row or any(one == two for one, two in itertools.pairwise(row))


def _stored(row: Row) -> list[str]:
    return [cell.stored for cell in row]
