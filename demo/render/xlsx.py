"""Source to workbook: every level-1 heading begins a sheet, tables below it become rows."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from typing import Any

from demo.render.archive import with_fixed_dates
from demo.render.blocks import Heading, Inline, Paragraph, Source, Table, plain

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d$")


def render_xlsx(source: Source) -> bytes:
    """The file's bytes. Cells that read as a number or an ISO date are stored as such."""
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    workbook.properties.title = source.title
    workbook.properties.creator = "Tarnbeck Fluid Systems Ltd"
    sheet: Any = None
    for block in source.blocks:
        match block:
            case Heading(level=1):
                sheet = workbook.create_sheet(plain(block.text))
            case Heading() | Paragraph():
                sheet.append([plain(block.text)])
                _embolden(sheet, sheet.max_row, wanted=isinstance(block, Heading))
            case Table():
                _table(sheet, block)
            case _:
                raise ValueError(f"a workbook cannot hold {block}")
    out = BytesIO()
    workbook.save(out)
    return with_fixed_dates(out.getvalue())


def cell_value(text: Inline) -> str | int | float | date | None:
    """What a cell holds: a number, a date, a text, or nothing."""
    words = plain(text).strip()
    if _NUMBER.match(words):
        return float(words) if "." in words else int(words)
    if _DATE.match(words):
        return date.fromisoformat(words)
    return words or None


def _table(sheet: Any, block: Table) -> None:  # noqa: ANN401 (openpyxl gives no types)
    from openpyxl.styles import Font, PatternFill

    first = sheet.max_row + 1 if sheet.max_row > 1 or sheet["A1"].value else 1
    for row in block.rows:
        sheet.append([cell_value(cell) for cell in row])
    for cell in sheet[first]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="1B3A4B")
    for column in sheet.iter_cols(min_row=first):
        widest = max(len(str(cell.value or "")) for cell in column)
        sheet.column_dimensions[column[0].column_letter].width = min(max(10, widest + 2), 60)


def _embolden(sheet: Any, row: int, *, wanted: bool) -> None:  # noqa: ANN401
    from openpyxl.styles import Font

    if wanted:
        sheet.cell(row, 1).font = Font(bold=True, size=13)
