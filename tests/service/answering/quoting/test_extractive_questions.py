"""How the built-in model reads a question, and what of a passage it takes to speak of it."""

from __future__ import annotations

import pytest

from indexes.embedders.hashing import HashingEmbedder
from service.answering.quoting.compose import whole, word
from service.answering.quoting.evidence import HARDLY, PARTLY, fits
from service.answering.quoting.match import rank
from service.answering.quoting.question import take_apart
from service.answering.quoting.units import Unit, cut, picked
from tests.service.answering.hits import hit, passages

CARDS = """2. What the card is for

Fuel and tolls

Meals with customers

Cash withdrawals are blocked."""


def units(text: str, title: str = "") -> list[Unit]:
    return cut(passages(hit(text, "a.md", title=title))[0])


def test_lines_below_a_heading_are_a_list_though_the_bullets_are_lost():
    found = units(CARDS, title="2. What the card is for")
    assert [unit.kind for unit in found] == ["heading", "item", "item", "sentence"]
    assert (found[0].lists, found[1].introduced_by) == (True, 0)


def test_a_single_line_below_a_heading_is_no_list():
    found = units("Minutes\n\nBoard room, 12 March 2026\n\nThe board met.", title="Minutes")
    assert [unit.kind for unit in found] == ["heading", "sentence", "sentence"]


def test_the_list_below_a_heading_answers_when_a_list_is_asked_for():
    shown = passages(hit(CARDS, "cards.md", title="2. What the card is for"))
    asking = take_apart("What kinds are the card for? List them.")
    answers = [word(asking, whole(asking, one)) for one in rank(asking, shown, HashingEmbedder())]
    assert "What the card is for: Fuel and tolls; Meals with customers" in answers


def test_a_sentence_that_points_back_is_read_with_the_one_before():
    found = units("The agreement begins on 1 April 2025. It ends on 31 March 2028. Prices are fixed.")
    assert [unit.context for unit in found] == ["", "The agreement begins on 1 April 2025.", ""]


def test_a_request_after_the_question_is_not_what_it_is_about():
    terms = {term.stem: term for term in take_apart("Who gets a card? List the groups IT names.").terms}
    assert (terms["card"].generic, terms["group"].generic, terms["it"].exact) == (False, True, False)


def test_what_leads_up_to_a_question_weighs_less():
    terms = {term.stem: term.weight for term in take_apart("A pump was ordered. How long is its warranty?").terms}
    assert terms["pump"] < terms["warrant"]


@pytest.mark.parametrize(
    ("question", "text", "fit"),
    [
        ("Until when does the lease run?", "The lease begins on 1 April 2025.", PARTLY),
        ("Until when does the lease run?", "The lease ends on 31 March 2028.", 1.0),
        ("Since when has the lease run?", "The lease ends on 31 March 2028.", PARTLY),
        ("Who chairs the board?", "The board agreed on the new chair.", HARDLY),
        ("Who chairs the board?", "The board is chaired by Maria Keller.", 1.0),
    ],
)
def test_an_end_is_not_a_beginning_and_a_person_has_a_name(question, text, fit):
    assert fits(take_apart(question), units(text)[0]) == fit


def test_a_price_is_known_by_the_currency_of_its_column():
    row = units("Model\tPrice (£)\tDate\nHalden 20\t1,480\t12")[-1]
    assert fits(take_apart("What does a Halden 20 cost?"), row) == 1.0


def test_of_two_columns_that_are_asked_for_the_one_with_a_figure_is_picked():
    row = units("Customer\tOrder\tOrder value\nMarl\t9 pumps and plates\t121")[-1]
    assert picked(take_apart("What was the order value of Marl?"), row) == ("Marl", "Order value", "121")


@pytest.mark.parametrize("text", ["This section explains how claims are approved.", "Name\tClaims\tApproved"])
def test_what_speaks_of_the_text_itself_or_heads_a_table_is_not_quoted(text):
    shown = passages(hit(f"{text}\n\nClaims are approved by Maria Keller.", "a.md"))
    best = rank(take_apart("How are claims approved?"), shown, HashingEmbedder())
    assert [candidate.unit.plain for candidate in best] == ["Claims are approved by Maria Keller."]


def test_a_row_that_lacks_what_another_row_says_is_doubted():
    table = "Part\tFits\tPrice\nRotor stainless\tHalden 20\t690\nRotor coated\tHalden 40\t990"
    shown = passages(hit(table, "parts.csv"))
    asking = take_apart("What is the price of a coated rotor for the Halden 20?")
    by_text = {one.unit.cells[0]: one.evidence for one in rank(asking, shown, HashingEmbedder())}
    assert by_text["Rotor stainless"].other_row > 0
    assert by_text["Rotor coated"].other_row > 0
