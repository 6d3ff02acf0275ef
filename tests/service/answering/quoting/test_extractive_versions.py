"""Of several versions of a document the one that holds is quoted."""

from __future__ import annotations

import pytest

from core.deadline import Deadline
from service.answering.prompt import write_prompt
from service.answering.quoting.question import take_apart
from service.answering.quoting.versions import Version, versions
from tests.service.answering.hits import hit, passages

SHOWN = passages(
    hit("Meals, per full day: 32 EUR.", "travel-2023.md", title="Travel Policy 2023"),
    hit("Meals, per full day: 40 EUR.", "travel-2026.md", title="Travel Policy 2026"),
    hit("Dogs are not allowed.", "dogs.md", title="Dogs"),
)


def held(question: str) -> dict[str, Version]:
    return dict(versions(take_apart(question).terms, SHOWN))


def test_a_version_holds_until_the_next_one():
    found = held("What was the allowance for meals in June 2024?")
    assert found["travel-2023.md"] == Version(held_in=frozenset({"2024", "june"}))
    assert found["travel-2026.md"] == Version()


def test_without_a_year_the_latest_version_holds():
    found = held("What is the allowance for meals?")
    assert (found["travel-2023.md"].superseded, found["travel-2026.md"].superseded) == (True, False)


@pytest.mark.parametrize("year", ["2021", "2028"])
def test_no_version_is_known_to_hold_before_the_first_or_after_the_last(year):
    assert not any(version.held_in for version in held(f"What is the allowance for meals in {year}?").values())


def test_a_document_of_which_there_is_one_version_is_left_alone():
    assert "dogs.md" not in held("Are dogs allowed?")


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "amount"),
    [
        ("How much is the allowance for meals per full day?", "40 EUR"),
        ("I travelled in June 2024. How much was the allowance for meals per full day?", "32 EUR"),
    ],
)
def test_the_version_that_holds_is_quoted(extractive, question, amount):
    assert amount in extractive.generate(write_prompt(question, SHOWN), until=Deadline.never()).text
