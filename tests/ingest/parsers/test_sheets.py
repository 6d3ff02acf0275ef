"""What a sheet shows besides bare values: formats, merged labels, hidden parts, neighbours, notes, formulas."""

from __future__ import annotations

import io
import struct
from datetime import date, datetime, time, timedelta

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.choose import media_type, parse
from ingest.parsers.protocol import hidden
from ingest.parsers.sheets.formats import shown
from tests.ingest.parsers.workbook import old_workbook


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def new_sheet(rows: list[list[object]]) -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    return book, sheet


def read(book: Workbook) -> Parsed:
    return parse(saved(book), name="book.xlsx")


def tables(parsed: Parsed) -> list[str]:
    return [parsed.text[e.start : e.end] for e in parsed.elements if e.kind == "table"]


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.12, "0.0%", "12.0%"), (0.075, "0%", "8% (0.075)"), (18400, "[$€-407] #,##0.00", "€ 18,400.00"),
        (30, '0" days"', "30 days"), (-1250.5, '#,##0.00 "kEUR";[Red](#,##0.00 "kEUR")', "(1,250.50 kEUR)"),
        (-3, "0.0;[Red]0.0", "-3.0"), (1234567, '0.0,,"M"', "1.2M (1234567)"), (1234000, "#,##0,", "1,234"),
        (0, '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-', "-"), (7, "00000", "00007"),
        (4915112345, "000-0000-000", "491-5112-345"), (18.5, "#,##0.00 [$zł-415]", "18.50 zł"),
        (1234.5, '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\)', "$1,234.50"), (3, "0.##", "3"), (0.5, ".00", ".50"),
        (12345.678, "0.00E+00", "1.23E+4 (12345.678)"), (1, '[=1]"Yes";[=0]"No"', "Yes (1)"), (0.25, "# ?/?", "0.25"),
        (1500, '[>=1000]0.0,"k";0', "1.5k"), (20, 'General" kg"', "20 kg"), ("7b", '"Nr. "@', "Nr. 7b"),
        (1041.66666666667, "#,##0.00", "1,041.67"), (42, "General", "42"), (True, "0", "TRUE"),
    ],
)  # fmt: skip
def test_a_number_reads_as_its_sheet_shows_it(value: object, code: str, text: str) -> None:
    assert shown(value, code) == text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (date(2026, 4, 1), "mmmm yyyy", "April 2026"), (date(2026, 4, 17), "mmmm yyyy", "April 2026 (2026-04-17)"),
        (date(2026, 4, 1), "mmm-yy", "Apr-26 (2026-04-01)"), (date(2026, 3, 1), "[$-407]d. mmmm yyyy", "1. März 2026"),
        (date(2026, 3, 1), "[$-40C]d mmmm yyyy", "1 mars 2026"), (date(2026, 3, 1), "dd/mm/yyyy", "2026-03-01"),
        (date(2026, 5, 1), "[$-fr-FR]mmmm yyyy", "mai 2026"),
        (date(2026, 5, 1), '[$-411]ggge"年"m"月"d"日"', "2026-05-01"),
        (date(2026, 3, 1), "d-mmm", "1-Mar (2026-03-01)"), (time(13, 15), "h:mm", "13:15"),
        (time(6, 15), "h:mm AM/PM", "6:15 AM"), (date(2026, 3, 1), "dddd, d mmmm yyyy", "Sunday, 1 March 2026"),
        (datetime(2026, 3, 1, 9, 5), "dd.mm.yyyy hh:mm", "2026-03-01 09:05"),  # noqa: DTZ001
        (datetime(2026, 3, 1, 9, 5), "h:mm", "9:05"), (timedelta(hours=30, minutes=5), "[h]:mm", "30:05"),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_a_date_or_time_reads_as_its_sheet_shows_it_unless_it_would_read_two_ways(
    value: object, code: str, text: str
) -> None:
    assert shown(value, code) == text


def test_the_formats_of_a_workbook_reach_its_cells() -> None:
    book, sheet = new_sheet([["Supplier", "Discount", "Order", "From"], ["Brandt", 0.075, 18400, date(2026, 4, 1)]])
    for cell, code in zip(sheet[2][1:], ("0.0%", '#,##0.00 "CHF"', "mmmm yyyy"), strict=True):
        cell.number_format = code
    assert tables(read(book)) == ["Supplier\tDiscount\tOrder\tFrom\nBrandt\t7.5%\t18,400.00 CHF\tApril 2026"]


