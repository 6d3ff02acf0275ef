"""A run with everything that a report can show: eleven rungs, money, a judge, attribution, controls."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from core.settings import EvaluationSettings
from evaluation.aggregate import aggregate
from evaluation.compare import compare_all, declared_pairs
from evaluation.dataset import load_dataset
from evaluation.manifest import read_manifest, write_json
from evaluation.records import read_records, to_line
from evaluation.roi import economy, price, returns, shares
from evaluation.score import Score, score_folder
from tests.evaluation import made_up

LADDER = {  # right, wrong, milliseconds, USD a call
    "closed_book": (0.18, 0.22, 420, "0.0004"),
    "closed_book_best": (0.31, 0.2, 900, "0.0051"),
    "manual": (0.72, 0.1, 800, "0.0032"),
    "long_context": (0.66, 0.12, 5200, "0.0410"),
    "rag_bm25": (0.58, 0.14, 640, "0.0021"),
    "rag_dense": (0.61, 0.13, 655, "0.0021"),
    "rag": (0.68, 0.11, 690, "0.0022"),
    "rag_rerank": (0.7, 0.1, 1310, "0.0022"),
    "oracle": (0.81, 0.07, 500, "0.0011"),
    "random_context": (0.17, 0.25, 610, "0.0021"),
    "oracle_absent": (0.06, 0.3, 600, "0.0021"),
}
LABELS = {
    "closed_book": "Plain prompting",
    "closed_book_best": "Plain prompting, best model",
    "manual": "Documents by hand",
    "long_context": "Long context",
    "rag_bm25": "RAG, words alone",
    "rag_dense": "RAG, meaning alone",
    "rag": "RAG",
    "rag_rerank": "RAG, reranked",
    "oracle": "Perfect retrieval",
    "random_context": "Random passages",
    "oracle_absent": "Right passage missing",
}
SEARCHING = ("rag_bm25", "rag_dense", "rag", "rag_rerank")
ROLES = {"oracle": "ceiling", "random_context": "control", "oracle_absent": "control"}
CAUSES = ("not_in_corpus", "not_indexed", "not_retrieved", "not_packed", "not_used", "grader_in_doubt")
SENTENCE = "Climb to RAG: it is worth USD 0.90 more per question than plain prompting (95 % interval 0.72 to 1.08)."


def full(folder: Path, *, count: int = 60, decision: str = "climb", sentence: str = SENTENCE) -> Path:
    """A run folder with results.json in its fullest form; the figures are made up, and agree with one another."""
    draw = random.Random(7)
    rows = made_up.questions(count, unanswerable=count // 10, documents=max(1, count // 3))
    outcomes = {rung: [_drawn(draw, right, wrong) for _ in rows] for rung, (right, wrong, _, _) in LADDER.items()}
    values = EvaluationSettings(one_off_usd={"rag": 400, "rag_rerank": 900}, monthly_usd={"rag": 15})
    made_up.folder(folder, rows, outcomes, values=values.model_dump(mode="json"))
    _detail(folder)
    scores = score_folder(folder)
    write_json(folder / "results.json", results(folder, scores, values, decision=decision, sentence=sentence))
    return folder


def results(
    folder: Path, scores: Sequence[Score], values: EvaluationSettings, *, decision: str, sentence: str
) -> dict[str, Any]:
    """The content of results.json."""
    dataset, manifest = load_dataset(folder / "questions.jsonl"), read_manifest(folder)
    by_rung = {name: [score for score in scores if score.rung == name] for name in LADDER}
    deployable = [name for name in LADDER if name not in ROLES]
    of = economy(scores, list(LADDER), deployable, resamples=200, seed=7)
    assert of
    kinds = {name: "control" for name, role in ROLES.items() if role == "control"}
    rungs = {name: _rung(name, by_rung[name], values) for name in LADDER}
    compared = compare_all(scores, declared_pairs(list(LADDER)), resamples=200, seed=7)
    adjacent = set(declared_pairs(list(LADDER))[: len(LADDER) - 1])
    for row in compared:
        kind = kinds.get(row["rung"], "adjacent" if (row["baseline"], row["rung"]) in adjacent else "closed_book")
        row |= {"kind": kind, "equivalent": {"margin": 0.05, "p_value": 0.01} if row["rung"] == "rag_rerank" else None}
    return {
        "schema": 1,
        "dataset": {**manifest["dataset"], "unanswerable": len(dataset.items) // 10, "clusters": of.clusters},
        "rungs": rungs,
        "comparisons": compared,
        "roi": [row | {"icer_usd": 0.0123, "dominated": row["rung"] == "rag_dense"} for row in returns(of, values)],
        "verdict": {
            "decision": decision,
            "rung": "rag" if decision == "climb" else None,
            "sentence": sentence,
            "flips": [{"assumption": "cost_wrong", "sentence": "If a wrong answer costs more than USD 4.67: stop."}],
            "assumptions": ["A correct answer is worth USD 1.00.", "1,000 questions a month over 12 months."],
        },
        "values": values.model_dump(mode="json"),
        "headroom": _headroom(rungs),
        "floor": {"name": "answer_nothing", "net_benefit_usd": -0.16, "accuracy": 0.1},
        "completeness": {
            "questions": len(dataset.items), "evidence": 40, "gold_not_found": 2, "questions_with_gold_not_found": 1,
            "budget_usd": "5.00", "spent_usd": "1.9", "state": "complete",
        },
        "money": _money(of, values, deployable),
        "attribution": {name: _attribution(by_rung[name]) for name in SEARCHING},
        "judge": {
            name: {
                "n_labelled": 40, "sensitivity": 0.93, "specificity": 0.88, "kappa": 0.81, "accuracy_raw": 0.66,
                "accuracy_corrected": 0.67, "low": 0.58, "high": 0.75, "calibrated": name != "closed_book",
            }
            for name in ("closed_book", *SEARCHING)
        },
        "spend": {
            **{
                name: {"calls": len(rows), "input_tokens": 90_000, "cached_tokens": 0, "output_tokens": 4_000,
                       "usd": 0.18}
                for name, rows in by_rung.items()
            },
            "judge": {"calls": 210, "input_tokens": 80_000, "cached_tokens": 0, "output_tokens": 900, "usd": 0.12},
            "total_usd": 2.1,
            "cap_usd": 5.0,
        },
        "split": {"name": "test", "openings": 1},
    }  # fmt: skip


def _money(of: Any, values: EvaluationSettings, deployable: Sequence[str]) -> dict[str, Any]:
    grid = [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
    volumes = [100, 300, 1000, 3000, 10000, 30000]
    best = {value: _best(of, values.model_copy(update={"value_correct": value}), deployable) for value in grid}
    return {
        "acceptability": {
            "value_correct": grid,
            "probability_best": {name: [best[value][name] for value in grid] for name in deployable},
        },
        "break_even": {
            "queries_per_month": volumes,
            "net_benefit_usd_per_month": {
                name: [
                    volume * float(of.worth(name, values.model_copy(update={"queries_per_month": volume}),
                                            resampled=False))
                    for volume in volumes
                ]
                for name in deployable
            },
        },
        "evpi_usd_per_question": 0.004,
        "evpi_usd": 48.0,
        "tornado": [
            {"assumption": "value_correct", "low": 0.5, "high": 2.0, "at_low_usd": 0.6, "at_high_usd": 1.4},
            {"assumption": "cost_wrong", "low": 1.0, "high": 4.0, "at_low_usd": 1.0, "at_high_usd": 0.7},
            {"assumption": "queries_per_month", "low": 500, "high": 2000, "at_low_usd": -0.1, "at_high_usd": 1.0},
        ],
    }  # fmt: skip


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
                citations=({**cited, "quote": "The fee is 40 francs for each request."},)
                if read and record.answer
                else (),
                passages=read,
                retrieved=("fees-0.md",) if record.rung in SEARCHING else None,
                gold={"chunk_ids": ["c3"], "not_found": 0},
                latency_ms=milliseconds * (0.7 + (position % 13) / 20),
                cost_usd=Decimal(usd),
            )
        )
    (folder / "records.jsonl").write_text("".join(map(to_line, rows)))


def _rung(name: str, scores: Sequence[Score], values: EvaluationSettings) -> dict[str, Any]:
    figures = aggregate(scores)
    return {
        "label": LABELS[name],
        "description": f"What {LABELS[name].lower()} is given to read",
        "role": ROLES.get(name, "rung"),
        "deployable": name not in ROLES,
        "model": "llama",
        "tokens": {"input": 1500.0, "cached": 0.0, "output": 60.0},
        **figures,
        "wrong_share": figures["wrong"] / figures["n"],
        "wrong_share_low": max(0.0, figures["wrong"] / figures["n"] - 0.05),
        "wrong_share_high": figures["wrong"] / figures["n"] + 0.06,
        "abstained_share": figures["abstained"] / figures["n"],
        "abstained_share_low": max(0.0, figures["abstained"] / figures["n"] - 0.05),
        "abstained_share_high": figures["abstained"] / figures["n"] + 0.06,
        "truncated_share": 0.34 if name == "long_context" else None,
        "gold_in_context": 0.83 if name in SEARCHING else None,
        **price(name, shares(scores), values),
    }


def _best(of: Any, values: EvaluationSettings, names: Sequence[str]) -> dict[str, float]:
    table = np.stack([of.worth(name, values) for name in names])
    won = np.bincount(table.argmax(axis=0), minlength=len(names)) / table.shape[1]
    return dict(zip(names, map(float, won), strict=True))


def _headroom(rungs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    closed, oracle = rungs["closed_book"]["accuracy"], rungs["oracle"]["accuracy"]
    gap = oracle - closed
    return {
        "closed_book": closed,
        "rag": rungs["rag"]["accuracy"],
        "oracle": oracle,
        "gap": gap,
        "recovered": (rungs["rag"]["accuracy"] - closed) / gap,
        "rungs": {
            name: {
                "accuracy": rungs[name]["accuracy"],
                "recovered": (rungs[name]["accuracy"] - closed) / gap,
                "recovered_low": 0.6,
                "recovered_high": 0.95,
                "retrieval_loss": 0.6 * (oracle - rungs[name]["accuracy"]),
                "reading_loss": 0.4 * (oracle - rungs[name]["accuracy"]),
                "rescue_rate": 0.62,
                "harm_rate": 0.04,
            }
            for name in SEARCHING
        },
    }


def _attribution(scores: Sequence[Score]) -> dict[str, Any]:
    wrong = [score.question_id for score in scores if score.outcome in ("wrong", "abstained")]
    questions = {cause: wrong[number :: len(CAUSES)] for number, cause in enumerate(CAUSES)}
    return {
        "wrong": len(wrong),
        "causes": {cause: len(ids) for cause, ids in questions.items()},
        "questions": json.loads(json.dumps(questions)),
    }
