"""scores -> the ladder: for each rung its outcomes with intervals, retrieval, length, latency."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation.money.spend import tokens
from evaluation.run.records import Record
from evaluation.scoring.retrieval import JUDGED, MEASURES
from evaluation.scoring.score import OutcomeName, Score
from evaluation.statistics.inference import Floats, Groups, share_interval
from evaluation.statistics.outcomes import outcomes

OUTCOMES: tuple[OutcomeName, ...] = ("correct", "wrong", "abstained", "unscored")


def aggregate(scores: Sequence[Score]) -> dict[str, Any]:
    """The figures of one rung. Counts are of answers; shares are of the questions that could be scored.

    Replicates are averaged within the question. `accuracy_low`/`accuracy_high`: 95 % interval, Wilson's with clusters
    (`share_interval`), as for `wrong_share` and `abstained_share`. `accuracy_worst`/`accuracy_best`: if everything
    unscored were wrong, or right. `correct` holds `right_refusals`: unanswerable questions that were refused.
    """
    counts = Counter(score.outcome for score in scores)
    n, unscored, correct = len(scores), counts["unscored"], counts["correct"]
    answered = [score for score in scores if score.outcome in ("correct", "wrong") and not score.abstained]
    right = sum(score.outcome == "correct" for score in answered)
    of = outcomes({"rung": scores})
    rows = of.rows["rung"]
    return {
        "n": n,
        **{outcome: counts[outcome] for outcome in OUTCOMES},
        "errors": sum(score.error for score in scores),
        "right_refusals": sum(score.outcome == "correct" and score.abstained for score in scores),
        **_share("accuracy", rows[:, 0], of.groups),
        "accuracy_worst": _rounded(correct / n) if n else None,
        "accuracy_best": _rounded((correct + unscored) / n) if n else None,
        **_share("wrong_share", rows[:, 1], of.groups),
        **_share("abstained_share", rows[:, 2], of.groups),
        "precision_when_answering": _rounded(right / len(answered)) if answered else None,
        **_quality(scores),
        **_latency(scores),
        "retrieval": _retrieval(scores),
    }


def of_records(records: Sequence[Record]) -> dict[str, Any]:
    """What the records of one rung add to its figures: model, tokens an answer, and what the prompts held.

    `truncated_share`: mean share of the collection that did not fit; `gold_in_context`: share of the answers with
    known evidence whose prompt held any of it. None where neither applies. `priced_at_most`: answers whose tokens the
    server did not report.
    """
    held = [float(record.gold_in_context) for record in records if record.gold_in_context is not None]
    return {
        "model": ", ".join(sorted({record.model for record in records if record.model})) or None,
        "tokens": tokens(records),
        "truncated_share": _mean([record.truncated_share for record in records if record.truncated_share is not None]),
        "gold_in_context": _mean(held),
        "priced_at_most": sum(
            record.cost_usd is None and record.at_most_usd is not None and record.status != "error"
            for record in records
        ),
    }


def _share(name: str, values: Floats, groups: Groups) -> dict[str, float | None]:
    low, high = share_interval(values, groups)
    return {
        name: _rounded(float(values.mean())) if len(values) else None,
        f"{name}_low": _rounded(low),
        f"{name}_high": _rounded(high),
    }


def _quality(scores: Sequence[Score]) -> dict[str, float | None]:
    return {
        "exact_match": _mean([float(score.exact_match) for score in scores if score.exact_match is not None]),
        "token_f1": _mean([score.token_f1 for score in scores if score.token_f1 is not None]),
        "answer_words_mean": _mean([score.answer_words for score in scores if score.answer_words is not None]),
        "citation_precision": _mean(
            [score.citation_precision for score in scores if score.citation_precision is not None]
        ),
        "citation_recall": _mean([score.citation_recall for score in scores if score.citation_recall is not None]),
    }


def _latency(scores: Sequence[Score]) -> dict[str, float | None]:
    """Percentiles over the calls that came back, interpolated linearly between neighbours."""
    times = [score.latency_ms for score in scores if score.latency_ms is not None]
    if not times:
        return {"latency_ms_p50": None, "latency_ms_p95": None}
    p50, p95 = np.percentile(times, [50, 95])
    return {"latency_ms_p50": round(float(p50), 1), "latency_ms_p95": round(float(p95), 1)}


def _retrieval(scores: Sequence[Score]) -> dict[str, Any] | None:
    measured = [score.retrieval for score in scores if score.retrieval is not None]
    if not measured:
        return None
    names = [*MEASURES, *(name for name in JUDGED if any(name in values for values in measured))]
    means = {name: _mean([values[name] for values in measured if name in values]) for name in names}
    return {**means, "questions": len(measured)}


def _mean(values: Sequence[float]) -> float | None:
    return _rounded(statistics.fmean(values)) if values else None


def _rounded(value: float) -> float:
    return round(value, 6)
