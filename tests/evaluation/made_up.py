"""Runs made up for tests: a folder as `evaluation.run` writes it, with the outcomes a test wants."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.settings.sections import EvaluationSettings
from evaluation.dataset import Dataset, load_dataset
from evaluation.run.manifest import write_json
from evaluation.run.records import Record, to_line
from evaluation.scoring.score import Score

RIGHT = "The fee is 40 francs"
WRONG = "The fee is 99 francs"


def questions(count: int, *, unanswerable: int = 0, documents: int = 0) -> list[dict[str, Any]]:
    """Rows of a dataset; the last `unanswerable` ones have no answer. `documents`: how many they are spread over."""
    return [
        {
            "id": f"q{number}",
            "question": f"What is fee number {number}?",
            "answers": [] if number >= count - unanswerable else ["40 francs"],
            "documents": [] if number >= count - unanswerable else [f"fees-{number % (documents or count)}.md"],
            "unanswerable": number >= count - unanswerable,
        }
        for number in range(count)
    ]


def dataset(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Dataset:
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load_dataset(path)


def record(question: str, rung: str, outcome: str, **fields: Any) -> Record:
    """A record that scores as `outcome` on a question of `questions`."""
    answered = {"correct": RIGHT, "wrong": WRONG}.get(outcome)
    status = {"abstained": "refused", "unscored": "error"}.get(outcome, "answered")
    made: dict[str, Any] = {
        "question_id": question,
        "rung": rung,
        "replicate": 0,
        "status": status,
        "answer": answered or "",
        "reason": "no_relevant_passage" if status == "refused" else "",
        "error": "ModelUnavailable: gone" if status == "error" else "",
        "cost_usd": None if status == "error" else Decimal("0.001"),
        "latency_ms": None if status == "error" else 12.5,
        "retrieved": ("fees-0.md",) if rung == "rag" else None,
    }
    return Record(**made | fields)


def manifest(of: Dataset, rungs: Sequence[str], **fields: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "fingerprint": {"documents": "d0c"},
        "dataset": {"name": of.name, "sha256": of.sha256, "questions": len(of.items)},
        "model": {"name": "main", "kind": "openai", "model": "llama", "base_url": "http://127.0.0.1:1/v1"},
        "price_book": {"input": "0.6", "output": "0.6", "cached_input": None},
        "prompt_version": "p1",
        "index_version": "i1",
        "embedder": "hashing",
        "collection": "default",
        "documents": 3,
        "values": EvaluationSettings().model_dump(mode="json"),
        "seed": 7,
        "git_revision": None,
        "python": "3.11",
        "machine": "Linux x86_64, 2 cores",
        "packages": {"numpy": "2"},
        "rungs": list(rungs),
        "state": "complete",
        "started": "2026-01-02T03:04:05+00:00",
        "finished": "2026-01-02T03:05:05+00:00",
        "budget_usd": "5.00",
        "spent_usd": "0.40",
    } | fields


def folder(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    outcomes: Mapping[str, Sequence[str]],
    *,
    usage: Mapping[str, int] | None = None,
    **fields: Any,
) -> Path:
    """A run folder: `outcomes` holds, for each rung, one outcome for each question in order; `usage`: of each call."""
    of = dataset(path, rows)
    records = [
        record(item.id, rung, outcomes[rung][position], usage=dict(usage or {}))
        for position, item in enumerate(of.items)
        for rung in outcomes
    ]
    (path / "records.jsonl").write_text("".join(map(to_line, records)))
    write_json(path / "manifest.json", manifest(of, list(outcomes), **fields))
    return path


def scores(rung: str, outcomes: Sequence[str], *, clusters: int = 0, cost: str | None = "0") -> list[Score]:
    """Scores with the given outcomes; question n lies in cluster n modulo `clusters`, else in one of its own."""
    return [
        Score(
            question_id=f"q{number}",
            rung=rung,
            replicate=0,
            outcome=outcome,  # type: ignore[arg-type]
            abstained=outcome == "abstained",
            how="",
            unanswerable=False,
            cluster=f"c{number % clusters if clusters else number}",
            cost_usd=None if cost is None else Decimal(cost),
            latency_ms=10.0,
        )
        for number, outcome in enumerate(outcomes)
    ]