def test_a_merged_label_stands_in_each_row_and_each_header_column_that_it_covers() -> None:
    rows: list[list[object]] = [
        ["Country", "Box", "Standard", None], [None, None, "Price", "Days"],
        ["Croatia", "small", 12, 2], [None, "large", 20, 4], ["closed", None, 5, 6],
    ]  # fmt: skip
    book, sheet = new_sheet(rows)
    for span in ("A1:A2", "B1:B2", "C1:D1", "A3:A4", "A5:B5"):
        sheet.merge_cells(span)
    parsed = read(book)
    assert tables(parsed)[0].split("\n") == [
        "Country\tBox\tStandard\tStandard", "Country\tBox\tPrice\tDays", "Croatia\tsmall\t12\t2",
        "Croatia\tlarge\t20\t4", "closed\t\t5\t6",
    ]  # fmt: skip
    assert [e.header_rows for e in parsed.elements if e.kind == "table"] == [2]


def test_a_title_merged_over_a_table_is_its_heading() -> None:
    book, sheet = new_sheet([["Prices of 2026", None, None], ["Item", "Price", "Unit"], ["Pump", 3, "each"]])
    sheet.merge_cells("A1:C1")
    assert read(book).text == "Sheet\n\nPrices of 2026\n\nItem\tPrice\tUnit\nPump\t3\teach"


def hidden_book() -> Workbook:
    book, sheet = new_sheet([["Service", "Price", "Cost"], ["Cleaning", 480, 310], ["Withdrawn", 900, 7]])
    sheet.column_dimensions["C"].hidden = True
    sheet.row_dimensions[3].hidden = True
    for name, state in (("Salaries", "hidden"), ("Codes", "veryHidden")):
        other = book.create_sheet(name)
        other.append([name, "61200"])
        other.sheet_state = state
    return book


def test_what_its_author_hid_is_left_out_and_named() -> None:
    parsed = read(hidden_book())
    assert parsed.text == "Sheet\n\nService\tPrice\nCleaning\t480"
    assert [note.split(" and ")[0] for note in parsed.notes] == [
        "sheet 1 (Sheet): row 3 is hidden", "sheet 1 (Sheet): column C is hidden", "sheet 2 (Salaries) is hidden",
        "sheet 3 (Codes) is hidden",
    ]  # fmt: skip
    assert all("ingest.hidden" in note for note in parsed.notes)


def test_what_its_author_hid_is_read_where_the_settings_ask_for_it() -> None:
    token = hidden.set(True)
    try:
        parsed = read(hidden_book())
    finally:
        hidden.reset(token)
    assert "Withdrawn\t900\t7" in parsed.text
    assert "61200" in parsed.text
    assert parsed.notes == ()


def test_three_tables_side_by_side_are_three_tables() -> None:
    head: list[object] = ["Name", "Post"]
    rows: list[list[object]] = [
        ["Hall A", None, None, "Hall B", None, None, "Hall C"],
        [*head, None, *head, None, *head],
        ["Costa", "lathe", None, "Berg", "saw", None, "Ito", "mill"],
        ["Huber", "press", None, None, None, None, "Roy", "drill"],
    ]
    book, _ = new_sheet(rows)
    parsed = read(book)
    assert tables(parsed) == [
        "Name\tPost\nCosta\tlathe\nHuber\tpress", "Name\tPost\nBerg\tsaw", "Name\tPost\nIto\tmill\nRoy\tdrill",
    ]  # fmt: skip
    headings = [parsed.text[e.start : e.end] for e in parsed.elements if e.kind == "heading"]
    assert headings == ["Sheet", "Hall A", "Hall B", "Hall C"]


def test_a_note_beside_a_table_is_no_column_of_it() -> None:
    book, _ = new_sheet([["Item", "Price"], ["Pump", 3, None, "Prices exclude VAT."], ["Valve", 4]])
    parsed = read(book)
    assert tables(parsed) == ["Item\tPrice\nPump\t3\nValve\t4"]
    assert parsed.text.endswith("Prices exclude VAT.")


def test_a_blank_column_within_a_table_parts_nothing() -> None:
    book, _ = new_sheet([["Item", "Code", None, "Jan", "Feb"], ["Pump", "P1", None, 3, 4], ["Valve", "V1", None, 5, 6]])
    assert tables(read(book)) == ["Item\tCode\tJan\tFeb\nPump\tP1\t3\t4\nValve\tV1\t5\t6"]


def test_a_note_on_a_cell_is_read_with_its_author_and_its_place() -> None:
    book, sheet = new_sheet([["Plant", "Output"], ["Wels", 410]])
    sheet["B2"].comment = Comment("H. Moser:\nWithout line 3.", "H. Moser")
    assert read(book).text.endswith("Note on cell B2 by H. Moser: Without line 3.")


