"""Reports without text hold no word of a question, an answer or a document; with text they do."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from core.settings.sections import EvaluationSettings
from evaluation.evaluate import reprice, rescore
from evaluation.report.write import REPORTS
from evaluation.run.records import PASSAGES
from tests.evaluation import made_up

CANARIES = (
    "zqquestion",
    "zqaccepted",
    "zqanswer",
    "zqquote",
    "zqdocument",
    "zqreason",
    "zqerror",
    "zqevidence",
    "zqkey",
    "zqpassage",
)
RUNGS = {"closed_book": ["wrong", "abstained", "wrong"], "rag": ["correct", "wrong", "unscored"]}


def with_canaries(folder: Path, **fields: Any) -> Path:
    rows = [
        row
        | {
            "question": "zqquestion?",
            "answers": ["40 francs", "zqaccepted"],
            "documents": ["zqdocument.md"],
            "evidence": [{"document": "zqdocument.md", "text": "zqevidence"}],
            "note": "zqkey",
        }
        for row in made_up.questions(3)
    ]
    made_up.folder(folder, rows, RUNGS, **fields)
    path = folder / "records.jsonl"
    cited = [{"document": "zqdocument.md", "page": 1, "quote": "zqquote", "start": 0, "end": 1, "chunk_id": "c"}]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line |= {"citations": cited, "reason": "zqreason", "retrieved": ["zqdocument.md"]}
        line["passages"] = [{"chunk_id": "c", "document": "zqdocument.md", "page": 1}]
        line["answer"] = line["answer"] and line["answer"] + " zqanswer"
        line["error"] = line["error"] and "zqerror"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / PASSAGES).write_text(json.dumps({"chunk_id": "c", "text": "zqpassage"}) + "\n")
    rescore(folder)
    return folder


def told(folder: Path) -> dict[str, set[str]]:
    return {
        name: {canary for canary in CANARIES if canary in (folder / name).read_text(errors="replace").lower()}
        for name in REPORTS
    }


def test_with_text_the_page_and_the_sheet_hold_question_answer_and_quote(tmp_path: Path) -> None:
    found = told(with_canaries(tmp_path))
    assert {"zqquestion", "zqaccepted", "zqanswer", "zqquote", "zqdocument", "zqpassage"} <= found["report.html"]
    assert {"zqquestion", "zqaccepted", "zqanswer", "zqdocument"} <= found["items.csv"]


def test_without_text_no_report_holds_a_word_of_it_and_all_hold_the_ids(tmp_path: Path) -> None:
    folder = with_canaries(tmp_path)
    reprice(folder, text=False)
    assert told(folder) == {key: set() for key in REPORTS}
    assert all("q0" in (folder / name).read_text() for name in ("report.html", "items.csv", "junit.xml"))


@pytest.mark.parametrize("values", [None, EvaluationSettings()])
def test_a_run_made_without_text_never_shows_it(tmp_path: Path, values: EvaluationSettings | None) -> None:
    made_without = EvaluationSettings(report_text=False).model_dump(mode="json")
    folder = with_canaries(tmp_path, values=made_without)
    reprice(folder, values)
    assert told(folder) == {key: set() for key in REPORTS}


def test_the_sheet_has_a_row_for_each_question_on_each_rung_and_runs_no_formula(tmp_path: Path) -> None:
    rows = [row | {"question": "=1+1"} for row in made_up.questions(3)]
    folder = made_up.folder(tmp_path, rows, RUNGS)
    rescore(folder)
    sheet = list(csv.DictReader(io.StringIO((folder / "items.csv").read_text())))
    assert [(row["question_id"], row["rung"], row["outcome"]) for row in sheet][:3] == [
        ("q0", "closed_book", "wrong"),
        ("q0", "rag", "correct"),
        ("q1", "closed_book", "abstained"),
    ]
    assert len(sheet) == 6
    assert {row["question"] for row in sheet} == {"'=1+1"}
    ladder = list(csv.DictReader(io.StringIO((folder / "ladder.csv").read_text())))
    assert [(row["rung"], row["correct"]) for row in ladder] == [("closed_book", "0"), ("rag", "1")]
