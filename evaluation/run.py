"""dataset -> records.jsonl: put every question to every rung, and keep each answer before the next one is asked for."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import random
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from core.access import OWNER
from core.answers import Answer
from core.errors import BudgetReached, ModelUnavailable, UsageError
from evaluation.budget import Budget, worst_case
from evaluation.dataset import Dataset, Item
from evaluation.gold import Corpus, Gold, gold_of
from evaluation.manifest import new_manifest, read_manifest, refuse_changed, write_json
from evaluation.records import Key, Record, append, drop_torn_line, read_records
from evaluation.rungs import RUNGS, Outcome, Rung, Subject
from indexes.search import search

RECORDS = "records.jsonl"
QUESTIONS = "questions.jsonl"
RANKED_CHUNKS = 50
"""Chunks that are ranked to measure retrieval: enough for ten different documents."""
GIVE_UP_AFTER = 5
"""Calls in a row that the model's server may leave unanswered before the run stops."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: answers on disk, answers wanted, USD spent in this and earlier sittings."""

    done: int
    total: int
    spent_usd: Decimal


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How a run ended. `stopped` holds the sentence that says why it is not complete; empty when it is."""

    folder: Path
    done: int
    total: int
    spent_usd: Decimal
    stopped: str = ""


def run(
    dataset: Dataset,
    *,
    rungs: Sequence[Rung],
    subject: Subject,
    folder: Path,
    budget_usd: Decimal,
    progress: Callable[[Progress], None] = lambda _: None,
) -> RunSummary:
    """Ask what has not been asked yet, question by question over the rungs, and stop before the cap can be passed.

    Running it again on the same folder goes on where it stopped; errors are tried again. Money for all rungs of
    a question is set aside before the first, so that a stop leaves every question with all of its rungs or none.

    Raises:
        UsageError: the folder holds another run, or one that is being written.
        UnknownCollection: nothing was ingested under that name.
        ModelUnavailable: the model's server left several calls in a row unanswered.
    """
    subject.indexes.catalogue.require_collection(subject.collection, access=OWNER)
    folder.mkdir(parents=True, exist_ok=True)
    with _owned(folder / RECORDS) as records:
        manifest = _begin(folder, dataset, subject, rungs)
        known = read_records(folder / RECORDS)
        budget = _spent_so_far(known.values(), dataset, subject, budget_usd)
        done = {key for key, record in known.items() if record.status != "error"}
        sitting = _Sitting(dataset, rungs, subject, budget, records, done)
        stopped = ""
        try:
            for finished in sitting.ask_all():
                progress(finished)
        except BudgetReached as reached:
            stopped = str(reached)
        _end(folder, manifest, budget, stopped)
    return RunSummary(folder, sitting.answered, sitting.total, budget.spent, stopped)


class _Sitting:
    """One go at a run: what is asked, what is known, and what it may cost."""

    def __init__(
        self,
        dataset: Dataset,
        rungs: Sequence[Rung],
        subject: Subject,
        budget: Budget,
        records: BinaryIO,
        done: set[Key],
    ) -> None:
        self.items = list(dataset.items)
        random.Random(subject.settings.evaluation.seed).shuffle(self.items)
        self.rungs, self.subject, self.budget, self.records, self.done = rungs, subject, budget, records, done
        self.corpus = Corpus(subject.indexes, subject.collection)
        self.total = len(dataset.items) * len(rungs)
        self.answered = sum((item.id, rung.name, 0) in done for item in self.items for rung in rungs)
        self.unanswered_in_a_row = 0

    def ask_all(self) -> Iterator[Progress]:
        """Each question in turn, in an order drawn by the seed, on every rung that it lacks."""
        for item in self.items:
            missing = [rung for rung in self.rungs if (item.id, rung.name, 0) not in self.done]
            worst = {rung.name: worst_case(item, rung, self.subject.model) for rung in missing}
            self.budget.require(sum(worst.values(), Decimal(0)))
            gold = None
            for rung in missing:
                gold = gold or self._gold(item)
                record = self._ask(item, rung, gold)
                append(self.records, record)
                self.done.add(record.key)
                self.answered += 1
                self.budget.settle(record.cost_usd, worst=worst[rung.name])
                yield Progress(self.answered, self.total, self.budget.spent)

    def _gold(self, item: Item) -> Gold:
        return gold_of(item, self.corpus, limit=self.subject.settings.answering.passages)

    def _ask(self, item: Item, rung: Rung, gold: Gold) -> Record:
        """One answer; an error becomes a record that says so, since the other questions still count."""
        retrieved = self._retrieved(item) if rung.retrieves else None
        started = time.perf_counter()
        try:
            outcome = rung.answer(item, gold, self.subject)
        except ModelUnavailable as error:
            self.unanswered_in_a_row += 1
            if self.unanswered_in_a_row == GIVE_UP_AFTER:
                raise
            return _failed(item, rung, gold, error)
        except Exception as error:  # noqa: BLE001 -- one of the three places that may: the run goes on
            return _failed(item, rung, gold, error)
        latency_ms = (time.perf_counter() - started) * 1000
        if "generate" in outcome.timings_ms:
            self.unanswered_in_a_row = 0
        return _record(item, rung, gold, outcome, latency_ms=latency_ms, retrieved=retrieved)

    def _retrieved(self, item: Item) -> tuple[str, ...]:
        """The documents that search ranks highest, by their first chunk. Outside the time that is measured."""
        found = search(
            self.subject.indexes,
            item.question,
            access=OWNER,
            collection=self.subject.collection,
            limit=RANKED_CHUNKS,
        )
        return tuple(dict.fromkeys(hit.document for hit in found.hits))


def _record(
    item: Item, rung: Rung, gold: Gold, outcome: Outcome, *, latency_ms: float, retrieved: tuple[str, ...] | None
) -> Record:
    answered = isinstance(outcome, Answer)
    return Record(
        question_id=item.id,
        rung=rung.name,
        replicate=0,
        status="answered" if answered else "refused",
        answer=outcome.text if isinstance(outcome, Answer) else "",
        reason="" if isinstance(outcome, Answer) else outcome.reason,
        citations=tuple(
            {
                "document": citation.document,
                "page": citation.page,
                "quote": citation.quote,
                "start": citation.start,
                "end": citation.end,
                "chunk_id": citation.chunk_id,
            }
            for citation in (outcome.citations if isinstance(outcome, Answer) else ())
        ),
        passages=tuple(
            {"chunk_id": passage.hit.chunk_id, "document": passage.hit.document, "page": passage.hit.page_start}
            for passage in outcome.passages
        ),
        retrieved=retrieved,
        gold=_gold(gold),
        usage={
            "input_tokens": outcome.usage.input_tokens,
            "cached_tokens": outcome.usage.cached_tokens,
            "output_tokens": outcome.usage.output_tokens,
        },
        cost_usd=outcome.cost_usd,
        latency_ms=round(latency_ms, 3),
        timings_ms={stage: round(value, 3) for stage, value in outcome.timings_ms.items()},
        model=outcome.model,
        index_version=outcome.index_version,
    )


def _failed(item: Item, rung: Rung, gold: Gold, error: Exception) -> Record:
    last_line = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    return Record(question_id=item.id, rung=rung.name, replicate=0, status="error", error=last_line, gold=_gold(gold))


def _gold(gold: Gold) -> dict[str, object]:
    return {
        "chunk_ids": [hit.chunk_id for hit in gold.passages],
        "evidence": gold.evidence,
        "not_found": gold.not_found,
        "level": gold.level,
    }


def _begin(folder: Path, dataset: Dataset, subject: Subject, rungs: Sequence[Rung]) -> dict[str, object]:
    """The manifest of the run in this folder: a new one, or the one it began with if nothing that matters changed."""
    manifest = new_manifest(dataset, subject)
    names = [rung.name for rung in rungs]
    if (folder / "manifest.json").exists():
        before = read_manifest(folder)
        refuse_changed(folder, before["fingerprint"], manifest["fingerprint"])
        names = before["rungs"] + [name for name in names if name not in before["rungs"]]
        manifest["started"] = before["started"]
    else:
        manifest["started"] = _now()
    manifest |= {"rungs": names, "state": "running"}
    (folder / QUESTIONS).write_bytes(dataset.content)
    write_json(folder / "manifest.json", manifest)
    return manifest


def _end(folder: Path, manifest: dict[str, object], budget: Budget, stopped: str) -> None:
    manifest |= {
        "state": "stopped at the budget" if stopped else "complete",
        "finished": _now(),
        "budget_usd": str(budget.cap),
        "spent_usd": str(budget.spent),
    }
    write_json(folder / "manifest.json", manifest)


def _spent_so_far(records: Iterable[Record], dataset: Dataset, subject: Subject, cap: Decimal) -> Budget:
    budget = Budget(cap=cap)
    items = {item.id: item for item in dataset.items}
    for record in records:
        budget.settle(record.cost_usd, worst=worst_case(items[record.question_id], RUNGS[record.rung], subject.model))
    return budget


@contextlib.contextmanager
def _owned(path: Path) -> Iterator[BinaryIO]:
    """The records file, open for appending and ours alone, without a torn last line."""
    with path.open("ab") as records:
        try:
            fcntl.flock(records, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"{path.parent} is being written by another evaluation: wait for it to end.") from error
        drop_torn_line(path)
        yield records


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
