"""A run without a word of its questions, answers or documents, for reports that go to people who may not read them."""

from __future__ import annotations

from dataclasses import replace

from evaluation.dataset import Item
from evaluation.report.view import Run
from evaluation.run.records import Record
from evaluation.scoring.score import Score


def without_text(run: Run) -> Run:
    """The run with ids, figures and outcomes alone: no question, answer, quote, passage, document name or message."""
    return replace(
        run,
        items={key: _item(item) for key, item in run.items.items()},
        records={key: _record(record) for key, record in run.records.items()},
        scores={key: _score(score) for key, score in run.scores.items()},
        passages={},
        copies={key: [(_score(score), _record(record)) for score, record in of] for key, of in run.copies.items()},
    )


def _item(item: Item) -> Item:
    """What is kept is named here, and in `_record`, so that a field which is added later stays out."""
    return Item.model_construct(
        id=item.id, question="", unanswerable=item.unanswerable, answer_type=item.answer_type, split=item.split
    )


def _record(record: Record) -> Record:
    return Record(
        question_id=record.question_id,
        rung=record.rung,
        replicate=record.replicate,
        status=record.status,
        usage=record.usage,
        cost_usd=record.cost_usd,
        latency_ms=record.latency_ms,
    )


def _score(score: Score) -> Score:
    """`how` may quote the reference answer or an error message; a cluster is mostly the name of a document."""
    return replace(score, how="", cluster="")
