from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.answers import Draft, Usage
from core.deadline import Deadline
from core.errors import BudgetReached, ModelUnavailable, SettingsError, UnknownCollection, UsageError
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, IngestSettings, ModelSettings, Price
from evaluation.dataset import Dataset, Evidence, load_dataset
from evaluation.evaluate import evaluate
from evaluation.gold import Corpus, find, gold_of
from evaluation.run.records import PASSAGES, Record, read_passages, read_records
from evaluation.run.run import GIVE_UP_AFTER, Progress, RunSummary, run
from evaluation.run.rungs import Subject, choose_rungs
from indexes.open import open_indexes
from ingest.pipeline import ingest
from service.answering.models.choose import open_model
from service.answering.models.protocol import Abilities, Generator, Prompt

TEXTS = {
    "fees.md": "# Fees\n\nThe annual fee is 40 francs.\n\n# Discounts\n\nMembers pay half.\n",
    "leave.md": "# Leave\n\nEvery employee has 28 days of leave.\n",
}
ROWS: list[dict[str, Any]] = [
    {
        "id": "fee",
        "question": "What is the annual fee?",
        "answers": ["40 francs"],
        "documents": ["fees.md"],
        "evidence": [{"document": "fees.md", "text": "annual  fee is\n40 francs"}],
    },
    {"id": "leave", "question": "How many days of leave?", "answers": ["28 days"], "documents": ["leave.md"]},
    {"id": "moon", "question": "Who owns the moon?", "unanswerable": True},
]
PRICE = Price(input=Decimal(1), output=Decimal(1))
ALL = ("closed_book", "manual", "rag", "oracle")


class Breaks:
    """A generator whose calls after the first `good` ones fail with `error`; it counts them."""

    def __init__(self, error: Exception, good: int = 0) -> None:
        self.error, self.good, self.calls = error, good, 0
        self.abilities = Abilities(structured="none", streams=False)

    def generate(self, prompt: Prompt, *, until: Deadline) -> Draft:
        del prompt, until
        self.calls += 1
        if self.calls > self.good:
            raise self.error
        return Draft(text="", quotes=(), usage=Usage(input_tokens=10), abstained=True)

    def stream(self, prompt: Prompt, *, until: Deadline) -> Iterator[Draft]:
        yield self.generate(prompt, until=until)

    def write(self, text: str, *, until: Deadline) -> None:
        del text, until


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    source = tmp_path / "source"
    source.mkdir()
    for name, text in TEXTS.items():
        (source / name).write_text(text)
    reply = '{"answer": "40 francs", "quotes": [{"passage": 1, "text": "40 francs"}]}'
    settings = Settings(
        data=tmp_path / "data",
        embedder=EmbedderSettings(kind="hashing"),
        models={"main": ModelSettings(kind="scripted", replies=(reply,), price=PRICE, in_flight=1)},
    )
    with open_indexes(settings) as indexes:
        ingest(indexes, source, collection="default", settings=IngestSettings())
        yield Subject(indexes=indexes, model=open_model(settings, "main", indexes.embedder), settings=settings)


@pytest.fixture
def questions(tmp_path: Path) -> Dataset:
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return load_dataset(path)


def ask(of: Dataset, subject: Subject, folder: Path, *names: str, budget: str = "5") -> RunSummary:
    rungs = choose_rungs(names or ALL)
    return run(of, rungs=rungs, subject=subject, folder=folder, budget_usd=Decimal(budget))


def breaking(subject: Subject, generator: Generator) -> Subject:
    return replace(subject, model=replace(subject.model, generator=generator))


def records(folder: Path) -> dict[tuple[str, str], Record]:
    return {key[:2]: record for key, record in read_records(folder / "records.jsonl").items()}


def test_every_question_is_put_to_every_rung_before_the_next_question(
    questions: Dataset, subject: Subject, tmp_path: Path
) -> None:
    summary = ask(questions, subject, tmp_path / "run")
    assert (summary.done, summary.total, summary.stopped) == (12, 12, "")
    rows = [json.loads(line) for line in (tmp_path / "run/records.jsonl").read_text().splitlines()]
    assert [row["rung"] for row in rows] == list(ALL) * 3
    assert all(len({row["question_id"] for row in rows[at : at + 4]}) == 1 for at in (0, 4, 8))


