"""Evaluation at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.evaluation.progress import duration
from indexes.upkeep.lock import own
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


PRICED = {"TOUCHSTONE_MODELS__PRICED__KIND": "scripted", "TOUCHSTONE_MODELS__PRICED__REPLIES": '["hm"]'}
PRICED |= {"TOUCHSTONE_MODELS__PRICED__PRICE": '{"input": 1, "output": 2}'}


def test_a_plan_says_what_a_run_would_cost_and_what_it_could_show(
    filled: Touchstone, dataset: Path, tmp_path: Path
) -> None:
    words = ["evaluate", "plan", dataset, "--model", "priced", "--replicates", "2"]
    planned = filled(*words, "--json", **PRICED).json
    assert [rung["rung"] for rung in planned["rungs"]] == ["closed_book", "manual", "rag", "oracle"]
    assert {rung["calls"] for rung in planned["rungs"]} == {4}
    assert 0 < float(planned["usd_low"]) < float(planned["usd_high"])
    assert set(planned["skipped"]) == {"closed_book_best", "rag_rerank"}
    shown = filled(*words, "--rungs", "rag,closed_book", **PRICED)
    assert [line.split()[0] for line in shown.out.splitlines()[:3]] == ["rung", "closed_book", "rag"]
    assert "The smallest difference they show" in shown.out


def test_no_price_is_no_plan_and_no_budget(filled: Touchstone, dataset: Path, tmp_path: Path) -> None:
    unpriced = {name: value for name, value in PRICED.items() if not name.endswith("PRICE")}
    for words in (["plan", dataset], ["run", dataset, "--budget-usd", "1", "--out", tmp_path / "run"]):
        done = filled("evaluate", *words, "--model", "priced", **unpriced)
        assert done.code == 2
        assert "The model 'priced' has no price" in done.err


def test_the_litmus_test_says_what_it_found(filled: Touchstone, dataset: Path, tmp_path: Path) -> None:
    words = ["evaluate", "litmus", dataset, "--model", "priced", "--out", tmp_path / "litmus"]
    found = filled(*words, "--json", **PRICED).json
    assert (found["decision"], found["questions"]) == ("unknown", 1)
    assert found["sentence"] in filled(*words, **PRICED).out


def test_a_rung_can_be_put_to_another_model_and_each_question_several_times(
    filled: Touchstone, dataset: Path, tmp_path: Path
) -> None:
    words = ["evaluate", "run", dataset, "--rungs", "closed_book,closed_book_best", "--out", tmp_path / "run"]
    assert "closed_book_best cannot be run" in filled(*words).err
    done = filled(*words, "--best-model", "priced", "--replicates", "2", **PRICED)
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in (tmp_path / "run" / "records.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * 2 * 2
    assert {row["model"] for row in rows if row["rung"] == "closed_book_best"} == {"priced"}
    assert "8 of 8 answers, $0.00" in done.err


def test_starter_files_are_written_while_another_process_owns_the_data_folder(
    touchstone: Touchstone, tmp_path: Path
) -> None:
    with own(tmp_path / "data"):
        done = touchstone("evaluate", "init", tmp_path / "new")
    assert done.code == 0, done.err
    assert (tmp_path / "new" / "questions.jsonl").is_file()


@pytest.mark.parametrize(("seconds", "said"), [(1.2, "1 second"), (119, "119 seconds"), (421, "7 minutes")])
def test_the_time_left_is_said_in_minutes_where_it_is_long(seconds: float, said: str) -> None:
    assert duration(seconds) == said


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
