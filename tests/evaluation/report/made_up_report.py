"""A run with everything that a report can show: eleven rungs, money, a judge, attribution, controls."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.settings.sections import EvaluationSettings
from evaluation.evaluate import rescore
from evaluation.report.write import write_report
from evaluation.run.manifest import write_json
from evaluation.run.records import PASSAGES, read_records, to_line
from tests.evaluation import made_up

LADDER = {  # right, wrong, milliseconds, USD a call
    "closed_book": (0.18, 0.22, 420, "0.0004"),
    "closed_book_best": (0.31, 0.2, 900, "0.0051"),
    "manual": (0.72, 0.1, 800, "0.0032"),
    "long_context": (0.66, 0.12, 5200, "0.0410"),
    "rag_bm25": (0.58, 0.14, 640, "0.0021"),
    "rag_dense": (0.61, 0.13, 655, "0.0021"),
    "rag": (0.78, 0.07, 690, "0.0022"),
    "rag_rerank": (0.8, 0.06, 1310, "0.0022"),
    "oracle": (0.85, 0.05, 500, "0.0011"),
    "random_context": (0.17, 0.25, 610, "0.0021"),
    "oracle_absent": (0.06, 0.3, 600, "0.0021"),
}
EVIDENCE = "The fee is 40 francs for each request."
SEARCHING = ("rag_bm25", "rag_dense", "rag", "rag_rerank", "oracle_absent")


def full(folder: Path, *, count: int = 30, **values: Any) -> Path:
    """A run folder with its reports; `values` are fields of EvaluationSettings."""
    draw = random.Random(7)
    rows = made_up.questions(count, unanswerable=count // 10, documents=max(1, count // 3))
    for row in rows:
        row["evidence"] = [{"document": name, "text": EVIDENCE} for name in row["documents"]]
    outcomes = {rung: [_drawn(draw, right, wrong) for _ in rows] for rung, (right, wrong, _, _) in LADDER.items()}
    costs = {"one_off_usd": {"rag": 400, "rag_rerank": 900}, "monthly_usd": {"rag": 15}, "resamples": 200}
    settings = EvaluationSettings.model_validate(costs | values)
    made_up.folder(folder, rows, outcomes, values=settings.model_dump(mode="json"))
    _detail(folder)
    rescore(folder)
    results = json.loads((folder / "results.json").read_text())
    write_json(folder / "results.json", results | {"judge": _judge()})
    write_report(folder)
    return folder


def _judge() -> dict[str, Any]:
    figures = {
        "instrument": "judge", "n": 30, "n_labelled": 40,
        "sensitivity": 0.93, "specificity": 0.88, "kappa": 0.81, "accuracy_raw": 0.66,
        "accuracy_corrected": 0.67, "low": 0.58, "high": 0.75,
    }  # fmt: skip
    return {name: figures | {"calibrated": name == "rag"} for name in ("closed_book", "rag", "rag_rerank")}


def _drawn(draw: random.Random, right: float, wrong: float) -> str:
    at = draw.random()
    return "correct" if at < right else "wrong" if at < right + wrong else "abstained"


def _detail(folder: Path) -> None:
    """What the rungs cost and took, what they read, and longer answers than a test needs."""
    rows = []
    for position, record in enumerate(read_records(folder / "records.jsonl").values()):
        _, _, milliseconds, usd = LADDER[record.rung]
        read = () if record.rung.startswith("closed") else tuple(
            {"chunk_id": f"c{page}", "document": f"manuals/fees-{position % 5}.pdf", "page": page} for page in (3, 4, 9)
        )  # fmt: skip
        cited = {"document": f"manuals/fees-{position % 5}.pdf", "page": 3, "start": 0, "end": 9, "chunk_id": "c3"}
        rows.append(
            replace(
                record,
                answer=record.answer and f"{record.answer}, as the schedule of fees in force since January says.",
                citations=({**cited, "quote": EVIDENCE},) if read and record.answer else (),
                passages=read,
                retrieved=("fees-0.md",) if record.rung in SEARCHING else None,
                gold={"chunk_ids": ["c3"], "not_found": 0},
                latency_ms=milliseconds * (0.7 + (position % 13) / 20),
                cost_usd=Decimal(usd),
            )
        )
    (folder / "records.jsonl").write_text("".join(map(to_line, rows)))
    around = "Whoever asks for a copy pays for it. " * 40
    shown = [
        {"chunk_id": f"c{page}", "text": f"{around}{EVIDENCE if page == 3 else ''} {around}"} for page in (3, 4, 9)
    ]
    (folder / PASSAGES).write_text("".join(json.dumps(row) + "\n" for row in shown))
