"""Answers labelled by hand, right and wrong, most of them made to mislead a rule: labelled_answers.jsonl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation.dataset import Item
from evaluation.scoring.abstention import refusal
from evaluation.scoring.answers import judge

LABELLED = Path(__file__).parent / "labelled_answers.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
QUESTIONS = [row for row in ROWS if "question" in row]
REFUSALS = [row for row in ROWS if "refusals" in row]


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: row["question"])
def test_a_right_answer_is_right_and_a_wrong_one_wrong(row: dict[str, Any]) -> None:
    fields = {name: value for name, value in row.items() if name not in ("right", "wrong")}
    of = Item.model_validate({"id": "q", **fields})
    said = {answer: judge(answer, of) for answer in row["right"] + row["wrong"]}
    assert [answer for answer in row["right"] if not said[answer].correct] == []  # type: ignore[union-attr]
    assert [answer for answer in row["wrong"] if said[answer].correct] == []  # type: ignore[union-attr]


@pytest.mark.parametrize("row", REFUSALS)
def test_a_refusal_is_told_from_an_answer(row: dict[str, Any]) -> None:
    assert [answer for answer in row["refusals"] if not refusal(answer)] == []
    assert [answer for answer in row["answers_all_the_same"] if refusal(answer)] == []
