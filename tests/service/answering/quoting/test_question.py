from __future__ import annotations

import pytest

from service.answering.quoting.question import take_apart
from service.answering.quoting.words import stem, stems


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Who approves claims?", "who"),
        ("To whom do I report a loss?", "who"),
        ("When is the dividend paid?", "when"),
        ("By what date must I reply?", "when"),
        ("How many trucks were used?", "number"),
        ("What is the hotel limit in Berlin?", "number"),
        ("price of a Skarn 65?", "number"),
        ("Where is the assembly point?", "where"),
        ("Why was the price cut?", "why"),
        ("Can I bring my dog?", "boolean"),
        ("A journey of four hours, may I travel first class?", "boolean"),
        ("Which two gas fields export to Jordan?", "list"),
        ("I travelled in May 2025. What was the meal allowance then?", "number"),
        ("What is AutoGen?", "other"),
    ],
)
def test_the_kind_of_answer_is_read_from_the_question(question, asked):
    assert take_apart(question).asked == asked


def test_names_dates_and_numbers_are_exact_and_small_words_are_dropped():
    terms = {term.stem: term for term in take_apart("What were the sales of Nespresso in June 2023?").terms}
    assert {root for root, term in terms.items() if term.exact} == {"nespresso", "june", "2023"}
    assert "what" not in terms


def test_a_number_remembers_the_name_it_follows():
    terms = {term.stem: term for term in take_apart("How heavy is a Skarn 40?").terms}
    assert terms["40"].after == "skarn"


def test_a_comparison_of_two_figures_is_recognised():
    assert take_apart("By how much did the price rise?").difference
    assert not take_apart("How much is a ticket?").difference


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("deliveries", "delivered"),
        ("3,128", "3128"),
        ("10.20", "10.2"),
        ("Jan", "January"),
        ("ten", "10"),
        ("paid", "pay"),
    ],
)
def test_forms_of_one_word_are_equal(one, other):
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("2023", "2022"), ("June", "July"), ("1.5", "15")])
def test_different_facts_stay_different(one, other):
    assert stem(one) != stem(other)


def test_a_part_number_is_one_word():
    assert stems("SK-040-201 costs 12") == ("sk-040-201", "cost", "12")
