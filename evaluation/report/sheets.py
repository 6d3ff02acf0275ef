"""ladder.csv and items.csv: the figures of each rung, and each question on each rung, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from evaluation.cells import cell
from evaluation.report.questions import causes_of
from evaluation.report.view import Run
from evaluation.run.records import Record
from evaluation.scoring.retrieval import MEASURES
from evaluation.scoring.score import Score

OF_SCORE = (
    "outcome", "abstained", "unanswerable", "error", "exact_match", "token_f1", "answer_words", "citation_precision",
    "citation_recall", "gold_not_found", "rule_in_doubt", "judge", "cost_usd", "latency_ms",
)  # fmt: skip
NOT_FLAT = ("label", "description", "retrieval", "tokens")


def ladder_csv(run: Run) -> str:
    """One row a rung, with every figure of results.json."""
    rows = [
        {"rung": name, "label": figures["label"], **_flat(figures)} for name, figures in run.results["rungs"].items()
    ]
    return _sheet(dict.fromkeys(key for row in rows for key in row), rows)


def items_csv(run: Run) -> str:
    """One row a question, rung and replicate, in the order of the questions and the ladder."""
    causes = causes_of(run.results)
    text = ("question", "accepted", "answer", "how", "cluster", "cited") if run.has_text else ()
    columns = ("question_id", "rung", "replicate", "split", *OF_SCORE, "cause", *MEASURES, *text)
    rows = [
        _row(run, score, record, causes.get((rung, question)))
        for question in run.items
        for rung in run.results["rungs"]
        if (question, rung) in run.scores
        for score, record in (
            (run.scores[question, rung], run.records[question, rung]),
            *run.copies.get((question, rung), ()),
        )
    ]
    return _sheet(columns, rows)


def _row(run: Run, score: Score, record: Record, cause: str | None) -> dict[str, object]:
    item = run.items[score.question_id]
    return {
        "question_id": score.question_id,
        "rung": score.rung,
        "replicate": score.replicate,
        "split": item.split,
        **{name: getattr(score, name) for name in OF_SCORE},
        "cause": cause,
        **(score.retrieval or {}),
        "question": item.question,
        "accepted": " / ".join(item.answers),
        "answer": record.answer,
        "how": score.how,
        "cluster": score.cluster,
        "cited": "; ".join(dict.fromkeys(citation["document"] for citation in record.citations)),
    }


def _flat(figures: Mapping[str, Any]) -> dict[str, object]:
    plain = {name: value for name, value in figures.items() if name not in NOT_FLAT}
    nested = [
        (f"{outer}_{name}" if outer == "tokens" else name, value)
        for outer in ("tokens", "retrieval")
        for name, value in (figures.get(outer) or {}).items()
    ]
    return plain | dict(nested)


def _sheet(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> str:
    text = io.StringIO()
    sheet = csv.DictWriter(text, list(columns), extrasaction="ignore", lineterminator="\n")
    sheet.writeheader()
    sheet.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return cell(value) if isinstance(value, str) else value
