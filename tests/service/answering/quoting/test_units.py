from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.answering.quoting.units import Unit, cut, is_figure
from tests.service.answering.hits import hit, passages


def units(text: str, **fields) -> list[Unit]:
    return cut(passages(hit(text, **fields))[0])


def plain(text: str, **fields) -> list[str]:
    return [unit.plain for unit in units(text, **fields)]


def test_sentences_are_cut_but_not_at_abbreviations_or_decimals():
    text = "Mr. Crome paid 1.5 million on 3 Jan. 2026. He was pleased! Dr. Quist was not."
    assert plain(text) == ["Mr. Crome paid 1.5 million on 3 Jan. 2026.", "He was pleased!", "Dr. Quist was not."]


def test_lines_wrapped_by_a_page_are_one_sentence():
    text = "The notice period for every contract that this policy covers is\nthree months to the end of a quarter."
    assert len(plain(text)) == 1


def test_lines_of_a_form_stand_alone():
    assert plain("Subtotal: 745.00\nTax: 10.2 %\nTotal: 821.14") == ["Subtotal: 745.00", "Tax: 10.2 %", "Total: 821.14"]


def test_rows_know_their_columns_from_the_first_row_or_the_header_given():
    inside = units("City\tRate 2025\tRate 2026\nBerlin\t12\t14")
    given = units("Berlin\t12\t14", header="City\tRate 2025\tRate 2026")
    assert inside[-1].header == given[-1].header == ("City", "Rate 2025", "Rate 2026")
    assert given[0].cells == ("Berlin", "12", "14")


def test_the_rule_below_a_header_in_markdown_is_no_part_of_a_name():
    (row,) = units("| Berlin | 12 |", header="| City | Rate |\n| --- | ---: |")
    assert row.header == ("City", "Rate")


def test_a_header_without_a_name_for_the_labels_is_aligned_to_the_right():
    row = units("\tSkarn 40\tSkarn 65\nOil, litres\t0.4\t0.9")[-1]
    assert dict(zip(row.header, row.cells, strict=True)) == {"": "Oil, litres", "Skarn 40": "0.4", "Skarn 65": "0.9"}


def test_two_header_rows_name_a_column_together():
    text = "In millions\t2023\t\t2022\t\n\tSales\tProfit\tSales\tProfit\nZone EUR\t9467\t1570\t9283\t1606"
    assert units(text)[-1].header == ("", "2023 Sales", "2023 Profit", "2022 Sales", "2022 Profit")


def test_a_name_that_stands_in_both_header_rows_is_said_once():
    text = "Port\tSize\tRate\tRate\nPort\tSize\tFixed\tSpot\nGenoa\t20 ft\t1140\t1390"
    assert units(text)[-1].header == ("Port", "Size", "Rate Fixed", "Rate Spot")


@pytest.mark.parametrize("cell", ["8% (0.075)", "€ 18 [1]", "1.2M (1234567)", "-€ 4,000.50", "30 days"])
def test_a_figure_may_have_its_exact_value_or_the_mark_of_a_note_beside_it(cell: str):
    assert is_figure(cell)


def test_a_second_table_has_its_own_header():
    found = units("City\tRate\nBerlin\t12\n\nRoom\tSeats\nOak\t8")
    assert [unit.header for unit in found if unit.kind == "row"] == [("City", "Rate"), ("Room", "Seats")]


def test_a_table_of_words_has_one_header_row():
    found = units("Lamp\tMeaning\nRed\tNo connection\nGreen\tRunning")
    assert [unit.header for unit in found if unit.kind == "row"] == [("Lamp", "Meaning")] * 2


def test_markdown_tables_are_rows_and_their_rules_are_nothing():
    found = units("| City | Rate |\n| --- | --- |\n| Berlin | 12 |")
    assert [(unit.kind, unit.cells) for unit in found] == [("label", ("City", "Rate")), ("row", ("Berlin", "12"))]


def test_the_row_above_a_rule_names_the_columns_though_it_holds_figures():
    found = units("| Type | F32 TFLOPS | Memory in GB | \n| --- | --- | --- | \n| large | 2 | 16 |")
    assert found[-1].header == ("Type", "F32 TFLOPS", "Memory in GB")


def test_a_line_or_a_single_cell_between_rows_names_those_below_it_and_begins_no_table():
    barred = units(
        "| a.large | 64 | 16 |\n| b – Burstable |\n| b.large | 32 | 8 |", header="| Class | MySQL | Oracle |"
    )
    assert barred[-1].header == ("Class", "MySQL", "Oracle")
    assert barred[-1].context == "b – Burstable Class MySQL Oracle"
    tabbed = units("\tGross\tNet\nDecember 31, 2019\nSales\t12\t10\nFees\t3\t2\nRent\t5\t4\nTax\t6\t5")
    assert [row.header for row in tabbed[2:]] == [("", "Gross", "Net")] * 4
    assert all("December 31, 2019" in row.context for row in tabbed[2:])


def test_header_rows_of_different_widths_name_the_columns_they_stand_above():
    text = "\t\tYear End\n\t2019\t2018\n\t\t(in millions)\nAssets:\nTotal assets\t19,694\t20,386"
    assert units(text)[-1].header == ("", "Year End 2019", "Year End 2018 (in millions)")
    begins = units("Year 2019\t\tYear 2018\n\tSales\tShare\tSales\tShare\nEMEA\t315\t22\t277\t23")
    assert begins[-1].header == ("", "Year 2019 Sales", "Year 2019 Share", "Year 2018 Sales", "Year 2018 Share")


def test_items_remember_the_line_that_introduces_them():
    found = units("The following are not repaid:\n- parking fines\n- the minibar")
    assert [unit.kind for unit in found] == ["sentence", "item", "item"]
    assert [unit.introduced_by for unit in found] == [None, 0, 0]
    assert found[2].context == "The following are not repaid:"


def test_a_line_that_repeats_a_heading_is_a_heading():
    assert units("Hotel costs\nThe limit is 135 pounds.", headings=("Travel", "Hotel costs"))[0].kind == "heading"


def test_markup_is_read_over_but_kept_in_the_text():
    unit = units("See the **limit** of [four](a.md#b) `GB`\\.")[0]
    assert (unit.plain, unit.text) == ("See the limit of four GB.", "See the **limit** of [four](a.md#b) `GB`\\.")


@given(st.text(alphabet="ab1 .:-|\t\n#`*", max_size=120))
def test_units_are_stretches_of_the_text_in_order_and_apart(text: str):
    found = units(text)
    assert all(text[unit.start : unit.end] == unit.text for unit in found)
    assert all(before.end <= after.start for before, after in pairwise(found))