def test_each_rung_reads_what_it_should(questions: Dataset, subject: Subject, tmp_path: Path) -> None:
    ask(questions, subject, tmp_path / "run")
    found = records(tmp_path / "run")
    assert found["fee", "closed_book"].passages == ()
    assert {passage["document"] for passage in found["fee", "manual"].passages} == {"fees.md"}
    assert len(found["fee", "manual"].passages) == 2
    assert len(found["fee", "oracle"].passages) == 1
    assert found["fee", "oracle"].citations[0]["quote"] == "40 francs"
    assert found["fee", "rag"].retrieved is not None
    assert found["fee", "rag"].retrieved[0] == "fees.md"
    assert found["fee", "manual"].retrieved is None


def test_the_text_of_every_passage_is_kept_once_and_of_none_in_a_run_without_text(
    questions: Dataset, subject: Subject, tmp_path: Path
) -> None:
    ask(questions, subject, tmp_path / "run")
    ask(questions, subject, tmp_path / "run", "rag_bm25")
    shown = {one["chunk_id"] for record in records(tmp_path / "run").values() for one in record.passages}
    lines = [json.loads(line) for line in (tmp_path / "run" / PASSAGES).read_text().splitlines()]
    assert sorted(line["chunk_id"] for line in lines) == sorted(shown)
    assert any("40 francs" in text for text in read_passages(tmp_path / "run").values())
    evaluation = subject.settings.evaluation.model_copy(update={"report_text": False})
    silent = replace(subject, settings=subject.settings.model_copy(update={"evaluation": evaluation}))
    ask(questions, silent, tmp_path / "silent")
    assert read_passages(tmp_path / "silent") == {}


def test_the_unanswerable_gets_no_passages_by_hand_and_none_from_the_oracle(
    questions: Dataset, subject: Subject, tmp_path: Path
) -> None:
    ask(questions, subject, tmp_path / "run")
    found = records(tmp_path / "run")
    assert [found["moon", rung].reason for rung in ("manual", "oracle")] == ["no_relevant_passage"] * 2


