"""What the built-in model quotes for each kind of question, and that it never quotes what does not stand there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.answers import Quote
from indexes.embedders.hashing import HashingEmbedder
from service.answering.cite import cite
from service.answering.quoting.compose import whole, word
from service.answering.quoting.match import rank
from service.answering.quoting.question import take_apart
from service.answering.quoting.units import cut, told
from service.answering.quoting.words import vocabulary
from tests.service.answering.hits import hit, passages

PRICES = "Model\tPrice 2026 (£)\tWeight (kg)\nHalden 20\t1,480\t31\nHalden 40\t2,960\t58"
STOCK = "Reference\tPosition\tSite\tGrade\nV-11\tCasting engineer\tMarl\t8\nV-12\tBuyer\tOss\t5"
GUIDE = """Halden guide

The Halden 20 was approved on 2026-08-24. The driver pays all speeding fines himself. Salaries are paid on the 25th of
each month. The assembly point is the car park beside the beech hedge. Dogs are not allowed in the workshop.

Bring to the first day:
- a passport
- bank details
- safety shoes"""
SHOWN = passages(
    hit(PRICES, "prices.xlsx", title="Prices"), hit(STOCK, "jobs.xlsx", title="Vacancies"), hit(GUIDE, "guide.md")
)


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the price of a Halden 40 in 2026?", "Halden 40: 2,960 (Price 2026 (£))"),
        ("What is the weight of the Halden 20?", "Halden 20: 31 (Weight (kg))"),
        ("How heavy is the Halden 20?", "Model: Halden 20; Price 2026 (£): 1,480; Weight (kg): 31"),
        ("When in August was the Halden 20 approved?", "The Halden 20 was approved on 2026-08-24."),
        ("On which day of the month are wages paid?", "Salaries are paid on the 25th of each month."),
        ("Where is the assembly point?", "The assembly point is the car park beside the beech hedge."),
        ("Who pays speeding fines?", "The driver pays all speeding fines himself."),
        ("Are dogs allowed in the workshop?", "No. Dogs are not allowed in the workshop."),
        ("What do I bring to the first day?", "Bring to the first day: a passport; bank details; safety shoes"),
    ],
)
def test_the_best_unit_is_the_one_that_answers(extractive, question, text):
    asking = take_apart(question)
    best = rank(asking, SHOWN, extractive._embedder)[0]
    assert word(asking, whole(asking, best)) == text


@pytest.mark.model
@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        ("What is the price of a Halden 40 in 2026?", "What is the price of a Halden 40 in 2023?"),
        ("What is the price of a Halden 40 in 2026?", "What is the price of a Halden 70 in 2026?"),
        ("What is the price of a Halden 40 in 2026?", "What is the price of a Quarrick 40 in 2026?"),
        ("Where is the assembly point?", "Where is the assembly point in Lisbon?"),
    ],
)
def test_a_question_about_another_year_number_or_name_is_less_sure_to_be_answered(extractive, known, unknown):
    sure = [rank(take_apart(text), SHOWN, extractive._embedder)[0].sure for text in (known, unknown)]
    assert sure[0] > sure[1] + 1


def test_a_passage_that_the_caller_chose_counts_as_well_found():
    asking = take_apart("Where is the assembly point?")
    given, searched = hit(GUIDE, score=0.0), hit(GUIDE, score=0.0, dense=0.2)
    best = [rank(asking, passages(one), HashingEmbedder())[0].evidence.shown for one in (given, searched)]
    assert best == [1.0, 0.0]


def test_what_the_question_says_itself_is_not_given_as_the_answer():
    asking = take_apart("What salary does grade 8 carry for the casting engineer?")
    row = next(unit for unit in cut(SHOWN[1]) if unit.kind == "row" and "8" in unit.cells)
    assert (told(asking, "8"), told(asking, "Marl")) == (True, False)
    assert "Site: Marl" in word(asking, [row])


def test_a_date_in_figures_is_found_by_the_name_of_its_month():
    assert "august" in vocabulary("approved on 2026-08-24")
    assert "august" not in vocabulary("part 2026-18-24")


words = st.text(alphabet="abcdefgh XY0129.,:;!?|\t\n-*#()[]`'’éß€£%", max_size=300)


@given(texts=st.lists(words, min_size=1, max_size=4), question=words)
def test_every_quote_stands_in_its_passage_letter_for_letter(texts, question):
    shown = passages(*(hit(text, f"{number}.md") for number, text in enumerate(texts)))
    asking = take_apart(question)
    for candidate in rank(asking, shown, HashingEmbedder()):
        units = whole(asking, candidate)
        for unit in units:
            assert unit.text == shown[unit.passage - 1].hit.text[unit.start : unit.end]
        assert cite([Quote(passage=unit.passage, text=unit.text) for unit in units], shown)[1] == 0
