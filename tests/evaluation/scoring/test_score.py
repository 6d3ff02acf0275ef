from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import UsageError
from evaluation.evaluate import reprice, rescore
from evaluation.run.records import drop_torn_line, read_records
from evaluation.scoring.retrieval import MEASURES
from evaluation.scoring.score import Score, read_scores, score
from tests.evaluation import made_up


def scored(folder: Path, outcome: str, *, unanswerable: bool = False, **fields: object) -> Score:
    of = made_up.dataset(folder, made_up.questions(1, unanswerable=int(unanswerable)))
    (found,) = score(of, [made_up.record("q0", "rag", outcome, **fields)], rungs=["rag"])
    return found


@pytest.mark.parametrize("outcome", ["correct", "wrong", "abstained", "unscored"])
def test_an_answerable_question_has_four_outcomes(tmp_path: Path, outcome: str) -> None:
    assert scored(tmp_path, outcome).outcome == outcome


def test_refusing_the_unanswerable_is_right_and_answering_it_is_wrong(tmp_path: Path) -> None:
    refused = scored(tmp_path, "abstained", unanswerable=True)
    assert (refused.outcome, refused.abstained) == ("correct", True)
    assert scored(tmp_path, "correct", unanswerable=True).outcome == "wrong"
    assert scored(tmp_path, "unscored", unanswerable=True).outcome == "unscored"


def test_a_refusal_in_words_is_an_abstention(tmp_path: Path) -> None:
    found = scored(tmp_path, "wrong", answer="I don't know.")
    assert (found.outcome, found.abstained, found.answer_words) == ("abstained", True, None)


def test_a_plain_no_is_an_answer_whatever_follows(tmp_path: Path) -> None:
    row = {"id": "q0", "question": "Is it said?", "answers": ["No"]}
    record = made_up.record("q0", "rag", "wrong", answer="No. The passages do not say so anywhere.")
    (found,) = score(made_up.dataset(tmp_path, [row]), [record], rungs=["rag"])
    assert (found.outcome, found.abstained) == ("correct", False)


def test_an_error_keeps_its_last_line_and_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    found = scored(tmp_path, "unscored")
    assert (found.outcome, found.error, found.how) == ("unscored", True, "ModelUnavailable: gone")


def test_without_an_accepted_answer_only_retrieval_is_measured(tmp_path: Path) -> None:
    rows = [row | {"answers": []} for row in made_up.questions(1)]
    (found,) = score(made_up.dataset(tmp_path, rows), [made_up.record("q0", "rag", "wrong")], rungs=["rag"])
    assert (found.outcome, found.how) == ("unscored", "the dataset holds no accepted answer")
    assert found.retrieval is not None
    assert found.retrieval["mrr@10"] == 1.0


def test_unanswerable_questions_never_enter_retrieval(tmp_path: Path) -> None:
    assert scored(tmp_path, "correct", retrieved=()).retrieval == dict.fromkeys(MEASURES, 0.0)
    assert scored(tmp_path, "correct", unanswerable=True).retrieval is None


def test_scoring_and_reporting_again_gives_the_same_bytes(tmp_path: Path) -> None:
    outcomes = {"closed_book": ["abstained"] * 24, "rag": ["correct"] * 20 + ["wrong"] * 4}
    folder = made_up.folder(tmp_path, made_up.questions(24), outcomes)
    rescore(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    rescore(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert set(before) >= {"scores.jsonl", "results.json", "report.html", "report.md", "junit.xml"}


def test_scores_read_back_are_those_written(tmp_path: Path) -> None:
    folder = made_up.folder(tmp_path, made_up.questions(2), {"rag": ["correct", "unscored"]})
    rescore(folder)
    first, second = read_scores(folder)
    assert (first.outcome, str(first.cost_usd), second.cost_usd) == ("correct", "0.001", None)


def test_a_folder_without_a_run_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        rescore(tmp_path)
    made_up.folder(tmp_path, made_up.questions(1), {"rag": ["correct"]})
    with pytest.raises(UsageError, match="holds no scores: score the run first"):
        reprice(tmp_path)


def test_other_questions_than_those_asked_are_refused(tmp_path: Path) -> None:
    folder = made_up.folder(tmp_path, made_up.questions(2), {"rag": ["correct", "wrong"]})
    made_up.dataset(folder, made_up.questions(1))
    with pytest.raises(UsageError, match="is not the file that was asked"):
        rescore(folder)


def test_a_torn_last_line_is_passed_over_and_then_cut_off(tmp_path: Path) -> None:
    folder = made_up.folder(tmp_path, made_up.questions(2), {"rag": ["correct", "wrong"]})
    path = folder / "records.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"question_id": "q')
    assert len(read_records(path)) == 2
    drop_torn_line(path)
    assert path.read_bytes() == whole


def test_of_two_records_for_one_question_the_later_counts(tmp_path: Path) -> None:
    folder = made_up.folder(tmp_path, made_up.questions(1), {"rag": ["unscored"]})
    path = folder / "records.jsonl"
    later = path.read_text().replace('"status": "error"', '"status": "refused"')
    path.write_text(path.read_text() + later)
    assert read_records(path)["q0", "rag", 0].status == "refused"


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text(json.dumps({"question_id": "q"}) + "\n")
    with pytest.raises(UsageError, match="line 1 is not a record"):
        read_records(tmp_path / "records.jsonl")
