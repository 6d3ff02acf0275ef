from __future__ import annotations

import pytest

from core.answers import Draft
from core.deadline import Deadline
from indexes.embedders.hashing import HashingEmbedder
from service.answering.cite import cite
from service.answering.models.extractive import Extractive
from service.answering.prompt import write_prompt
from tests.service.answering.hits import hit, passages

NEVER = Deadline.never()

TRAVEL = """Travel policy

Employees may book first class only on journeys longer than eight hours. The meal allowance is 45 EUR a day in Germany
and 60 EUR in Switzerland. Receipts are handed in within 30 days of the journey. Claims are approved by Maria Keller.
Dogs are not allowed in company cars.

The following costs are not reimbursed:
- alcohol
- parking fines
- minibar

For more information on parking fines see the intranet."""
SALES = "Segment\tSales 2022\tSales 2023\nNespresso\t3100\t3128\nPetCare\t9000\t9373"
SHOWN = passages(hit(TRAVEL, "travel.md", title="Travel policy"), hit(SALES, "sales.xlsx", title="Sales by segment"))
pytestmark = pytest.mark.model


@pytest.fixture
def ask(extractive):
    def asked(question: str, shown=SHOWN) -> Draft:
        draft: Draft = extractive.generate(write_prompt(question, shown), until=NEVER)
        assert cite(draft.quotes, shown)[1] == 0
        return draft

    return asked


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How much is the meal allowance in Germany?", "45 EUR"),
        ("Within how many days must receipts be handed in?", "30 days"),
        ("Who approves claims?", "Maria Keller"),
        ("What were the sales of PetCare in 2023?", "PetCare: 9373 (Sales 2023)"),
        ("Are dogs allowed in company cars?", "No. Dogs"),
        ("On which journeys may I book first class?", "longer than eight hours"),
    ],
)
def test_the_shortest_stretch_that_answers_is_quoted(ask, question, words):
    draft = ask(question)
    assert words in draft.text
    assert len(draft.quotes) == 1


@pytest.mark.parametrize(
    "question",
    [
        "What were the sales of PetCare in 2021?",
        "What were the sales of Purina in 2023?",
        "How much is the meal allowance in Norway?",
        "What is the phone number of Maria Keller?",
        "Who audits the pension fund?",
        "When was Maria Keller born?",
        "By how much does the allowance in Switzerland exceed the one in Germany?",
    ],
)
def test_what_only_sounds_as_if_it_were_answered_is_refused(ask, question):
    assert ask(question).abstained


def test_a_list_is_quoted_with_the_line_that_introduces_it(ask):
    draft = ask("Which costs are not reimbursed?")
    assert draft.text == "The following costs are not reimbursed: alcohol; parking fines; minibar"
    assert len(draft.quotes) == 4


def test_without_passages_it_abstains(ask):
    draft = ask("How much is the meal allowance in Germany?", ())
    assert (draft.abstained, draft.quotes) == (True, ())


def test_words_are_counted_as_usage(ask):
    draft = ask("Who approves claims?")
    assert draft.usage.input_tokens == 3 + len(TRAVEL.split()) + len(SALES.split())
    assert draft.usage.output_tokens == len(draft.text.split())


def test_the_same_prompt_gives_the_same_answer(ask):
    assert ask("Who approves claims?") == ask("Who approves claims?")


@pytest.mark.parametrize("text", ["", "\t\t\n|||\n", "?", "# \n```\n```", "1.\n2)\n- ", "\x00\ud800"])
def test_odd_passages_are_no_trouble(text):
    model = Extractive(HashingEmbedder())
    assert model.generate(write_prompt("Who approves claims?", passages(hit(text))), until=NEVER).abstained


@pytest.mark.parametrize("question", ["", "?", "the of and", "\ud800", "42", "How many?", "🎉🎉"])
def test_odd_questions_are_no_trouble(question):
    Extractive(HashingEmbedder()).generate(write_prompt(question, SHOWN), until=NEVER)
