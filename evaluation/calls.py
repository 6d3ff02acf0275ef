"""One call of a run: what is asked, at most what it can cost, and the record that it leaves."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.answers import Answer, Hit
from evaluation.contexts import Asked, Context
from evaluation.dataset import Item
from evaluation.records import Key, Record
from evaluation.rungs import Outcome, Rung
from service.answering.generators.choose import Model

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
