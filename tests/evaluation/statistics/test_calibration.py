from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import UsageError
from evaluation.evaluate import rescore
from evaluation.labels import queue, read_csv, read_labels, save, write_csv
from evaluation.scoring.score import OutcomeName, Score, read_scores
from evaluation.statistics.calibration import calibrate, ppi_mean, rogan_gladen
from tests.evaluation import made_up


def world(
    rung: str, n: int, *, accuracy: float, sensitivity: float, specificity: float, seed: int
) -> tuple[list[Score], dict[tuple[str, str, int], str]]:
    """Judged scores of a rung, and what is true of each."""
    random = np.random.default_rng(seed)
    truth = random.random(n) < accuracy
    said = np.where(truth, random.random(n) < sensitivity, random.random(n) >= specificity)
    names: list[OutcomeName] = ["correct" if each else "wrong" for each in said]
    scores = [replace(score, judge=name) for score, name in zip(made_up.scores(rung, names), names, strict=True)]
    return scores, {
        (score.question_id, rung, 0): "correct" if right else "wrong"
        for score, right in zip(scores, truth, strict=True)
    }


def test_a_biased_judge_is_set_right_and_its_raw_number_is_not() -> None:
    scores, truth = world("rag", 4000, accuracy=0.3, sensitivity=0.95, specificity=0.7, seed=1)
    labels = dict(list(truth.items())[:1200])
    found = (calibrate(scores, labels) or {})["rag"]
    assert abs(found["accuracy_raw"] - 0.3) > 0.15
    assert abs(found["accuracy_corrected"] - 0.3) < 0.03
    assert found["low"] < 0.3 < found["high"] < found["accuracy_raw"]
    assert found["rogan_gladen"]["low"] < 0.3 < found["rogan_gladen"]["high"]
    assert found["sensitivity"] == pytest.approx(0.95, abs=0.03)
    assert found["specificity"] == pytest.approx(0.7, abs=0.03)
    assert found["calibrated"] is True


def test_a_judge_is_set_right_on_each_rung_by_itself() -> None:
    one, truth = world("closed_book", 3000, accuracy=0.6, sensitivity=0.9, specificity=0.85, seed=2)
    two, other = world("rag", 3000, accuracy=0.6, sensitivity=0.9, specificity=0.6, seed=3)
    found = calibrate(one + two, dict(list(truth.items())[:900]) | dict(list(other.items())[:900])) or {}
    assert found["rag"]["accuracy_raw"] - found["closed_book"]["accuracy_raw"] > 0.07
    assert abs(found["rag"]["accuracy_corrected"] - found["closed_book"]["accuracy_corrected"]) < 0.05


def test_labels_drawn_mostly_from_one_verdict_do_no_harm() -> None:
    scores, truth = world("rag", 4000, accuracy=0.5, sensitivity=0.9, specificity=0.7, seed=4)
    called_wrong = [score for score in scores if score.judge == "wrong"][:1200]
    called_right = [score for score in scores if score.judge == "correct"][:500]
    keys = [(score.question_id, "rag", 0) for score in called_wrong + called_right]
    found = (calibrate(scores, {key: truth[key] for key in keys}) or {})["rag"]
    assert abs(found["accuracy_corrected"] - 0.5) < 0.04


def test_few_labels_are_not_enough() -> None:
    scores, truth = world("rag", 100, accuracy=0.5, sensitivity=0.9, specificity=0.7, seed=5)
    found = (calibrate(scores, dict(list(truth.items())[:19])) or {})["rag"]
    assert (found["n_labelled"], found["calibrated"], found["accuracy_corrected"]) == (19, False, None)
    assert calibrate(scores, {}) is not None
    assert (calibrate(scores, {}) or {})["rag"]["calibrated"] is False


def test_the_rules_are_calibrated_where_no_judge_was_asked() -> None:
    scores = made_up.scores("rag", ["correct"] * 30 + ["wrong"] * 30)
    assert calibrate(scores, {}) is None
    labels = {(score.question_id, "rag", 0): score.outcome for score in scores}
    found = (calibrate(scores, labels) or {})["rag"]
    assert (found["instrument"], found["kappa"], found["accuracy_corrected"]) == ("rules", 1.0, 0.5)
    assert found["low"] < 0.5 < found["high"]


