"""Evaluation at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Touchstone

QUESTIONS = [
    {
        "id": "leave",
        "question": "How many weeks of paid parental leave do parents have?",
        "answers": ["16 weeks"],
        "documents": ["policies/leave.md"],
        "evidence": [{"document": "policies/leave.md", "text": "Parents have 16 weeks of paid parental leave."}],
    },
    {"id": "moon", "question": "Who bought zzyzx qwxyz?", "unanswerable": True},
]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(question) + "\n" for question in QUESTIONS))
    return path


def test_a_run_prints_the_ladder_the_verdict_and_where_the_report_is(
    filled: Touchstone, dataset: Path, tmp_path: Path
) -> None:
    done = filled("evaluate", "run", dataset, "--rungs", "closed_book,rag", "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert [line.split()[0] for line in done.out.splitlines()[:3]] == ["rung", "closed_book", "rag"]
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["verdict"]["sentence"] in done.out
    assert str(tmp_path / "run" / "report.html") in done.out
    assert filled("evaluate", "score", tmp_path / "run", "--json").json == results
    assert filled("evaluate", "report", tmp_path / "run", "--json").json == results


def test_a_run_stops_at_the_budget_with_4(filled: Touchstone, dataset: Path, tmp_path: Path) -> None:
    priced = {"TOUCHSTONE_MODELS__DEAR__KIND": "scripted", "TOUCHSTONE_MODELS__DEAR__PRICE__INPUT": "1000"}
    priced |= {"TOUCHSTONE_MODELS__DEAR__PRICE__OUTPUT": "1000", "TOUCHSTONE_MODELS__DEAR__REPLIES": '["hm"]'}
    words = ["evaluate", "run", dataset, "--model", "dear", "--budget-usd", "0.01", "--out", tmp_path / "run"]
    done = filled(*words, **priced)
    assert done.code == 4
    assert "budget" in done.err


def test_a_question_file_is_checked_line_by_line(filled: Touchstone, dataset: Path, tmp_path: Path) -> None:
    assert filled("evaluate", "check", dataset, "--json").json["questions"] == 2
    broken = tmp_path / "broken.jsonl"
    broken.write_text(dataset.read_text() + "{not json\n")
    done = filled("evaluate", "run", broken, "--out", tmp_path / "run")
    assert (done.code, "line 3" in done.err) == (2, True)


@pytest.mark.parametrize("words", [["--rungs", "guess"], ["--collection", "nowhere"], ["--model", "nobody"]])
def test_what_cannot_be_measured_is_said_in_words(
    filled: Touchstone, dataset: Path, tmp_path: Path, words: list[str]
) -> None:
    done = filled("evaluate", "run", dataset, "--out", tmp_path / "run", *words)
    assert done.code == 2
    assert words[1] in done.err
