"""dataset -> records.jsonl: put every question to every rung, several at a time, each answer on disk as it comes."""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path

from core.answers import Answer, Hit
from core.deadline import Deadline
from core.errors import BudgetReached, Cancelled, ModelBusy, ModelUnavailable, TouchstoneError
from evaluation.dataset import Dataset, Item
from evaluation.gold import gold_of
from evaluation.run.budget import Budget, worst_case
from evaluation.run.concurrency import InFlight
from evaluation.run.contexts import Asked, Context
from evaluation.run.ledger import RECORDS, Ledger, open_ledger
from evaluation.run.manifest import begin, end
from evaluation.run.records import Key, Record, spent_on
from evaluation.run.rungs import Outcome, Rung, Subject
from evaluation.run.subject import library_of, places, provider
from service.answering.answer import Question, answer_from
from service.answering.models.choose import Model

logger = logging.getLogger(__name__)

QUESTIONS = "questions.jsonl"
__all__ = ["QUESTIONS", "RECORDS", "Progress", "RunSummary", "run"]
GIVE_UP_AFTER = 5
"""Calls in a row that the model's server may leave unanswered before the run stops."""
BUSY_PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try where a server takes no more calls now; all other errors were tried again below."""
Pair = tuple[Rung, int]
"""A rung and a replicate."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: answers on disk, answers wanted, USD spent in this and earlier sittings.

    `nearly_spent`: four fifths of the cap are.
    """

    done: int
    total: int
    spent_usd: Decimal
    nearly_spent: bool = False


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How a run ended. `stopped` holds the sentence that says why it is not complete; empty when it is."""

    folder: Path
    done: int
    total: int
    spent_usd: Decimal
    stopped: str = ""
    interrupted: bool = False


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
    Ctrl-C, or `progress` raising Cancelled, ends it after the calls under way; a second Ctrl-C ends those too.

    Raises:
        UsageError: the folder holds another run, or one that is being written.
        UnknownCollection: nothing was ingested under that name.
        ModelUnavailable: the model's server left several calls in a row unanswered.
    """
    subject.indexes.catalogue.require_collection(subject.collection, access=subject.access)
    folder.mkdir(parents=True, exist_ok=True)
    with open_ledger(folder) as ledger:
        manifest = begin(folder, dataset, subject, rungs)
        (folder / QUESTIONS).write_bytes(dataset.content)
        budget, state = Budget(cap=budget_usd, spent=ledger.spent), "broken off"
        try:
            with _OpenRun(dataset, rungs, subject, budget, ledger) as sitting:
                stopped = sitting.ask_all(progress)
            state = "interrupted" if sitting.interrupted else "stopped at the budget" if stopped else "complete"
        finally:
            end(folder, manifest, budget, state)
    return RunSummary(folder, sitting.answered, sitting.total, budget.spent, stopped, sitting.interrupted)


class _OpenRun:
    """One go at a run: what is asked, and what it may cost. One thread prepares questions; others ask the models."""

    def __init__(
        self, dataset: Dataset, rungs: Sequence[Rung], subject: Subject, budget: Budget, ledger: Ledger
    ) -> None:
        self.subject, self.budget, self.ledger = subject, budget, ledger
        self.items = list(dataset.items)
        random.Random(subject.settings.evaluation.seed).shuffle(self.items)
        self.pairs = [(rung, copy) for copy in range(subject.settings.evaluation.replicates) for rung in rungs]
        self.places = places(subject, rungs)
        self.library = library_of(subject)
        self.indexed = frozenset(subject.documents())
        self.total, self.answered = len(self.items) * len(self.pairs), 0
        self.flight: InFlight[tuple[Call, Record | None]] = InFlight(self.places)
        self.counting, self.stopping, self.until = threading.Lock(), threading.Event(), Deadline.never()
        self.in_a_row: Counter[str] = Counter()
        """Calls in a row that a provider left unanswered."""
        self.gone: ModelUnavailable | None = None
        self.interrupted = False
        self.with_texts = subject.settings.evaluation.report_text

    def __enter__(self) -> _OpenRun:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever happened: no call is begun any more, and none is left under way."""
        self.stopping.set()
        self.until.cancel()
        self.flight.close()

    def ask_all(self, progress: Callable[[Progress], None]) -> str:
        """Each question in turn, in an order drawn by the seed, where it has no answer yet; why it stopped, if it did.

        Raises:
            ModelUnavailable: a server left several calls in a row unanswered.
        """
        statuses = {record.key: record.status for record in self.ledger.known}
        lacks = [
            [pair for pair in self.pairs if statuses.get((item.id, pair[0].name, pair[1]), "error") == "error"]
            for item in self.items
        ]
        self.answered = self.total - sum(map(len, lacks))
        stopped = ""
        try:
            try:
                for item, missing in zip(self.items, lacks, strict=True):
                    self._send(self._prepared(item, missing), progress)
            except BudgetReached as reached:
                stopped = str(reached)
            self._land(progress, until_left=0)
        except (KeyboardInterrupt, Cancelled):
            self.interrupted, stopped = True, "Interrupted. What was measured is kept; run again to go on."
            self.stopping.set()
            self._land(lambda _: None, until_left=0)
        if self.gone:
            raise self.gone
        return stopped

    def _prepared(self, item: Item, missing: Sequence[Pair]) -> list[Call]:
        """The calls that a question still needs, with what the model is to read in each."""
        if not missing or self.stopping.is_set():
            return []
        limit = self.subject.settings.answering.passages
        asked = Asked(item, gold_of(item, self.library.corpus, limit=limit), self.library)
        lost = not_indexed(item, self.indexed)
        contexts: dict[str, Context | Exception] = {}
        calls = []
        for rung, copy in missing:
            if rung.name not in contexts:
                contexts[rung.name] = _context(rung, asked)
            context, model = contexts[rung.name], rung.model(self.subject)
            call = Call(asked=asked, rung=rung, replicate=copy, model=model, not_indexed=lost)
            if isinstance(context, Exception):
                self.ledger.keep(failed(call, context, attempts=0, billed=False))
                self.answered += 1
            else:
                calls.append(replace(call, context=context, worst=worst_case(item.question, context, model)))
        return calls

    def _send(self, calls: Sequence[Call], progress: Callable[[Progress], None]) -> None:
        """Set aside what the calls of a question can cost, and have them made."""
        if not calls:
            return
        worst = sum((call.worst for call in calls), Decimal(0))
        while not self.budget.reserve(worst):
            if not self.flight.outstanding:
                raise self.budget.reached(worst)
            self._land(progress, until_left=self.flight.outstanding - 1)
        for call in calls:
            self.flight.send(partial(self._ask, call), provider=provider(self.subject, call.model))
        self._land(progress, until_left=2 * sum(self.places.values()))

    def _land(self, progress: Callable[[Progress], None], *, until_left: int) -> None:
        """Wait for calls to end until no more than so many are left."""
        while self.flight.outstanding > until_left:
            call, record = self.flight.land()
            self.budget.settle(Decimal(0) if record is None else spent_on(record), worst=call.worst)
            self.answered += record is not None
            progress(Progress(self.answered, self.total, self.budget.spent, self.budget.nearly_spent))

    def _ask(self, call: Call) -> tuple[Call, Record | None]:
        """The record of one call, which is on disk by then; None for a call that was not made."""
        if self.stopping.is_set():
            return call, None
        self.ledger.begin(call.key, call.worst)
        for attempt in count(1):
            began = time.perf_counter()
            try:
                outcome = self._answered(call)
            except Cancelled:
                return call, None
            except ModelBusy as error:
                if attempt > len(BUSY_PAUSES) or self.stopping.wait(BUSY_PAUSES[attempt - 1]):
                    return call, self._unanswered(call, error, attempt)
            except ModelUnavailable as error:
                return call, self._unanswered(call, error, attempt)
            except Exception as error:  # noqa: BLE001 -- one of the few places that may: the run goes on
                return call, self.ledger.keep(failed(call, _told(error), attempts=attempt))
            else:
                if "generate" in outcome.timings_ms:
                    self.in_a_row[provider(self.subject, call.model)] = 0
                took = (time.perf_counter() - began) * 1000
                record = record_of(call, outcome, answer_ms=took, attempts=attempt)
                return call, self.ledger.keep(record, outcome.passages if self.with_texts else ())
        raise AssertionError

    def _answered(self, call: Call) -> Outcome:
        return answer_from(
            Question(text=call.asked.item.question, collection=self.subject.collection, mode=call.context.mode),
            call.context.hits,
            model=call.model,
            index_version=self.subject.indexes.version,
            settings=self.subject.settings.answering,
            until=self.until,
        )

    def _unanswered(self, call: Call, error: ModelUnavailable, attempts: int) -> Record:
        """A call that the server did not answer; after a few of them in a row the run stops."""
        at = provider(self.subject, call.model)
        with self.counting:
            self.in_a_row[at] += 1
            if self.in_a_row[at] >= GIVE_UP_AFTER:
                self.gone = self.gone or error
                self.stopping.set()
        return self.ledger.keep(failed(call, error, attempts=attempts, billed=not isinstance(error, ModelBusy)))