def test_ppi_is_the_published_one_when_the_rest_is_told_apart() -> None:
    random = np.random.default_rng(6)
    labels = (random.random(60) < 0.5).astype(float)
    verdicts = np.where(random.random(60) < 0.8, labels, 1 - labels)
    rest = (random.random(240) < 0.55).astype(float)
    n, size = 60, 240
    shared = float(np.cov(labels, verdicts, bias=True)[0, 1])
    tuned = shared / ((1 + n / size) * float(np.var(verdicts)))
    expected = labels.mean() + tuned * (rest.mean() - verdicts.mean())
    estimate, _ = ppi_mean(labels, verdicts, np.concatenate([verdicts, rest]))
    assert estimate.value == pytest.approx(expected, abs=1e-9)


def test_rogan_gladen_is_the_published_formula_and_needs_a_better_judge_than_a_coin() -> None:
    found = rogan_gladen(0.5, 400, (0.9, 80), (0.8, 120))
    assert found is not None
    assert found.value == pytest.approx((0.5 + 0.8 - 1) / (0.9 + 0.8 - 1))
    wider = rogan_gladen(0.5, 400, (0.9, 20), (0.8, 30))
    assert wider is not None
    assert wider.high - wider.low > found.high - found.low
    assert rogan_gladen(0.5, 400, (0.5, 80), (0.5, 120)) is None


@pytest.fixture
def run(tmp_path: Path) -> Path:
    outcomes = {"closed_book": ["wrong", "correct"] * 20, "rag": ["correct"] * 36 + ["wrong"] * 2 + ["abstained"] * 2}
    folder = made_up.folder(tmp_path / "run", made_up.questions(40), outcomes)
    rescore(folder)
    return folder


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()


def test_the_queue_is_spread_over_rungs_and_verdicts_and_tells_neither(run: Path) -> None:
    tasks = queue(run, most=12)
    assert [task.id for task in tasks] == sorted(task.id for task in tasks)
    outcome = {(score.question_id, score.rung, 0): score.outcome for score in read_scores(run)}
    drawn = [(task.key[1], outcome[task.key]) for task in tasks]
    assert {cell: drawn.count(cell) for cell in drawn} == {
        ("closed_book", "correct"): 3, ("closed_book", "wrong"): 4, ("rag", "correct"): 3, ("rag", "wrong"): 2,
    }  # fmt: skip
    assert all(
        word not in json.dumps([task.id, task.question, task.accepted, task.answer])
        for task in tasks
        for word in ("rag", "book")
    )
    assert queue(run, most=12) == tasks


def test_an_answer_that_was_labelled_for_another_rung_is_not_asked_for_again(run: Path) -> None:
    answers = {task.key: task for task in queue(run, most=100)}
    first = answers["q1", "rag", 0]
    save(run, first, "wrong")
    left = [task.key for task in queue(run, most=100)]
    assert ("q1", "closed_book", 0) not in left
    assert read_labels(run)["q1", "closed_book", 0] == "wrong"


def test_labels_make_the_round_through_a_table(run: Path, tmp_path: Path) -> None:
    tasks = queue(run, most=60)
    path = tmp_path / "labels.csv"
    write_csv(path, tasks)
    with path.open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["id"] for row in rows] == [task.id for task in tasks]
    for row in rows[:-1]:
        row["label"] = "C" if "40" in row["answer"] else "wrong"
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert read_csv(run, path) == len(tasks) - 1 == len(read_labels(run))
    assert len(queue(run, most=100)) >= 1


@pytest.mark.parametrize(
    ("row", "sentence"), [("x,q,a,b,right", "'right' is no label"), ("x,q,a,b,wrong", "is of no answer")]
)
def test_a_table_that_is_wrong_is_refused_with_its_row(run: Path, tmp_path: Path, row: str, sentence: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"id,question,accepted,answer,label\n{row}\n")
    with pytest.raises(UsageError, match=r"row 2.*") as caught:
        read_csv(run, path)
    assert sentence in str(caught.value)
    assert read_labels(run) == {}


def test_a_cell_is_never_a_formula(run: Path, tmp_path: Path) -> None:
    task = replace(queue(run, most=1)[0], answer="=1+1")
    write_csv(tmp_path / "x.csv", [task])
    assert "'=1+1" in (tmp_path / "x.csv").read_text(encoding="utf-8-sig")


def test_a_skipped_answer_is_not_asked_again_and_counts_nowhere(run: Path) -> None:
    task = queue(run, most=1)[0]
    save(run, task, "skipped")
    assert task not in queue(run, most=100)
    assert read_labels(run) == {}
