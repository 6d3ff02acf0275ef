from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from evaluation.dataset import Item
from evaluation.scoring.abstention import refusal
from evaluation.scoring.answers import answer_type, judge
from evaluation.scoring.dates import dates
from evaluation.scoring.numbers import bare_quantity, quantities
from evaluation.scoring.retrieval import citation_precision, citation_recall
from evaluation.scoring.text import contains, exact_match, token_f1


def item(*answers: str, **fields: Any) -> Item:
    return Item(id="q", question="?", answers=answers, **fields)


def right(answer: str, of: Item) -> bool:
    judgement = judge(answer, of)
    assert judgement is not None
    return judgement.correct


def test_a_figure_said_among_others_is_in_doubt_where_the_dataset_calls_it_a_span() -> None:
    of = item("2019", answer_type="span")
    among = judge("It was $510 million and $442 million in 2019, 2018 and 2017, respectively.", of)
    alone = judge("It was larger in 2019.", of)
    assert among is not None
    assert alone is not None
    assert (among.in_doubt, alone.in_doubt) == (True, False)


def test_exact_match_and_f1_are_those_of_squad() -> None:
    assert exact_match("The Eiffel Tower!", ["eiffel tower"])
    assert not exact_match("Eiffel", ["eiffel tower"])
    assert token_f1("the cat sat", ["cat sat down"]) == pytest.approx(0.8)
    assert token_f1("", ["the"]) == 1.0
    assert token_f1("dog", ["cat", "dog"]) == 1.0
    assert token_f1("dog", []) == 0.0


@pytest.mark.parametrize(
    ("answer", "reference", "held"),
    [
        ("Paid out of Code 606, as agreed", "code 606", True),
        ("2.5 kg CO₂e/boe in 2022", "2.5 kg CO2e/boe", True),
        ("It takes 25 days", "2.5", False),
        ("14 calendar days", "14 days", False),
        ("He lives in Bangor, Wales.", "bangor wales", True),
        ("There were 10,000 blankets", "10000 blankets", True),
        ("Anything", "the", False),
        ("artist", "art", False),
    ],
)
def test_containment_is_by_whole_words_in_a_row(answer: str, reference: str, held: bool) -> None:
    assert contains(answer, reference) is held


@pytest.mark.parametrize(
    ("text", "value", "scale", "currency", "per_cent"),
    [
        ("CHF 3,128 million", "3128", 6, "chf", False),
        ("US$ 5bn", "5", 9, "usd", False),
        ("(94)", "-94", None, None, False),
        ("−12.6", "-12.6", None, None, False),
        ("€ -3.50", "-3.50", None, "eur", False),
        ("10.20%", "10.20", None, None, True),
        ("4 per cent", "4", None, None, True),
        ("9'467", "9467", None, None, False),
        ("12\u00a0345 EUR", "12345", None, "eur", False),
        ("over 637,000", "637000", None, None, False),
        ("twelve", "12", None, None, False),
    ],
)
def test_a_number_is_read_with_what_belongs_to_it(
    text: str, value: str, scale: int | None, currency: str | None, per_cent: bool
) -> None:
    found = bare_quantity(text)
    assert found is not None
    assert (found.value, found.scale, found.currency, found.percent) == (Decimal(value), scale, currency, per_cent)


def test_a_hyphen_is_not_a_minus_and_a_version_is_not_a_number() -> None:
    assert [found.value for found in quantities("SF-1008, 5-10 days")] == [1008, 5, 10]
    assert quantities("v1.2.3") == []
    assert bare_quantity("30 days") is None
    assert [found.value for found in quantities("180 200")] == [180, 200]
    assert [found.value for found in quantities("Jobs at once - 20; in all – 30, down -5, - 5, net: - 7")] == [
        20, 30, -5, 5, -7,
    ]  # fmt: skip
    assert [found.value for found in quantities("- 20")] == [-20]


@pytest.mark.parametrize(
    ("answer", "accepted", "is_right"),
    [
        ("Nespresso sold CHF 3,128 million", "3128", True),
        ("Sales were 3.128 billion", "3,128 million", True),
        ("5 million", "5 billion", False),
        ("USD 40", "CHF 40", False),
        ("The rate is 0.102", "10.20%", True),
        ("40 %", "USD 40", False),
        ("-94", "94", False),
        ("three trucks", "3", True),
        ("1,128", "128", False),
    ],
)
def test_numbers_agree_by_value(answer: str, accepted: str, is_right: bool) -> None:
    assert right(answer, item(accepted, answer_type="number")) is is_right