def _context(rung: Rung, asked: Asked) -> Context | Exception:
    """What a rung gives the model to read; the error where it cannot, since the other questions still count."""
    try:
        return rung.context(asked)
    except Exception as error:  # noqa: BLE001 -- as in `_ask`
        return _told(error)


def _told(error: Exception) -> Exception:
    """The same error, after its traceback went to the log where nobody expected it: a record keeps one line of it."""
    if not isinstance(error, TouchstoneError):
        logger.error("evaluation.failed", exc_info=error)
    return error


# One call of a run: what is asked, at most what it can cost, and the record that it leaves.


NOTHING = Context()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A question on a rung, ready to be asked. `worst`: the most that it can cost, in USD."""

    asked: Asked
    rung: Rung
    replicate: int
    model: Model
    context: Context = NOTHING
    worst: Decimal = Decimal(0)
    not_indexed: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """What its record is of."""
        return self.asked.item.id, self.rung.name, self.replicate


def record_of(call: Call, outcome: Outcome, *, answer_ms: float, attempts: int) -> Record:
    """What came of a call. `answer_ms`: from the context to the answer; searching is added to it."""
    answered = isinstance(outcome, Answer)
    latency_ms = round(call.context.timings_ms.get("total", 0.0) + answer_ms, 3)
    timings = {**call.context.timings_ms, **outcome.timings_ms, "total": latency_ms}
    ranked = call.context.ranked if call.rung.retrieves else None
    return Record(
        question_id=call.asked.item.id,
        rung=call.rung.name,
        replicate=call.replicate,
        status="answered" if answered else "refused",
        answer=outcome.text if isinstance(outcome, Answer) else "",
        reason="" if isinstance(outcome, Answer) else outcome.reason,
        citations=_citations(outcome),
        passages=tuple(
            {"chunk_id": passage.hit.chunk_id, "document": passage.hit.document, "page": passage.hit.page_start}
            for passage in outcome.passages
        ),
        retrieved=None if ranked is None else tuple(dict.fromkeys(hit.document for hit in ranked)),
        retrieved_chunks=None if ranked is None else tuple(hit.chunk_id for hit in ranked),
        gold=_gold(call),
        gold_in_context=_gold_in_context(call, [passage.hit for passage in outcome.passages]),
        truncated_share=call.context.truncated_share,
        usage={
            "input_tokens": outcome.usage.input_tokens,
            "cached_tokens": outcome.usage.cached_tokens,
            "output_tokens": outcome.usage.output_tokens,
        },
        cost_usd=outcome.cost_usd,
        at_most_usd=call.worst if outcome.cost_usd is None and call.model.price else None,
        latency_ms=latency_ms,
        timings_ms={stage: round(value, 3) for stage, value in timings.items()},
        attempts=attempts,
        model=outcome.served or outcome.model,
        index_version=outcome.index_version,
    )


def failed(call: Call, error: Exception, *, attempts: int, billed: bool = True) -> Record:
    """That a call came to nothing, and why. Unless it is known not to be `billed`, it may have cost what it could."""
    may_cost = billed and call.model.price is not None
    return Record(
        question_id=call.asked.item.id,
        rung=call.rung.name,
        replicate=call.replicate,
        status="error",
        error="".join(traceback.format_exception_only(error)).strip().splitlines()[-1],
        gold=_gold(call),
        at_most_usd=call.worst if may_cost else None,
        attempts=attempts,
        model=call.model.name,
    )


def not_indexed(item: Item, documents: frozenset[str]) -> tuple[str, ...]:
    """The gold documents of a question that are not among `documents`, each once."""
    named = [*(place.document for place in item.evidence), *item.documents]
    return tuple(name for name in dict.fromkeys(named) if name not in documents)


def _citations(outcome: Outcome) -> tuple[dict[str, object], ...]:
    return tuple(
        {
            "document": citation.document,
            "page": citation.page,
            "quote": citation.quote,
            "start": citation.start,
            "end": citation.end,
            "chunk_id": citation.chunk_id,
        }
        for citation in (outcome.citations if isinstance(outcome, Answer) else ())
    )


def _gold(call: Call) -> dict[str, object]:
    gold = call.asked.gold
    return {
        "chunk_ids": [hit.chunk_id for hit in gold.passages],
        "evidence": gold.evidence,
        "not_found": gold.not_found,
        "not_indexed": list(call.not_indexed),
        "level": gold.level,
    }


def _gold_in_context(call: Call, shown: Sequence[Hit]) -> bool | None:
    """Whether the prompt held any gold passage; None where there is none, or where nothing is given to read."""
    gold = {hit.chunk_id for hit in call.asked.gold.passages}
    if not gold or not call.rung.reads_documents:
        return None
    return any(hit.chunk_id in gold for hit in shown)
