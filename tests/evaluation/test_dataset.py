from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import DatasetError
from evaluation.dataset import load_dataset

GOOD: dict[str, Any] = {"id": "a", "question": "Who?", "answers": ["Ada"], "documents": ["a.md"]}


def write(folder: Path, *lines: Any) -> Path:
    path = folder / "questions.jsonl"
    rows = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    path.write_bytes(b"\n".join(row.encode() if isinstance(row, str) else row for row in rows))
    return path


def test_fields_that_have_no_meaning_here_are_kept(tmp_path: Path) -> None:
    (item,) = load_dataset(
        write(tmp_path, GOOD | {"yes_no": "Yes", "evidence": [{"document": "a.md", "kind": "x"}]})
    ).items
    assert item.model_extra == {"yes_no": "Yes"}
    assert item.evidence[0].model_extra == {"kind": "x"}


def test_a_gzipped_file_is_the_same_dataset(tmp_path: Path) -> None:
    plain = load_dataset(write(tmp_path, GOOD))
    packed = tmp_path / "questions.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.content))
    assert load_dataset(packed) == plain


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff" + json.dumps(GOOD), "", GOOD | {"id": "b"}, "")
    assert [item.id for item in load_dataset(path).items] == ["a", "b"]


def test_a_line_separator_inside_a_question_does_not_break_the_line(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(GOOD | {"question": "one\u2028two"}, ensure_ascii=False), encoding="utf-8")
    assert load_dataset(path).items[0].question == "one\u2028two"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([GOOD, "{'id': 3}"], "questions.jsonl line 2 is not JSON: key must be a string at column 2."),
        ([GOOD, "[1]"], "questions.jsonl line 2 is not a JSON object: write one question a line."),
        ([{"question": "Who?"}], "questions.jsonl line 1 has no 'id': every question needs an id and a question."),
        ([{"id": "a"}], "questions.jsonl line 1 has no 'question': every question needs an id and a question."),
        ([GOOD | {"id": 3}], "questions.jsonl line 1 has a wrong 'id': input should be a valid string."),
        ([GOOD | {"answers": "Ada"}], "questions.jsonl line 1 has a wrong 'answers': input should be a valid array."),
        ([GOOD | {"unanswerable": "no"}], "line 1 has a wrong 'unanswerable': input should be a valid boolean."),
        ([GOOD | {"evidence": [{"text": "x"}]}], "line 1 has no 'evidence.0.document'"),
        ([GOOD | {"unanswerable": True}], "line 1 is marked unanswerable and yet lists answers"),
        ([GOOD, "", GOOD], "questions.jsonl line 3 repeats the id 'a' of line 1"),
        ([GOOD, b'{"id": "\xff"}'], "questions.jsonl line 2 is not UTF-8"),
        ([" ", ""], "questions.jsonl holds no question"),
        ([b"\x1f\x8b123"], "questions.jsonl is not a whole gzip file"),
    ],
)
def test_what_is_wrong_is_said_with_the_line(tmp_path: Path, lines: list[Any], sentence: str) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(write(tmp_path, *lines))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="There is no file"):
        load_dataset(tmp_path / "none.jsonl")
    with pytest.raises(DatasetError, match="is a folder"):
        load_dataset(tmp_path)


def test_questions_are_alike_by_cluster_then_by_document(tmp_path: Path) -> None:
    rows = [GOOD | {"cluster": "hr"}, GOOD | {"id": "b"}, {"id": "c", "question": "?", "unanswerable": True}]
    rows.append({"id": "d", "question": "?", "unanswerable": True, "asked_about": [{"document": "a.md"}]})
    items = load_dataset(write(tmp_path, *rows)).items
    assert [item.cluster_name for item in items] == ["hr", "a.md", "c", "a.md"]
