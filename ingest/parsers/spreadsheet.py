"""Workbooks through calamine: a sheet is a page, a block of filled rows a table."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from core.documents import Parsed
from core.errors import ParseError
from core.panics import PanicsAs
from ingest.parsers.builder import TextBuilder, stem
from ingest.parsers.cells import cell_text, header_rows
from ingest.parsers.properties import properties_of

Row = list[str]


@PanicsAs(lambda said: ParseError("corrupt", "The workbook is damaged and cannot be read."))
def parse_workbook(content: bytes, *, name: str) -> Parsed:
    """XLSX, XLSM, XLSB, XLS and ODS.

    Raises:
        ParseError: "encrypted", "corrupt", or "no_text" when no sheet has a filled cell.
    """
    import python_calamine as calamine

    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    except calamine.PasswordError as error:
        raise ParseError("encrypted", "The workbook is protected by a password. Save it without one.") from error
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError) as error:
        raise ParseError("corrupt", "The workbook is damaged and cannot be opened.") from error
    builder = TextBuilder()
    notes: list[str] = []
    sheets = workbook.sheet_names
    for number, sheet_name in enumerate(sheets, start=1):
        try:
            blocks = list(_blocks(_rows(workbook, number - 1)))
        except (calamine.CalamineError, calamine.XmlError):
            notes.append(f"sheet {number} ({sheet_name}) is damaged")
            continue
        if not blocks:
            notes.append(f"sheet {number} ({sheet_name}) has no filled cell")
            continue
        builder.add("heading", sheet_name, level=1, pages=((0, number),))
        for block in blocks:
            _add_block(builder, block, number)
    if builder.empty and any(note.endswith("damaged") for note in notes):
        raise ParseError("corrupt", "The workbook is damaged: no sheet of it can be read.")
    author, created, modified = properties_of(content)
    return builder.build(
        title=stem(name),
        author=author,
        created=created,
        modified=modified,
        page_count=len(sheets),
        notes=tuple(notes),
    )


def _rows(workbook: Any, index: int) -> Iterator[Row]:  # noqa: ANN401 -- an object of a library without types
    """The rows of a sheet as text; a chart sheet has none."""
    import python_calamine as calamine

    try:
        sheet = workbook.get_sheet_by_index(index)
    except calamine.WorksheetNotFound:
        return
    for row in sheet.iter_rows():
        yield [" ".join(cell_text(cell).split()) if cell != "" else "" for cell in row]


def _blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
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
    return sum(map(bool, first)) >= 2 and not header_rows([first, first])


def _add_block(builder: TextBuilder, block: list[Row], sheet: int) -> None:
    """Rows with one cell before the table are its title, those after it are notes; the rest is the table."""
    single = [sum(map(bool, row)) == 1 for row in block]
    top = next((i for i, alone in enumerate(single) if not alone), len(block))
    end = next((i for i in range(len(block), top, -1) if not single[i - 1]), top)
    pages = ((0, sheet),)
    table = block[top:end]
    for row in block[:top]:
        text = next(filter(None, row))
        if table and len(text) <= 120:
            builder.add("heading", text, level=2, pages=pages)
        else:
            builder.add("paragraph", text, pages=pages)
    if table:
        columns = [i for i in range(max(map(len, table))) if any(i < len(row) and row[i] for row in table)]
        kept = [[row[i] if i < len(row) else "" for i in columns] for row in table]
        builder.add_table(kept, header_rows=_header_rows(kept), page=sheet)
    for row in block[end:]:
        builder.add("paragraph", next(filter(None, row)), pages=pages)


def _header_rows(table: list[Row]) -> int:
    """One header row, or two where a first one groups the columns of the second."""
    if len(table) >= 3 and header_rows(table[:2]) and header_rows(table[1:]) and "" in table[0]:
        return 2
    return header_rows(table)
