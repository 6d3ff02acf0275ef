"""Ragas: user_input, reference, reference_contexts; before version 0.2 question, ground_truth(s), contexts."""

from __future__ import annotations

import hashlib
from pathlib import Path

from evaluation.prepare.importers.rows import Options, Values, read_rows

QUESTION, REFERENCE = ("user_input", "question"), ("reference", "ground_truth", "ground_truths", "reference_answer")
GOLD = ("reference_contexts", "ground_truth_contexts")


def read(path: Path, options: Options) -> tuple[list[tuple[str, Values]], dict[str, str]]:
    """Every row. Each gold context becomes a document of its own, since Ragas names none.

    What a system retrieved or answered (`retrieved_contexts`, `contexts`, `response`, `answer`) is kept, not used.
    """
    rows: list[tuple[str, Values]] = []
    documents: dict[str, str] = {}
    for number, row in enumerate(read_rows(path, options), start=1):
        contexts = {_name(text): text for text in row.texts(GOLD)}
        documents |= contexts
        values = row.rest(*QUESTION, *REFERENCE, *GOLD, "id") | {
            "id": str(row.find(("id", "sample_id")) or f"{path.stem}-{number}"),
            "question": row.require(QUESTION, form="Ragas"),
            "answers": row.texts(REFERENCE) if isinstance(row.find(REFERENCE), list) else _one(row.find(REFERENCE)),
            "documents": tuple(contexts),
            "evidence": tuple({"document": name, "text": text} for name, text in contexts.items()),
            "split": row.find(("split",)) or options.split,
        }
        rows.append((row.where, values))
    return rows, documents


def _one(value: object) -> tuple[str, ...]:
    return (str(value).strip(),) if value is not None and str(value).strip() else ()


def _name(text: str) -> str:
    return f"context-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.txt"
