"""What a spreadsheet makes of our cells."""

from __future__ import annotations

import csv
import io

import pytest

from evaluation.cells import FORMULA, cell
from evaluation.report.sheets import _sheet


@pytest.mark.parametrize("begins", FORMULA)
def test_no_cell_begins_a_formula(begins: str) -> None:
    assert cell(f"{begins}1+1()").startswith("'")


@pytest.mark.parametrize("number", ["-5", "+3", "-1,234.50", "-12%", "7"])
def test_a_number_stays_a_number(number: str) -> None:
    assert cell(number) == number


def test_a_text_with_line_ends_of_all_kinds_stays_one_cell() -> None:
    rows = [{"question": "a\r=1+1", "answer": "b\r\n@SUM(1)\n-x()", "cost": -0.5}]
    read = list(csv.reader(io.StringIO(_sheet(["question", "answer", "cost"], rows), newline="")))
    assert read == [["question", "answer", "cost"], ["a\n=1+1", "b\n@SUM(1)\n-x()", "-0.5"]]
