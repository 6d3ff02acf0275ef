"""Question files and labels at the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Touchstone

LEAVE: dict[str, Any] = {
    "id": "leave",
    "question": "How many weeks of paid parental leave do parents have?",
    "answers": ["16 weeks"],
    "documents": ["policies/leave.md"],
    "evidence": [{"document": "policies/leave.md", "text": "Parents have 16 weeks of paid parental leave."}],
    "split": "development",
}
SHOP: dict[str, Any] = {
    "id": "shop",
    "question": "When does the shop open?",
    "answers": ["nine in the morning"],
    "documents": ["shop.txt"],
    "split": "test",
}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_set_in_another_form_becomes_a_question_file(touchstone: Touchstone, tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("prompt,gold,documents\nWhen does it open?,nine,shop.txt\n")
    words = ["evaluate", "import", "csv", tmp_path / "set.csv", "--columns", "question=prompt,answers=gold"]
    done = touchstone(*words, "--out", tmp_path / "q.jsonl", "--json")
    assert (done.code, done.json["questions"]) == (0, 1)
    assert json.loads((tmp_path / "q.jsonl").read_text())["answers"] == ["nine"]
    again = touchstone(*words, "--out", tmp_path / "q.jsonl")
    assert (again.code, "is there already" in again.err) == (2, True)
    wrong = touchstone("evaluate", "import", "csv", tmp_path / "set.csv", "--columns", "question", "--out", "x.jsonl")
    assert (wrong.code, "FIELD=COLUMN" in wrong.err) == (2, True)


def test_documents_that_a_form_brings_along_can_be_ingested(touchstone: Touchstone, tmp_path: Path) -> None:
    article: dict[str, Any] = {"title": "Shop", "paragraphs": [{"context": "It opens at nine.", "qas": []}]}
    article["paragraphs"][0]["qas"] = [
        {"id": "a", "question": "When?", "answers": [{"text": "nine", "answer_start": 12}]}
    ]
    (tmp_path / "set.json").write_text(json.dumps({"data": [article]}))
    words = ["evaluate", "import", "squad", tmp_path / "set.json", "--out", tmp_path / "q.jsonl"]
    assert touchstone(*words, "--documents", tmp_path / "docs").code == 0
    assert touchstone("ingest", tmp_path / "docs").code == 0
    done = touchstone("evaluate", "check", tmp_path / "q.jsonl", "--collection", "default", "--json")
    assert [finding["kind"] for finding in done.json["findings"]] == ["few_questions"]


def test_check_says_what_is_wrong_in_words_and_in_its_exit_code(filled: Touchstone, tmp_path: Path) -> None:
    path = write(
        tmp_path / "q.jsonl", LEAVE, SHOP, SHOP, {**LEAVE, "id": "x", "documents": ["gone.md"], "evidence": []}
    )
    done = filled("evaluate", "check", path, "--collection", "default")
    assert done.code == 2
    assert "shop (lines 2, 3)" in done.out
    assert "x (gone.md)" in done.out
    assert "warning: no verdict is given on fewer than 20 questions" in done.out
    sound = filled("evaluate", "check", write(tmp_path / "ok.jsonl", LEAVE), "--collection", "default")
    assert (sound.code, "warning" in sound.out) == (0, True)


def test_starter_files_pass_the_check(filled: Touchstone, tmp_path: Path) -> None:
    assert "--collection default" in filled("evaluate", "init", tmp_path / "first").out
    done = filled("evaluate", "init", tmp_path / "new", "--json")
    assert done.code == 0, done.err
    assert filled("evaluate", "check", done.json["questions"], "--collection", "default").code == 0


def test_one_split_can_be_asked_and_opening_the_held_out_one_is_counted(filled: Touchstone, tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", LEAVE, SHOP)
    for number in (1, 2):
        words = [
            "evaluate",
            "run",
            path,
            "--rungs",
            "rag",
            "--split",
            "test",
            "--out",
            tmp_path / f"run{number}",
            "--json",
        ]
        done = filled(*words)
        assert done.json["split"] == {"name": "test", "openings": number}
        assert done.json["dataset"]["questions"] == 1
        warned = [said for said in done.json["verdict"]["assumptions"] if "were opened 2 times" in said]
        assert len(warned) == number - 1
    assert filled("evaluate", "run", path, "--split", "none", "--out", tmp_path / "run").code == 2


@pytest.fixture
def run(filled: Touchstone, tmp_path: Path) -> Path:
    done = filled(
        "evaluate", "run", write(tmp_path / "q.jsonl", LEAVE), "--rungs", "rag,oracle", "--out", tmp_path / "run"
    )
    assert done.code == 0, done.err
    return tmp_path / "run"


def test_a_judge_stands_beside_the_rules(filled: Touchstone, run: Path) -> None:
    judge = {"TOUCHSTONE_MODELS__REFEREE__KIND": "scripted", "TOUCHSTONE_MODELS__REFEREE__REPLIES": '["correct"]'}
    unpriced = filled("evaluate", "score", run, "--judge", "referee", **judge)
    assert (unpriced.code, "has no price, so what judging costs is unknown" in unpriced.err) == (2, True)
    judge["TOUCHSTONE_MODELS__REFEREE__PRICE"] = '{"input": 0, "output": 0}'
    done = filled("evaluate", "score", run, "--judge", "referee", "--json", **judge)
    assert done.json["judge"]["rag"]["instrument"] == "judge"
    assert "judged by referee" in done.err
    assert "could not be read" not in done.err
    mumbling = judge | {"TOUCHSTONE_MODELS__REFEREE__REPLIES": '["maybe"]', "TOUCHSTONE_MODELS__REFEREE__MODEL": "m2"}
    unread = filled("evaluate", "score", run, "--judge", "referee", **mumbling)
    assert "1 judgement could not be read: unscored." in unread.err
    refused = filled("evaluate", "score", run, "--judge", "extractive")
    assert (refused.code, "only quotes" in refused.err) == (2, True)


def test_labels_go_out_and_come_back_as_a_table(filled: Touchstone, run: Path, tmp_path: Path) -> None:
    assert filled("evaluate", "calibrate", run).code == 2
    table = tmp_path / "labels.csv"
    assert f"label {run} --from {table}" in filled("evaluate", "label", run, "--to", table).out
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert "rag" not in table.read_text(encoding="utf-8-sig")
    with table.open("w", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(row | {"label": "correct"} for row in rows)
    assert filled("evaluate", "label", run, "--from", table, "--json").json["taken"] == len(rows)
    done = filled("evaluate", "calibrate", run, "--json")
    assert sum(figures["n_labelled"] for figures in done.json["judge"].values()) == len(rows)


def test_a_run_and_its_questions_are_exported(filled: Touchstone, run: Path, tmp_path: Path) -> None:
    done = filled("evaluate", "export", run, "trec", "--out", tmp_path / "trec", "--json")
    assert set(done.json["files"]) == {"rag.run", "qrels.txt"}
    path = write(tmp_path / "q2.jsonl", LEAVE, SHOP)
    done = filled("evaluate", "export", path, "chat", "--out", tmp_path / "chat.jsonl")
    assert (done.code, "1 question left out: held out." in done.err) == (0, True)


def test_drafting_needs_a_model_that_writes(filled: Touchstone, tmp_path: Path) -> None:
    done = filled("evaluate", "synth", "--out", tmp_path / "s.jsonl")
    assert done.code == 2
    assert not (tmp_path / "s.jsonl").exists()