def test_running_again_asks_only_what_is_missing(questions: Dataset, subject: Subject, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ask(questions, subject, folder, "closed_book")
    path = folder / "records.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2]) + lines[2][:40])
    assert ask(questions, subject, folder).done == 12
    assert path.read_text().startswith("".join(lines[:2]))
    assert len(path.read_text().splitlines()) == 12


def test_an_error_becomes_a_record_and_is_tried_again_next_time(
    questions: Dataset, subject: Subject, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    ask(questions, breaking(subject, Breaks(ValueError("odd\nreply"), good=1)), folder, "closed_book")
    statuses = [record.status for record in records(folder).values()]
    assert statuses == ["refused", "error", "error"]
    assert {record.error for record in records(folder).values()} == {"", "reply"}
    assert ask(questions, subject, folder, "closed_book").done == 3
    assert "error" not in [record.status for record in records(folder).values()]


def test_the_log_has_the_traceback_of_an_error_that_nobody_expected_and_of_no_other(
    questions: Dataset, subject: Subject, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ask(questions, breaking(subject, Breaks(SettingsError("no room"))), tmp_path / "expected", "closed_book")
    assert not caplog.records
    ask(questions, breaking(subject, Breaks(ValueError("a bug"))), tmp_path / "run", "closed_book")
    assert [record.message for record in caplog.records] == ["evaluation.failed"] * len(questions.items)
    assert caplog.records[0].exc_info
    assert "in generate" in caplog.text


def test_a_server_that_stays_away_ends_the_run(questions: Dataset, subject: Subject, tmp_path: Path) -> None:
    gone = Breaks(ModelUnavailable("no reply"))
    with pytest.raises(ModelUnavailable):
        ask(questions, breaking(subject, gone), tmp_path / "run")
    assert gone.calls == GIVE_UP_AFTER


@pytest.mark.parametrize("part", ["dataset", "model", "documents"])
def test_a_run_does_not_go_on_with_something_else(
    questions: Dataset, subject: Subject, tmp_path: Path, part: str
) -> None:
    ask(questions, subject, tmp_path / "run", "closed_book")
    if part == "dataset":
        questions = replace(questions, sha256="other")
    elif part == "model":
        model = open_model(subject.settings, "extractive", subject.indexes.embedder)
        subject = replace(subject, model=model)
    else:
        (tmp_path / "source/new.md").write_text("# New\n\nNew.\n")
        ingest(subject.indexes, tmp_path / "source", collection="default", settings=IngestSettings())
    with pytest.raises(UsageError, match=f"holds a run that differs in its {part}"):
        ask(questions, subject, tmp_path / "run", "closed_book")


def test_a_rung_can_be_added_to_a_run(questions: Dataset, subject: Subject, tmp_path: Path) -> None:
    ask(questions, subject, tmp_path / "run", "closed_book")
    assert ask(questions, subject, tmp_path / "run", "rag").done == 3
    assert json.loads((tmp_path / "run/manifest.json").read_text())["rungs"] == ["closed_book", "rag"]


def test_it_stops_before_the_cap_can_be_passed_and_keeps_whole_questions(
    questions: Dataset, subject: Subject, tmp_path: Path
) -> None:
    worst = Decimal(8192) / 1_000_000
    summary = ask(questions, subject, tmp_path / "run", "manual", "rag", budget=str(worst * 2))
    assert summary.stopped.startswith("Stopped at the budget")
    assert Decimal(0) < summary.spent_usd <= worst * 2
    assert summary.done in (2, 4)
    assert ask(questions, subject, tmp_path / "run", "manual", "rag").done == 6


def test_a_call_of_unknown_cost_counts_as_the_dearest(questions: Dataset, subject: Subject, tmp_path: Path) -> None:
    failing = breaking(subject, Breaks(ValueError("odd"), good=0))
    summary = ask(questions, failing, tmp_path / "run", "manual")
    assert summary.spent_usd == 2 * Decimal(8192) / 1_000_000


def test_the_line_ends_in_a_report_and_tells_how_far_it_is(
    subject: Subject, questions: Dataset, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    path = tmp_path / "questions.jsonl"
    page = evaluate(path, rungs=ALL, subject=subject, folder=tmp_path / "run", progress=seen.append)
    assert page.read_text().startswith("<!doctype html>")
    assert [(step.done, step.total) for step in seen] == [(number, 12) for number in range(1, 13)]
    results = json.loads((tmp_path / "run/results.json").read_text())
    assert list(results["rungs"]) == list(ALL)
    assert results["rungs"]["oracle"]["correct"] == 2


def test_a_stop_at_the_budget_still_reports(subject: Subject, questions: Dataset, tmp_path: Path) -> None:
    cap = Decimal(2 * 8192) / 1_000_000
    with pytest.raises(BudgetReached, match="The report on what was asked so far"):
        evaluate(
            tmp_path / "questions.jsonl",
            rungs=("manual", "rag"),
            subject=subject,
            folder=tmp_path / "run",
            budget_usd=cap,
        )
    assert "The run is not complete" in (tmp_path / "run/report.html").read_text()


def test_what_cannot_be_run_is_said_before_anything_is_written(
    questions: Dataset, subject: Subject, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="No rung is called 'ragg'"):
        choose_rungs(["rag", "ragg"])
    with pytest.raises(UnknownCollection):
        ask(questions, replace(subject, collection="none"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_evidence_is_found_whatever_stands_between_its_words() -> None:
    text = "A table:\nNespresso\t3,128\n“Quoted” well-known text."
    assert find(Evidence(document="d", text="nespresso  3,128"), text) == (9, 24)
    assert find(Evidence(document="d", text="Nespresso 3128"), text) == (9, 24)
    assert find(Evidence(document="d", text='"Quoted" well known'), text) == (26, 44)
    assert find(Evidence(document="d", text="absent words"), text) is None
    assert find(Evidence(document="d", start=2, end=7), text) == (2, 7)
    assert find(Evidence(document="d"), text) is None


def test_evidence_that_is_not_in_the_indexed_text_is_counted_and_the_document_stands_in(
    questions: Dataset, subject: Subject
) -> None:
    corpus = Corpus(subject.indexes, "default")
    (item, *_) = questions.items
    lost = item.model_copy(update={"evidence": (Evidence(document="fees.md", text="no such words"),)})
    gold = gold_of(lost, corpus, limit=8)
    assert (gold.evidence, gold.not_found, gold.level, len(gold.passages)) == (1, 1, "document", 2)
    gone = item.model_copy(update={"evidence": (Evidence(document="gone.md", text="x"),)})
    assert gold_of(gone, corpus, limit=8).not_found == 1
    assert gold_of(gone, corpus, limit=8).level == "none"


def test_evidence_in_a_heading_is_held_by_what_stands_under_it(questions: Dataset, subject: Subject) -> None:
    (item, *_) = questions.items
    heading = item.model_copy(update={"evidence": (Evidence(document="fees.md", text="Discounts"),)})
    (passage,) = gold_of(heading, Corpus(subject.indexes, "default"), limit=8).passages
    assert "Members pay half" in passage.text
