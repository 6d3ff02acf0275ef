"""Where a question asks how far two figures lie apart, both are looked for and the difference is worked out."""

from __future__ import annotations

import pytest

from core.deadline import Deadline
from service.answering.cite import cite
from service.answering.prompt import write_prompt
from service.answering.quoting.differences import sides
from service.answering.quoting.question import take_apart
from tests.service.answering.hits import hit, passages

OLD = "Model\tConnection\tPrice 2025\nHalden 20\tDN 20\t1410\nHalden 40\tDN 40\t2,850"
NEW = "Model\tConnection\tPrice 2026 (£)\tWeight (kg)\nHalden 20\tDN 20\t1,480\t31\nHalden 40\tDN 40\t2,960\t58"
SHOWN = passages(
    hit(OLD, "prices-2025.xlsx", title="Price list 2025"), hit(NEW, "prices-2026.xlsx", title="Price list 2026")
)


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("By how much did the price of the Halden 20 rise from 2025 to 2026?", "2025", "2026"),
        ("How much heavier is the Halden 40 than the Halden 20?", "40", "20"),
        ("How many more days of leave does Marl have than Oss?", "marl", "oss"),
        ("By how much did orders grow from Q2 to Q3 2026?", "q2", "q3"),
    ],
)
def test_each_side_keeps_only_its_own_of_two_opposed_words(question, one, other):
    asked = sides(take_apart(question))
    assert asked is not None
    first, second = (side.stems for side in asked)
    assert (one in first, other in first, one in second, other in second) == (True, False, False, True)


def test_its_means_what_stands_before_the_comparing_word():
    asked = sides(take_apart("By how much does the price of the Halden 20 exceed its unit cost in the stock count?"))
    assert asked is not None
    assert {"halden", "20"} <= asked[0].stems & asked[1].stems
    assert "stock" in asked[1].stems - asked[0].stems


@pytest.mark.parametrize(
    "question", ["What does the Halden 20 cost in 2026?", "By what percentage did the price rise from 2025 to 2026?"]
)
def test_a_question_for_one_figure_or_a_ratio_has_no_sides(question):
    assert sides(take_apart(question)) is None


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "text"),
    [
        (
            "By how much did the price of the Halden 20 rise from 2025 to 2026?",
            "70 (Halden 20: 1410 (Price 2025); Halden 20: 1,480 (Price 2026 (£)))",
        ),
        (
            "How much cheaper is the Halden 40 in the 2025 price list than in the 2026 price list?",
            "110 (Halden 40: 2,850 (Price 2025); Halden 40: 2,960 (Price 2026 (£)))",
        ),
    ],
)
def test_the_difference_is_told_with_both_cells_and_quotes_both_rows(extractive, question, text):
    draft = extractive.generate(write_prompt(question, SHOWN), until=Deadline.never())
    assert draft.text == text
    assert [quote.passage for quote in draft.quotes] == [1, 2]
    assert cite(draft.quotes, SHOWN)[1] == 0


@pytest.mark.model
@pytest.mark.parametrize(
    "question",
    [
        "By how much did the price of the Halden 20 rise from 2023 to 2026?",
        "By how much did the price of the Quarrick 20 rise from 2025 to 2026?",
    ],
)
def test_a_difference_of_which_one_figure_is_missing_is_refused(extractive, question):
    assert extractive.generate(write_prompt(question, SHOWN), until=Deadline.never()).abstained
