"""What is left of a run that did not end as it should: everything that was paid for, and a report on it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import BudgetReached, ModelUnavailable, UnknownCollection, UsageError
from core.settings.load import Settings
from core.settings.sections import ModelSettings, Price
from evaluation.dataset import Dataset
from evaluation.evaluate import evaluate, rescore
from evaluation.run.ledger import spent_in
from evaluation.run.manifest import MANIFEST, read_manifest, write_json
from evaluation.run.rungs import Subject
from evaluation.scoring.judging.judge import judge_folder
from service.answering.models.choose import open_model
from tests.evaluation import made_up
from tests.evaluation.run.test_run import Breaks, ask, breaking, questions, records, subject
from tests.evaluation.scoring.test_judge import Reader, model, settings

__all__ = ["questions", "subject"]  # fixtures
RUNGS = ("manual", "rag")


def results(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "results.json").read_text())
    return found


def test_a_run_whose_server_went_away_is_reported_with_what_it_spent(
    questions: Dataset, subject: Subject, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(ModelUnavailable):
        ask(questions, breaking(subject, Breaks(ModelUnavailable("no reply"), good=1)), folder)
    manifest = read_manifest(folder)
    assert (manifest["state"], manifest["budget_usd"]) == ("broken off", "5")
    assert Decimal(manifest["spent_usd"]) == spent_in(folder) > 0
    page = rescore(folder).read_text()
    assert "The run is not complete" in page


def test_a_run_that_was_killed_is_reported_with_what_it_may_have_spent(
    questions: Dataset, subject: Subject, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    ask(questions, subject, folder, "rag")
    ended = read_manifest(folder)
    lost = {"key": ["fee", "rag", 0], "at_most_usd": "0.5"}
    with (folder / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(lost) + "\n")
    killed = {name: value for name, value in ended.items() if name not in ("finished", "budget_usd", "spent_usd")}
    write_json(folder / MANIFEST, killed | {"state": "running"})
    rescore(folder)
    assert results(folder)["completeness"]["spent_usd"] == str(Decimal(ended["spent_usd"]) + Decimal("0.5"))  # type: ignore[index]


@pytest.mark.parametrize("line", ["{}", '"x"', "nonsense", '{"key": 3, "at_most_usd": "1"}'])
def test_an_odd_line_among_the_calls_is_named(questions: Dataset, subject: Subject, tmp_path: Path, line: str) -> None:
    ask(questions, subject, tmp_path / "run", "rag")
    (tmp_path / "run/calls.jsonl").write_text(line + "\n")
    with pytest.raises(UsageError, match=r"calls.jsonl line 1 is not a call"):
        rescore(tmp_path / "run")


def test_a_manifest_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(UsageError, match=r"manifest.json is not the manifest of a run"):
        read_manifest(tmp_path)


def test_a_judge_without_money_leaves_the_report_of_the_rules(
    questions: Dataset, subject: Subject, tmp_path: Path
) -> None:
    referee = ModelSettings(kind="openai", base_url="http://127.0.0.1:1/v1", model="m", price=Price(input=1, output=1))
    values = subject.settings.evaluation.model_copy(update={"judge": "referee", "judge_budget_usd": Decimal(0)})
    changed = Settings(
        data=subject.settings.data,
        embedder=subject.settings.embedder,
        models={**subject.settings.models, "referee": referee},
        evaluation=values,
    )
    path = tmp_path / "questions.jsonl"
    with pytest.raises(BudgetReached, match=r"with a larger evaluation\.judge_budget_usd"):
        evaluate(path, rungs=RUNGS, subject=replace(subject, settings=changed), folder=tmp_path / "run")
    assert (tmp_path / "run/report.html").exists()
    assert results(tmp_path / "run")["rungs"]


def test_a_judge_counts_what_it_asked_and_never_heard(tmp_path: Path) -> None:
    folder = made_up.folder(tmp_path, made_up.questions(40), {"rag": ["wrong"] * 40})
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            judge_folder(folder, model(Reader(good=0)), settings(), budget_usd=Decimal(1))
    lines = [json.loads(line) for line in (folder / "judge_calls.jsonl").read_text().splitlines()]
    asked = sum((Decimal(line["at_most_usd"]) for line in lines), Decimal(0))
    assert read_manifest(folder)["judge_spend"]["usd"] == pytest.approx(float(asked))
    with pytest.raises(BudgetReached):
        judge_folder(folder, model(Reader()), settings(), budget_usd=asked)


def test_a_run_that_goes_on_at_other_prices_has_all_its_answers_at_those(
    questions: Dataset, subject: Subject, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    ask(questions, subject, folder, "manual")
    dear = ModelSettings(**{**subject.settings.models["main"].model_dump(), "price": Price(input=50, output=50)})
    changed = Settings(data=subject.settings.data, embedder=subject.settings.embedder, models={"main": dear})
    later = replace(subject, settings=changed, model=open_model(changed, "main", subject.indexes.embedder))
    ask(questions, later, folder, "rag")
    rescore(folder)
    tokens = {rung: sum(records(folder)[of, rung].usage["input_tokens"] for of in ("fee", "leave")) for rung in RUNGS}
    found = results(folder)["rungs"]
    for rung in RUNGS:
        usd = found[rung]["usd_per_call"] * found[rung]["n"]  # type: ignore[index]
        assert usd > 49 * tokens[rung] / 1_000_000, rung
    assert "USD 50 for a million input tokens" in (folder / "report.html").read_text()


def test_a_start_that_fails_opens_no_held_out_question(subject: Subject, questions: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "held.jsonl"
    path.write_text("".join(json.dumps(json.loads(line) | {"split": "test"}) + "\n" for line in _lines(questions)))
    notes = path.with_name("held.jsonl.openings.jsonl")
    with pytest.raises(UnknownCollection):
        evaluate(path, rungs=RUNGS, subject=replace(subject, collection="none"), folder=tmp_path / "run")
    assert not notes.exists()
    evaluate(path, rungs=RUNGS, subject=subject, folder=tmp_path / "run")
    assert len(notes.read_text().splitlines()) == 1


def _lines(questions: Dataset) -> list[str]:
    return questions.content.decode().splitlines()
