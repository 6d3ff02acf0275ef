"""How far each rung goes on the way from plain prompting to perfect retrieval, and where the rest is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluation.run.records import Key, Record
from evaluation.run.rungs import RUNGS
from evaluation.scoring.score import Score
from evaluation.statistics.inference import Floats, fieller
from evaluation.statistics.outcomes import Outcomes, by_question, outcomes

FOOT, CEILING = "closed_book", "oracle"


def headroom(
    scores: Mapping[str, Sequence[Score]], records: Mapping[Key, Record], rungs: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The gap between plain prompting and perfect retrieval, and what each rung that reads makes of it.

    `scores`: by rung; `rungs`: those of results.json. None unless both ends were measured. `recovered` of the rung
    "rag" stands at the top too, None where it was not measured or there is no way to go.
    """
    closed, oracle = (rungs.get(name, {}).get("accuracy") for name in (FOOT, CEILING))
    if closed is None or oracle is None:
        return None
    reading = [name for name in rungs if RUNGS[name].role == "rung" and RUNGS[name].reads_documents and name != FOOT]
    found = {name: _of_rung(name, scores, records) for name in reading}
    by_rung = {name: figures for name, figures in found.items() if figures}
    rag, gap = rungs.get("rag", {}).get("accuracy"), round(oracle - closed, 6)
    return {
        "closed_book": closed,
        "rag": rag,
        "oracle": oracle,
        "gap": gap,
        "recovered": round((rag - closed) / gap, 6) if rag is not None and gap > 0 else None,
        "rungs": by_rung,
    }


def _of_rung(
    name: str, scores: Mapping[str, Sequence[Score]], records: Mapping[Key, Record]
) -> dict[str, float | None] | None:
    """On the questions scored on the rung and on both ends.

    `recovered`: (rung - closed book) / (oracle - closed book) with Fieller's interval, None where the interval of the
    denominator holds 0. `retrieval_loss`: what the oracle gains on the questions whose gold did not reach the prompt,
    over all questions; `reading_loss`: on the others; together they are oracle - rung. `rescue_rate`: share right of
    what plain prompting has not; `harm_rate`: share not right of what it has.
    """
    of = outcomes({rung: scores[rung] for rung in (FOOT, name, CEILING)})
    if len(of.questions) < 2:
        return None
    closed, rung, oracle = (of.rows[each][:, 0] for each in (FOOT, name, CEILING))
    gap = float((oracle - closed).mean())
    missed = _missed(name, of, scores[name], records)
    interval = fieller(rung - closed, oracle - closed, of.groups) if gap > 0 else None
    known = bool(np.isfinite(missed).all())
    return {
        "accuracy": _rounded(float(rung.mean())),
        "recovered": _rounded(float((rung - closed).mean()) / gap) if gap > 0 else None,
        "recovered_low": _rounded(interval[0]) if interval else None,
        "recovered_high": _rounded(interval[1]) if interval else None,
        "retrieval_loss": _rounded(float((missed * (oracle - rung)).mean())) if known else None,
        "reading_loss": _rounded(float(((1 - missed) * (oracle - rung)).mean())) if known else None,
        "rescue_rate": _share(float((1 - closed) @ rung), float((1 - closed).sum())),
        "harm_rate": _share(float(closed @ (1 - rung)), float(closed.sum())),
        "questions": len(of.questions),
    }


def _missed(name: str, of: Outcomes, scores: Sequence[Score], records: Mapping[Key, Record]) -> Floats:
    """Share of the replicates of each question in which no gold passage reached the prompt; float64 (questions,).

    0 where there is no gold to miss: questions that cannot be answered, or whose evidence is not known.
    """
    replicates = by_question(scores)
    return np.array(
        [
            np.mean([missed_gold(records.get((question, name, score.replicate))) for score in replicates[question]])
            for question in of.questions
        ]
    )


def missed_gold(record: Record | None) -> float:
    """1 where a question has gold passages and none was in the prompt, 0 otherwise; not a number without a record."""
    if record is None:
        return float("nan")
    gold = set(record.gold.get("chunk_ids", ()))
    if not gold:
        return 0.0
    return float(not gold & {passage["chunk_id"] for passage in record.passages})


def _share(part: float, whole: float) -> float | None:
    return _rounded(part / whole) if whole > 1e-12 else None


def _rounded(value: float) -> float:
    return round(value, 6) + 0.0
