"""What speaks for a document as a whole."""

from __future__ import annotations

import pytest

from indexes.catalogue.rows import Outline
from indexes.search.rank import asks_for_latest, evidence, name_of, newness


def words(text: str) -> list[str]:
    return text.lower().split()


def test_a_document_full_of_a_word_beats_one_that_mentions_it() -> None:
    outlines = {name: Outline(f"{name}.pdf", 50) for name in "abc"}
    found = evidence(["intel", "sales"], {"intel": {"a": 30, "b": 1}, "sales": {"a": 9, "b": 9}}, outlines, words=words)
    assert found["a"] == 1.0 > found["b"] > found["c"] == 0.0


def test_a_term_in_the_name_counts() -> None:
    outlines = {"a": Outline("2023 Q1 report.pdf", 9), "b": Outline("reports/2023_Q2.pdf", 9)}
    found = evidence(["q2", "2023"], {}, outlines, words=words)
    assert found == {"a": 0.0, "b": pytest.approx(0.69, abs=0.01)}


def test_documents_that_are_alike_get_nothing() -> None:
    outlines = {"a": Outline("a.txt", 3), "b": Outline("b.txt", 3)}
    assert evidence(["red"], {"red": {"a": 1, "b": 1}}, outlines, words=words) == {"a": 0.0, "b": 0.0}
    assert evidence(["red"], {"red": {"x": 1}}, outlines, words=words) == {"a": 0.0, "b": 0.0}
    assert evidence([], {}, {}, words=words) == {}


def test_a_name_is_words_without_the_extension() -> None:
    assert name_of("hr/leave-policy_2026.v2.docx") == "hr leave policy 2026 v2"


@pytest.mark.parametrize("question", ["What does the latest filing say?", "Sales in the MOST RECENT quarter"])
def test_a_question_can_ask_for_the_latest(question: str) -> None:
    assert asks_for_latest(question)
    assert not asks_for_latest("How is the current measured, and what was recently bought?")


def test_documents_are_new_by_the_order_of_their_days() -> None:
    days = {"a": "2022-10-01", "b": "2023-01-01", "c": "2026-01-01", "d": None, "e": "2026-01-01"}
    found = newness({name: Outline(name, 1, day) for name, day in days.items()})
    assert found == {"a": 0.0, "b": 0.5, "c": 1.0, "d": 0.5, "e": 1.0}