def test_a_formula_that_nothing_computed_is_named() -> None:
    book, _ = new_sheet([["Item", "Sum"], ["Fleet", "=1+1"], ["Travel", "=2+2"]])
    assert read(book).notes[0].startswith("sheet 1 (Sheet): 2 formulas have no stored value")


def test_words_that_stand_where_no_parser_looks_are_named() -> None:
    book, sheet = new_sheet([["Year", "Output"], ["2025", 4], ["2026", 6]])
    chart = BarChart()
    chart.title = "Output of the plants in Wels, Linz and Graz"
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3))
    sheet.add_chart(chart, "D2")
    assert read(book).notes == ("8 of the 9 words of the workbook were not read, such as: of, the, plants, in, wels",)


def test_a_workbook_of_the_1997_kind_reads_as_it_is_shown() -> None:
    author, words = "Roy", "Without van 3."
    more = [
        (0x0208, struct.pack("<HHHHHHI", 2, 0, 4, 255, 0, 0, 0x20)),  # a hidden row
        (0x007D, struct.pack("<HHHHHH", 2, 2, 0, 0, 1, 0)),  # a hidden column
        (0x005D, struct.pack("<HHHH", 0x15, 18, 0x19, 7) + bytes(14)),
        (0x01B6, struct.pack("<HHIHHHI", 0, 0, 0, 0, len(words), 16, 0)[:18]),
        (0x003C, b"\x00" + words.encode()),
        (0x001C, struct.pack("<HHHHHB", 1, 1, 0, 7, len(author), 0) + author.encode() + b"\x00"),
    ]
    content = old_workbook(
        {"Fleet": [["Van", "Share", "Cost"], ["North", 0.125, 9.0], ["Sold", 0.5, 8.0], ["South", 120.0, 7.0]]},
        codes=("0.0%", '0" km"'),
        styles={(1, 1): 1, (3, 1): 2},
        more=more,
    )
    parsed = parse(content, name="fleet.xls")
    assert parsed.text == "Fleet\n\nVan\tShare\nNorth\t12.5%\nSouth\t120 km\n\nNote on cell B2 by Roy: Without van 3."
    assert [note.split(" and ")[0] for note in parsed.notes] == [
        "sheet 1 (Fleet): row 3 is hidden", "sheet 1 (Fleet): column C is hidden",
    ]  # fmt: skip


EXPORT = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:x="urn:schemas-microsoft-com:office:excel">
<Styles><Style ss:ID="p"><NumberFormat ss:Format="Percent"/></Style></Styles>
<Worksheet ss:Name="Items"><Table><Column/><Column ss:Hidden="1"/>
<Row><Cell ss:MergeDown="1"><Data ss:Type="String">Depot</Data></Cell><Cell><Data ss:Type="String">Cost</Data></Cell>
<Cell><Data ss:Type="String">Level</Data></Cell><Cell><Data ss:Type="String">Share</Data></Cell></Row>
<Row><Cell ss:Index="4"><Data ss:Type="String">of all</Data></Cell></Row>
<Row ss:Index="4"><Cell><Data ss:Type="String">Lille</Data></Cell><Cell ss:Index="4" ss:StyleID="p"><Data
 ss:Type="Number">0.125</Data><Comment ss:Author="Roy"><ss:Data>Estimate.</ss:Data></Comment></Cell></Row>
</Table></Worksheet>
<Worksheet ss:Name="Old"><Table><Row><Cell><Data ss:Type="String">secret</Data></Cell></Row></Table>
<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet></Workbook>"""


def test_an_xml_spreadsheet_of_2003_is_a_workbook() -> None:
    content = EXPORT.encode()
    assert media_type(content, "export.xls") == media_type(content, "export.xml") == "application/vnd.ms-excel+xml"
    parsed = parse(content, name="export.xls")
    assert parsed.text.split("\n") == [
        "Items", "", "Depot\tLevel\tShare", "Depot\t\tof all", "Lille\t\t12.50%", "",
        "Note on cell D4 by Roy: Estimate.",
    ]  # fmt: skip
    assert [note.split(" and ")[0] for note in parsed.notes] == [
        "sheet 1 (Items): column B is hidden",
        "sheet 2 (Old) is hidden",
    ]


def test_an_xml_spreadsheet_with_cells_too_far_apart_is_refused() -> None:
    rows = "".join(
        f'<Row ss:Index="{n}"><Cell ss:Index="1000000"><Data ss:Type="Number">1</Data></Cell></Row>'
        for n in range(1, 12)
    )
    with pytest.raises(ParseError):
        parse(EXPORT.replace("<Row>", rows + "<Row>", 1).encode(), name="export.xls")
