"""Workbooks through calamine: a sheet is a page, a block of filled rows a table."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from core.documents import Parsed
from core.errors import ParseError
from core.panics import PanicsAs
from ingest.parsers.builder import TextBuilder, said_of, stem
from ingest.parsers.cells import cell_text
from ingest.parsers.containers import OLE_MAGIC
from ingest.parsers.loss import lost, words
from ingest.parsers.properties import properties_of
from ingest.parsers.protocol import hidden
from ingest.parsers.sheets.formats import shown
from ingest.parsers.sheets.grid import NOTHING, Cell, Row, add_sheet, with_merged
from ingest.parsers.sheets.xls import old_sheets_of
from ingest.parsers.sheets.xlsx import Remark, Sheet, Worksheet, column_name, sheets_of, texts_of
from ingest.parsers.sheets.xml2003 import worksheets

_DAMAGED = (
    LookupError, SyntaxError, ValueError, OSError, zipfile.BadZipFile, zlib.error, struct.error, EOFError,
)  # fmt: skip
_LEFT_OUT = "left out; ingest.hidden = true reads what is hidden"


@PanicsAs(lambda said: ParseError("corrupt", "The workbook is damaged and cannot be read."))
def parse_workbook(content: bytes, *, name: str) -> Parsed:
    """XLSX, XLSM, XLSB, XLS and ODS. What is hidden is left out and named in a note, unless it is asked for.

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
    sheets = _worksheets(workbook, _said(content, len(workbook.sheet_names)))
    author, created, modified = properties_of(content)
    parsed = _parsed(sheets, name)
    if not any(_LEFT_OUT in note for note in parsed.notes):
        parsed = replace(parsed, notes=(*parsed.notes, *lost(_words(content), parsed, "the workbook")))
    return replace(parsed, author=author, created=created, modified=modified)


def parse_xml_workbook(content: bytes, *, name: str) -> Parsed:
    """XML Spreadsheet 2003.

    Raises:
        ParseError: "corrupt", or "no_text" when no sheet has a filled cell.
        SyntaxError: lxml's, for what is not well-formed.
    """
    return _parsed(worksheets(content), name)


def _parsed(sheets: Iterable[Worksheet], name: str) -> Parsed:
    """The document that the sheets make."""
    builder = TextBuilder()
    notes: list[str] = []
    number = 0
    for number, sheet in enumerate(sheets, start=1):
        if sheet.damaged:
            notes.append(f"sheet {number} ({sheet.name}) is damaged")
        elif not sheet.visible and not hidden.get():
            notes.append(f"sheet {number} ({sheet.name}) is hidden and was {_LEFT_OUT}")
        else:
            rows, left_out = _rows(sheet)
            _add(builder, sheet.name, rows, sheet.said, number)
            blank = not any(map(any, rows)) and not left_out
            notes += [f"sheet {number} ({sheet.name}): {note}" for note in left_out]
            notes += [f"sheet {number} ({sheet.name}) has no filled cell"] * blank
    if builder.empty and any(note.endswith("damaged") for note in notes):
        raise ParseError("corrupt", "The workbook is damaged: no sheet of it can be read.")
    return builder.build(title=stem(name), page_count=number, notes=tuple(notes))


def _said(content: bytes, count: int) -> list[Sheet]:
    """What the file says of its sheets besides their values; nothing of those that it does not tell of."""
    try:
        found = old_sheets_of(content) if content.startswith(OLE_MAGIC) else sheets_of(content)
    except _DAMAGED:
        found = []
    return [*found, *[Sheet()] * (count - len(found))][:count]


def _words(content: bytes) -> Counter[str]:
    try:
        return words(texts_of(content))
    except _DAMAGED:
        return Counter()


def _worksheets(workbook: Any, said: Sequence[Sheet]) -> Iterator[Worksheet]:  # noqa: ANN401 -- of calamine
    """The sheets of calamine's workbook; a chart sheet has no cells."""
    import python_calamine as calamine

    for index, (about, known) in enumerate(zip(workbook.sheets_metadata, said, strict=True)):
        visible = about.visible == calamine.SheetVisibleEnum.Visible
        found = Worksheet(name=about.name, visible=visible, said=known)
        try:
            sheet = workbook.get_sheet_by_index(index)
            left = [""] * (sheet.start or (0, 0))[1]
            found.values = [[*left, *row] for row in sheet.iter_rows()]
            found.spans = sheet.merged_cell_ranges or []
        except calamine.WorksheetNotFound:
            pass
        except (calamine.CalamineError, calamine.XmlError):
            found.damaged = True
        yield found


def _rows(sheet: Worksheet) -> tuple[list[Row], list[str]]:
    """The rows of a sheet that are read, and notes on what is not."""
    said = sheet.said
    rows = [
        [_cell(value, said.formats.get((number, column), "")) for column, value in enumerate(row)]
        for number, row in enumerate(sheet.values)
    ]
    rows = with_merged(rows, sheet.spans)
    notes = _unvalued(said)
    if not hidden.get():
        notes += _hidden(rows, said)
        rows = _shown(rows, said)
    return rows, notes


def _cell(value: object, code: str) -> Cell:
    if value == "":
        return NOTHING
    stored = " ".join(cell_text(value).split())
    return Cell(" ".join(shown(value, code).split()) if code else stored, stored)


def _shown(rows: Sequence[Row], said: Sheet) -> list[Row]:
    """The rows and columns that the sheet shows, as if the others were not there."""
    return [
        [cell for column, cell in enumerate(row) if column not in said.hidden_columns]
        for number, row in enumerate(rows)
        if number not in said.hidden_rows
    ]


def _hidden(rows: Sequence[Row], said: Sheet) -> list[str]:
    """Notes on the rows and columns that hold something and are not shown."""
    filled = [number + 1 for number, row in enumerate(rows) if number in said.hidden_rows and any(row)]
    columns = [
        column_name(column)
        for column in sorted(said.hidden_columns)
        if any(column < len(row) and row[column] for row in rows)
    ]
    notes = list(said_of("row", filled, f"is hidden and was {_LEFT_OUT}", f"are hidden and were {_LEFT_OUT}"))
    if columns:
        named, verb = ", ".join(columns), "is hidden and was" if len(columns) == 1 else "are hidden and were"
        notes.append(f"column{'s' if len(columns) > 1 else ''} {named} {verb} {_LEFT_OUT}")
    return notes


def _unvalued(said: Sheet) -> list[str]:
    count = len(said.unvalued)
    if not count:
        return []
    several = f"{count} formulas have no stored value and are blank"
    return [f"{'1 formula has no stored value and is blank' if count == 1 else several}; "
            "open and save the workbook in a spreadsheet program to have them computed"]  # fmt: skip


def _add(builder: TextBuilder, name: str, rows: list[Row], said: Sheet, number: int) -> None:
    """Append a sheet under its name: its tables, text boxes, and the notes on its cells."""
    remarks = [remark for remark in said.remarks if hidden.get() or not _is_hidden(remark, said)]
    if not any(map(any, rows)) and not remarks and not said.boxes:
        return
    pages = ((0, number),)
    builder.add("heading", name, level=1, pages=pages)
    add_sheet(builder, rows, number)
    for box in said.boxes:
        builder.add("paragraph", box, pages=pages)
    for remark in remarks:
        by = f" by {remark.author}" if remark.author else ""
        where = f"{column_name(remark.column)}{remark.row + 1}"
        builder.add("paragraph", f"Note on cell {where}{by}: {remark.text}", pages=pages)


def _is_hidden(remark: Remark, said: Sheet) -> bool:
    return remark.row in said.hidden_rows or remark.column in said.hidden_columns
