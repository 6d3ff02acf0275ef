"""What a run would take, before it is run; and whether search can help at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.errors import BudgetReached, DatasetError, MissingPrice
from core.settings.sections import EvaluationSettings, Price
from evaluation.dataset import Dataset, load_dataset
from evaluation.prepare.litmus import judge, litmus
from evaluation.prepare.plan import plan
from evaluation.prepare.sample import dataset_of, spread
from evaluation.run.records import read_records
from evaluation.run.run import run
from evaluation.run.rungs import Subject, choose_rungs
from tests.evaluation.made_up import scores
from tests.evaluation.small_world import build, opened, with_model

PRICE = Price(input=Decimal(1), output=Decimal(2))
COUNT = 20


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    settings = build(tmp_path_factory.mktemp("planned"), COUNT, known=2)
    with opened(with_model(settings, price=PRICE)) as found:
        yield found


@pytest.fixture
def questions(subject: Subject) -> Path:
    return subject.settings.data.parent / "questions.jsonl"


def test_a_plan_calls_no_model_and_the_run_costs_what_it_said(
    subject: Subject, questions: Path, tmp_path: Path
) -> None:
    rungs, dataset = choose_rungs(["closed_book", "rag", "oracle"]), load_dataset(questions)
    before = len(subject.model.generator.prompts)  # type: ignore[attr-defined]
    planned = plan(dataset, rungs=rungs, subject=subject)
    assert len(subject.model.generator.prompts) == before  # type: ignore[attr-defined]
    assert [(rung.rung, rung.calls, rung.refused) for rung in planned.rungs] == [
        ("closed_book", 20, 0),
        ("rag", 20, 0),
        ("oracle", 20, 0),
    ]
    run(dataset, rungs=rungs, subject=subject, folder=tmp_path, budget_usd=Decimal(5))
    for rung in planned.rungs:
        found = [record for record in read_records(tmp_path / "records.jsonl").values() if record.rung == rung.rung]
        words = sum(record.usage["input_tokens"] for record in found)
        assert words < rung.input_tokens_low < rung.input_tokens_high < 4 * words
        assert sum(record.cost_usd or 0 for record in found) < rung.usd_high
    assert planned.usd_low < planned.usd_high
    assert planned.smallest[0.2] == pytest.approx(0.28, abs=0.1) or planned.smallest[0.2] is None


def test_a_model_without_a_price_is_an_error_and_not_free(subject: Subject, questions: Path, tmp_path: Path) -> None:
    from evaluation.evaluate import evaluate

    unpriced = replace(subject, model=replace(subject.model, price=None))
    with pytest.raises(MissingPrice, match=r"\[models.reader\] price"):
        plan(load_dataset(questions), rungs=choose_rungs(["rag"]), subject=unpriced)
    with pytest.raises(MissingPrice):
        evaluate(questions, subject=unpriced, folder=tmp_path / "run", budget_usd=Decimal(1))
    with pytest.raises(MissingPrice):
        litmus(questions, subject=unpriced, folder=tmp_path / "run", budget_usd=Decimal(1))
    assert not (tmp_path / "run").exists()


def test_the_litmus_test_asks_a_few_questions_twice_and_goes_on_where_it_stopped(
    subject: Subject, questions: Path, tmp_path: Path
) -> None:
    with pytest.raises(BudgetReached):
        litmus(questions, subject=subject, folder=tmp_path, budget_usd=Decimal("0.023"))
    before = len(read_records(tmp_path / "records.jsonl"))
    found = litmus(questions, subject=subject, folder=tmp_path, budget_usd=Decimal(1))
    assert (found.decision, found.questions) == ("go", COUNT)
    assert 0 < before < len(read_records(tmp_path / "records.jsonl")) == 2 * COUNT
    assert found.gap is not None
    assert found.gap.low > 0.05
    assert json.loads((tmp_path / "litmus.json").read_text())["decision"] == "go"


def test_the_litmus_test_needs_questions_with_answers(subject: Subject, tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text(json.dumps({"id": "a", "question": "Who?", "unanswerable": True}) + "\n")
    with pytest.raises(DatasetError, match="no question with both"):
        litmus(path, subject=subject, folder=tmp_path / "run")


def world(plain: int, oracle: int, n: int = 50, **values: Any) -> tuple[str, str]:
    """What the litmus test says when so many of n questions are answered correctly without and with the passages."""
    outcomes = {"closed_book": ["correct"] * plain + ["wrong"] * (n - plain)}
    outcomes["oracle"] = ["correct"] * oracle + ["abstained"] * (n - oracle)
    found = judge([score for rung in outcomes for score in scores(rung, outcomes[rung])], EvaluationSettings(**values))
    return found.decision, found.sentence


def test_it_says_go_where_the_passages_help() -> None:
    decision, sentence = world(10, 45)
    assert decision == "go"
    assert "the right passages add 70 points (95 % interval 53 to 80) to 20 % without any" in sentence


def test_it_says_that_search_cannot_help_where_the_model_fails_with_the_right_passages() -> None:
    assert world(5, 10)[0] == "retrieval cannot help"
    assert world(5, 10, quality_bar=0.1)[0] == "go"


def test_it_says_no_headroom_only_where_the_interval_leaves_none() -> None:
    assert world(48, 48, n=200, margin=0.05, quality_bar=0.1)[0] == "no headroom"
    assert world(9, 9, n=20, margin=0.001, quality_bar=0.1)[0] == "go"


def test_it_says_nothing_on_a_handful_of_questions() -> None:
    assert world(1, 8, n=8)[0] == "unknown"


def test_a_sample_takes_one_of_each_cluster_before_a_second(questions: Path) -> None:
    items = [
        item.model_copy(update={"cluster": f"c{number % 5}"})
        for number, item in enumerate(load_dataset(questions).items)
    ]
    drawn = spread(items, 7, seed=1)
    assert len({item.cluster_name for item in drawn[:5]}) == 5
    assert len({item.id for item in drawn}) == 7
    assert drawn == spread(items, 7, seed=1) != spread(items, 7, seed=2)
    assert len(spread(items, 99, seed=1)) == COUNT


def test_a_sample_is_a_dataset_that_reads_back_as_it_is(questions: Path, tmp_path: Path) -> None:
    whole = load_dataset(questions)
    part: Dataset = dataset_of(whole.items[3:6], whole)
    (tmp_path / "part.jsonl").write_bytes(part.content)
    again = load_dataset(tmp_path / "part.jsonl")
    assert (again.items, again.sha256) == (whole.items[3:6], part.sha256)
