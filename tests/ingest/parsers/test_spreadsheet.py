from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time

import pytest
from openpyxl import Workbook

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.cells import cell_text, header_rows, is_number
from ingest.parsers.choose import parse
from ingest.parsers.spreadsheet import parse_workbook
from tests.ingest.parsers.workbook import old_workbook


def workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def elements(parsed: Parsed) -> list[tuple[str, str]]:
    return [(e.kind, parsed.text[e.start : e.end]) for e in parsed.elements]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3128.0, "3128"), (0.1 + 0.2, "0.3"), (12.5, "12.5"), (1e20, "1e+20"), (True, "TRUE"), (-7, "-7"),
        (datetime(2026, 3, 1), "2026-03-01"), (datetime(2026, 3, 1, 9, 30), "2026-03-01 09:30:00"),  # noqa: DTZ001
        (date(2026, 3, 1), "2026-03-01"), (time(9, 30), "09:30:00"), ("text", "text"),
        (123456789012345.0, "123456789012345"),
    ],
)  # fmt: skip
def test_a_value_is_written_as_people_write_it(value: object, text: str) -> None:
    assert cell_text(value) == text


@pytest.mark.parametrize("text", ["1", "-1,234.50", "(721)", "$ 63,355", "12 %", "3'000", "£1.2"])
def test_amounts_are_numbers(text: str) -> None:
    assert is_number(text)


def test_the_header_is_a_first_row_of_words_and_years() -> None:
    assert header_rows([["Item", "2025", "2026"], ["Pump", "1", "2"]]) == 1
    assert header_rows([["Pump", "1"], ["Valve", "2"]]) == 0
    assert header_rows([["Only", "row"]]) == 0


def test_a_sheet_is_a_page_with_its_name_as_heading_and_its_table() -> None:
    content = workbook(Prices=[["Item", "Price"], ["Pump", 3128.0]], Empty=[], Stock=[["Item", "Left"], ["Pump", 4]])
    parsed = parse_workbook(content, name="prices.xlsx")
    assert elements(parsed) == [
        ("heading", "Prices"), ("table", "Item\tPrice\nPump\t3128"), ("heading", "Stock"),
        ("table", "Item\tLeft\nPump\t4"),
    ]  # fmt: skip
    assert [page for _, page in parsed.pages] == [1, 3]
    assert (parsed.page_count, parsed.notes) == (3, ("sheet 2 (Empty) has no filled cell",))


def test_a_title_above_and_a_note_below_are_no_rows() -> None:
    rows: list[list[object]] = [
        ["Prices 2026"],
        [],
        [None, "Item", "Price"],
        [None, "Pump", 120],
        [],
        ["Prices exclude VAT."],
    ]
    assert elements(parse_workbook(workbook(S=rows), name="p.xlsx"))[1:] == [
        ("paragraph", "Prices 2026"), ("table", "Item\tPrice\nPump\t120"), ("paragraph", "Prices exclude VAT."),
    ]  # fmt: skip


def test_a_blank_row_inside_a_table_does_not_take_its_header_away() -> None:
    rows: list[list[object]] = [["Item", "Price"], ["Pump", 1], [], ["Valve", 2]]
    assert elements(parse_workbook(workbook(S=rows), name="p.xlsx"))[1] == ("table", "Item\tPrice\nPump\t1\nValve\t2")


def test_two_tables_on_a_sheet_are_two_elements() -> None:
    rows: list[list[object]] = [["Item", "Price"], ["Pump", 1], [], ["City", "Country"], ["Lund", "Sweden"]]
    kinds = [kind for kind, _ in elements(parse_workbook(workbook(S=rows), name="p.xlsx"))]
    assert kinds == ["heading", "table", "table"]


def test_a_workbook_without_cells_has_no_text() -> None:
    with pytest.raises(ParseError) as error:
        parse_workbook(workbook(S=[]), name="p.xlsx")
    assert error.value.reason == "no_text"


def test_formats_out_to_the_last_row_cost_nothing() -> None:
    book = Workbook()
    book.active.append(["Item", "Price"])
    book.active.append(["Pump", 1])
    book.active.cell(1_048_576, 16_384).number_format = "0.00"
    stream = io.BytesIO()
    book.save(stream)
    assert parse(stream.getvalue(), name="p.xlsx").text.endswith("Pump\t1")


def test_a_value_in_the_farthest_cell_is_refused_before_it_takes_the_memory() -> None:
    book = Workbook()
    book.active["A1"] = "first"
    book.active.cell(1_048_576, 16_384).value = "last"
    stream = io.BytesIO()
    book.save(stream)
    with pytest.raises(ParseError) as error:
        parse(stream.getvalue(), name="p.xlsx")
    assert error.value.reason == "too_large"


def test_a_workbook_of_the_1997_kind_is_read_alike() -> None:
    content = old_workbook({"Fleet": [["Van", "Miles"], ["North", 120.0], ["South", 88.5]], "Blank": []})
    parsed = parse(content, name="fleet")
    assert elements(parsed) == [("heading", "Fleet"), ("table", "Van\tMiles\nNorth\t120\nSouth\t88.5")]
    assert parsed.notes == ("sheet 2 (Blank) has no filled cell",)


def outcome(content: bytes) -> str:
    try:
        return "read" if parse(content, name="fleet.xls") else ""
    except ParseError as error:
        return error.reason


def test_a_workbook_of_the_1997_kind_that_is_cut_off_is_corrupt() -> None:
    content = old_workbook({"Fleet": [["Van", "Miles"], ["North", 120.0]]})
    outcomes = {outcome(content[:end]) for end in range(600, len(content), 35)}
    assert outcomes <= {"read", "corrupt", "unsupported"}
    assert "corrupt" in outcomes
