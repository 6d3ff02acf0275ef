"""Several calls under way: what a stop leaves, what is tried again, what is spent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from core.answers import Draft, Usage
from core.deadline import Deadline
from core.errors import Cancelled, ModelBusy, ModelUnavailable
from core.settings.sections import Price
from evaluation.dataset import Dataset, load_dataset
from evaluation.evaluate import evaluate
from evaluation.run.records import Record, read_all_records
from evaluation.run.run import GIVE_UP_AFTER, Progress, RunSummary, run
from evaluation.run.rungs import Subject, choose_rungs
from service.answering.models.protocol import Abilities, Prompt
from tests.evaluation.small_world import build, opened, with_model, with_values

COUNT, IN_FLIGHT = 12, 4
PRICE = Price(input=Decimal(1), output=Decimal(1))
RUNGS = ("closed_book", "rag")


class Stage:
    """A generator that does as it is told for each call, and knows how many were under way at once."""

    abilities = Abilities(structured="none", streams=False)

    def __init__(self, deed: Callable[[int], object] = lambda _: None, *, tokens: int = 10) -> None:
        self.tokens = tokens
        self.deed, self.calls, self.under_way, self.most = deed, 0, 0, 0
        self.lock = threading.Lock()

    def generate(self, prompt: Prompt, *, until: Deadline) -> Draft:
        del prompt
        until.require()
        with self.lock:
            self.calls += 1
            self.under_way += 1
            self.most, number = max(self.most, self.under_way), self.calls
        try:
            self.deed(number)
        finally:
            with self.lock:
                self.under_way -= 1
        return Draft(text="", quotes=(), usage=Usage(input_tokens=self.tokens), abstained=True)

    def stream(self, prompt: Prompt, *, until: Deadline) -> Iterator[Draft]:
        yield self.generate(prompt, until=until)

    def write(self, text: str, *, until: Deadline) -> None:
        del text, until


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    settings = build(tmp_path_factory.mktemp("flight"), COUNT)
    with opened(with_model(settings, price=PRICE, in_flight=IN_FLIGHT)) as found:
        yield found


@pytest.fixture
def dataset(world: Subject) -> Dataset:
    return load_dataset(world.settings.data.parent / "questions.jsonl")


def with_stage(subject: Subject, stage: Stage) -> Subject:
    return replace(subject, model=replace(subject.model, generator=stage))


def ask(
    dataset: Dataset,
    subject: Subject,
    folder: Path,
    budget: str = "5",
    progress: Callable[[Progress], None] = lambda _: None,
) -> RunSummary:
    rungs = choose_rungs(RUNGS)
    return run(dataset, rungs=rungs, subject=subject, folder=folder, budget_usd=Decimal(budget), progress=progress)


def records(folder: Path) -> list[Record]:
    return list(read_all_records(folder / "records.jsonl"))


def test_as_many_calls_are_under_way_as_the_model_allows_and_no_more(
    world: Subject, dataset: Dataset, tmp_path: Path
) -> None:
    full = threading.Barrier(IN_FLIGHT)
    stage = Stage(lambda _: full.wait(timeout=30))
    assert ask(dataset, with_stage(world, stage), tmp_path).done == COUNT * 2
    assert (stage.calls, stage.most) == (COUNT * 2, IN_FLIGHT)


def test_a_stop_at_the_budget_leaves_every_question_whole(world: Subject, dataset: Dataset, tmp_path: Path) -> None:
    summary = ask(dataset, with_stage(world, Stage(tokens=5000)), tmp_path, budget="0.07")
    assert summary.stopped.startswith("Stopped at the budget")
    assert summary.spent_usd <= Decimal("0.07")
    by_question: dict[str, set[str]] = {}
    for record in records(tmp_path):
        by_question.setdefault(record.question_id, set()).add(record.rung)
    assert 0 < len(by_question) < COUNT
    assert all(rungs == set(RUNGS) for rungs in by_question.values())


def test_four_fifths_of_the_budget_are_told(world: Subject, dataset: Dataset, tmp_path: Path) -> None:
    seen: list[Progress] = []
    stage = Stage()
    ask(dataset, with_stage(world, stage), tmp_path, progress=seen.append)
    assert not any(progress.nearly_spent for progress in seen)
    worst = with_stage(world, Stage(_fail))
    ask(dataset, worst, tmp_path / "dear", budget="0.1", progress=seen.append)
    assert seen[-1].nearly_spent


def _fail(_: int) -> None:
    raise ValueError("odd reply")


def test_an_interruption_keeps_the_calls_under_way_and_begins_no_other(
    world: Subject, dataset: Dataset, tmp_path: Path
) -> None:
    def stop(seen: Progress) -> None:
        if seen.done == 5:
            raise KeyboardInterrupt

    stage = Stage()
    summary = ask(dataset, with_stage(world, stage), tmp_path, progress=stop)
    assert summary.interrupted
    assert len(records(tmp_path)) == stage.calls < COUNT * 2
    assert json.loads((tmp_path / "manifest.json").read_text())["state"] == "interrupted"
    before = stage.calls
    assert ask(dataset, with_stage(world, stage), tmp_path).done == COUNT * 2
    assert stage.calls == COUNT * 2
    assert before < stage.calls
    assert len({record.key for record in records(tmp_path)}) == COUNT * 2


def test_an_interrupted_evaluation_still_reports(world: Subject, tmp_path: Path) -> None:
    def stop(seen: Progress) -> None:
        if seen.done == 10:
            raise Cancelled("enough")

    subject = with_stage(world, Stage())
    questions = world.settings.data.parent / "questions.jsonl"
    with pytest.raises(Cancelled, match="What was measured is kept"):
        evaluate(questions, rungs=RUNGS, subject=subject, folder=tmp_path, progress=stop)
    assert (tmp_path / "report.html").is_file()


def test_a_busy_server_is_asked_again_after_a_pause_and_is_not_billed(
    world: Subject, dataset: Dataset, tmp_path: Path
) -> None:
    def busy_at_first(number: int) -> None:
        if number == 1:
            raise ModelBusy("too many")

    one = replace(dataset, items=dataset.items[:1])
    stage = Stage(busy_at_first)
    summary = ask(one, with_stage(world, stage), tmp_path)
    assert stage.calls == 3
    assert sorted(record.attempts for record in records(tmp_path)) == [1, 2]
    assert summary.spent_usd == 2 * Decimal(10) / 1_000_000


def test_a_server_that_stays_away_ends_the_run_soon(world: Subject, dataset: Dataset, tmp_path: Path) -> None:
    def gone(_: int) -> None:
        raise ModelUnavailable("no reply")

    stage = Stage(gone)
    with pytest.raises(ModelUnavailable):
        ask(dataset, with_stage(world, stage), tmp_path)
    assert GIVE_UP_AFTER <= stage.calls <= GIVE_UP_AFTER + IN_FLIGHT


def test_what_failed_calls_may_have_cost_counts_in_every_sitting(
    world: Subject, dataset: Dataset, tmp_path: Path
) -> None:
    failing = ask(dataset, with_stage(world, Stage(_fail)), tmp_path)
    assert failing.spent_usd > 0
    assert all(record.at_most_usd for record in records(tmp_path))
    again = ask(dataset, with_stage(world, Stage()), tmp_path)
    assert again.spent_usd == failing.spent_usd + COUNT * 2 * Decimal(10) / 1_000_000


def test_every_replicate_is_asked_and_more_can_be_added(world: Subject, dataset: Dataset, tmp_path: Path) -> None:
    stage = Stage()
    subject = with_stage(world, stage)
    ask(dataset, subject, tmp_path)
    thrice = replace(subject, settings=with_values(subject.settings, replicates=3))
    assert ask(dataset, thrice, tmp_path).done == COUNT * 2 * 3
    assert stage.calls == COUNT * 2 * 3
    assert {record.replicate for record in records(tmp_path)} == {0, 1, 2}
    assert json.loads((tmp_path / "manifest.json").read_text())["replicates"] == 3


def test_a_document_that_is_not_indexed_is_named_and_its_rung_fails_alone(
    world: Subject, dataset: Dataset, tmp_path: Path
) -> None:
    lost = dataset.items[0].model_copy(update={"documents": ("gone.md",)})
    one = replace(dataset, items=(lost,))
    rungs = choose_rungs(["closed_book", "manual"])
    subject = with_stage(world, Stage())
    done = run(one, rungs=rungs, subject=subject, folder=tmp_path, budget_usd=Decimal(5))
    assert done.done == done.total == 2
    found = {record.rung: record for record in records(tmp_path)}
    assert (found["closed_book"].status, found["manual"].status) == ("refused", "error")
    assert "gone.md" in found["manual"].error
    assert found["closed_book"].gold["not_indexed"] == ["gone.md"]
    assert found["manual"].at_most_usd is None


def test_a_call_that_was_under_way_when_the_process_was_killed_counts_as_spent(
    world: Subject, dataset: Dataset, tmp_path: Path
) -> None:
    first = ask(dataset, with_stage(world, Stage()), tmp_path)
    whole = (tmp_path / "records.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "records.jsonl").write_text("".join(whole[:-1]) + whole[-1][:50])
    again = ask(dataset, with_stage(world, Stage()), tmp_path)
    assert again.done == COUNT * 2
    assert again.spent_usd > first.spent_usd + Decimal(512) / 1_000_000
    assert ask(dataset, with_stage(world, Stage()), tmp_path).spent_usd == again.spent_usd


def test_a_run_that_lacks_nothing_is_complete_under_any_budget(
    world: Subject, dataset: Dataset, tmp_path: Path
) -> None:
    ask(dataset, with_stage(world, Stage()), tmp_path)
    stage = Stage()
    again = ask(dataset, with_stage(world, stage), tmp_path, budget="0")
    assert (again.stopped, again.done, stage.calls) == ("", COUNT * 2, 0)
