"""Numbers that are written as words."""

from __future__ import annotations

import pytest

from evaluation.scoring.number_words import spelled_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("between five and six people", [5, 6]),
        ("Five, six and twenty-one.", [5, 6, 21]),
        ("one hundred and five", [105]),
        ("two thousand and one", [2001]),
        ("twenty-one million", [21_000_000]),
        ("twelve hundred pumps", [1200]),
        ("nineteen ninety-nine", [1999]),
        ("in twenty twenty-four", [2024]),
        ("a hundred dollars", [100]),
        ("five point two", [5.2]),
        ("one of them, the one that leaks", []),
        ("the second of three", [3]),
        ("$3.2 million", []),
        ("four-person", [4]),
    ],
)
def test_a_number_is_what_its_words_say_together(text: str, numbers: list[float]) -> None:
    assert [float(value) for value, _, _ in spelled_numbers(text)] == numbers


def test_where_a_number_stands_is_told() -> None:
    text = "It takes Twenty-One days."
    ((_, start, end),) = spelled_numbers(text)
    assert text[start:end] == "Twenty-One"


def test_a_count_before_a_compound_with_a_number_is_not_read_as_a_year() -> None:
    assert [str(value) for value, *_ in spelled_numbers("twelve fifteen-minute breaks")] == ["12", "15"]
    assert [str(value) for value, *_ in spelled_numbers("twenty twenty-four")] == ["2024"]