def test_a_tolerance_is_in_the_unit_of_the_answer_or_in_per_cent() -> None:
    assert right("99.6", item("100", tolerance=0.5))
    assert not right("99.4", item("100", tolerance=0.5))
    assert right("98", item("100", tolerance="2%"))
    assert not right("97.9", item("100", tolerance="2%"))


def test_a_unit_that_is_a_scale_belongs_to_the_number() -> None:
    assert right("46.3 billion", item("46,300", unit="million", answer_type="number"))
    assert not right("46,300 billion", item("46,300", unit="million", answer_type="number"))
    assert right("within 14 calendar days", item("14 days", unit="days", answer_type="number"))


@pytest.mark.parametrize("text", ["2024-03-05", "5 March 2024", "March 5th, 2024", "5th of Mar. 2024", "05.03.2024"])
def test_a_date_is_the_same_in_any_form(text: str) -> None:
    assert right(f"Due on {text}.", item("5 March 2024", answer_type="date"))
    assert not right("Due on 6 March 2024", item(text, answer_type="date"))


def test_an_impossible_date_is_none() -> None:
    assert dates("31 February 2024 and 2024-13-40") == set()


def test_yes_or_no_goes_by_the_first_word() -> None:
    of = item("Yes")
    assert answer_type(of) == "boolean"
    assert right("Yes, it is.", of)
    assert not right("No, it is not, though yes was expected.", of)
    assert not right("It is encrypted.", of)


def test_a_list_needs_every_item() -> None:
    of = item("Tamar, Leviathan and Karish", answer_type="list")
    assert right("Karish, Tamar and Leviathan export gas", of)
    judgement = judge("Tamar and Leviathan", of)
    assert judgement is not None
    assert not judgement.correct
    assert judgement.how == "holds 67% of the items; lacks 'Karish'"


def test_a_list_given_in_parts_is_taken_as_it_is() -> None:
    of = Item.model_validate(
        {
            "id": "q",
            "question": "?",
            "answers": ["2019, 2018"],
            "answer_parts": ["2019", "2018"],
            "answer_type": "multi-span",
        }
    )
    assert right("In 2018 and in 2019", of)


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        ("Net income; April 27, 2019: $106.4; April 28, 2018: $70.5", True),
        ("$106.4 million and $70.5 million remained as of July 31, 2019 and 2018, respectively.", True),
        ("Net income; 2019: $106.4; 2018: $70.5; 2017: $60.2; 2016: $51.0", False),
        ("Net income; 2019: $106.4", False),
    ],
)
def test_labels_days_and_the_years_asked_for_are_no_items_of_a_list_of_figures(answer: str, is_right: bool) -> None:
    asked = {"question": "What was the net income in 2019 and 2018 respectively?", "answers": ["106.4, 70.5"]}
    of = Item.model_validate({"id": "q", "answer_parts": ["106.4", "70.5"], "answer_type": "multi-span", **asked})
    assert right(answer, of) is is_right


def test_a_long_answer_needs_half_of_the_words() -> None:
    reference = " ".join(f"word{number}" for number in range(40))
    assert answer_type(item(reference)) == "long"
    assert right(" ".join(f"word{number}" for number in range(20)), item(reference))
    assert not right(" ".join(f"word{number}" for number in range(19)), item(reference))


def test_without_an_accepted_answer_there_is_no_judgement() -> None:
    assert judge("anything", item()) is None


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("I don’t know.", True),
        ("The passages do not say which discount applies.", True),
        ("Not stated in the documents.", True),
        ("Unknown", True),
        ("No.", False),
        ("None of the trucks were used.", False),
        ("The contract does not provide for a discount beyond ten days " * 5, False),
    ],
)
def test_a_refusal_in_words_is_seen(text: str, refuses: bool) -> None:
    assert bool(refusal(text)) is refuses


def test_citations_count_by_document() -> None:
    assert citation_precision(["a", "b", "a"], ["a"]) == pytest.approx(2 / 3)
    assert citation_precision([], ["a"]) is None
    assert citation_recall({"a"}, ["a", "b"]) == 0.5
    assert citation_recall({"a"}, []) is None
