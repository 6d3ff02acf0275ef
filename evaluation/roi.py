"""What a rung is worth in money. Every formula is in docs/evaluation.md; amounts are USD, exact until they are written.

With p, w, a the shares of correct, wrong and abstained answers, x the cost of a call, v the value of a correct
answer, c the cost of a wrong one, e that of handing a question to a person, F a one-off and M a monthly cost spread
over Q questions a month and H months:

    net benefit per question = v p - c w - e a - x - (F / H + M) / Q
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from core.settings import EvaluationSettings
from evaluation.score import Score
from evaluation.statistics import Floats, cluster_means, percentile_interval, units

NOTHING = "answer_nothing"
"""What every rung must beat: no system, every question goes to a person. Refuses what cannot be answered, rightly."""
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Shares:
    """Means over questions: shares of correct, wrong and abstained, and USD a call (None without a price)."""

    correct: Decimal
    wrong: Decimal
    abstained: Decimal
    cost: Decimal | None


def shares(scores: Sequence[Score]) -> Shares | None:
    """Over the questions that could be scored; None when there is none. One call without a cost leaves it unknown."""
    scored = [score for score in scores if score.outcome != "unscored"]
    if not scored:
        return None
    n = len(scored)
    costs = [score.cost_usd for score in scored if score.cost_usd is not None]
    outcomes = [score.outcome for score in scored]
    return Shares(
        correct=Decimal(outcomes.count("correct")) / n,
        wrong=Decimal(outcomes.count("wrong")) / n,
        abstained=Decimal(outcomes.count("abstained")) / n,
        cost=sum(costs, ZERO) / n if len(costs) == n else None,
    )


def fixed_per_question(rung: str, values: EvaluationSettings) -> Decimal:
    """One-off and monthly costs, spread over the questions expected."""
    one_off, monthly = values.one_off_usd.get(rung, ZERO), values.monthly_usd.get(rung, ZERO)
    return (one_off / values.horizon_months + monthly) / values.queries_per_month


def price(rung: str, of: Shares | None, values: EvaluationSettings) -> dict[str, float | None]:
    """The money columns of a rung; None throughout where the model has no price.

    `usd_per_query` is all in: the calls and the share of fixed costs. `cost_of_pass_usd` is that divided by the
    share of correct answers (Erol et al. 2025, arXiv 2504.13359); None when nothing is correct.
    """
    if of is None or of.cost is None:
        return dict.fromkeys(("net_benefit_usd", "usd_per_query", "usd_per_call", "cost_of_pass_usd"))
    all_in = of.cost + fixed_per_question(rung, values)
    return {
        "net_benefit_usd": amount(_worth(of, values) - all_in),
        "usd_per_query": amount(all_in),
        "usd_per_call": amount(of.cost),
        "cost_of_pass_usd": amount(all_in / of.correct) if of.correct else None,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Economy:
    """What is known of the rungs on the questions that every one of them was scored on.

    `means`: rung -> float64 (resamples, 4): shares of correct, wrong, abstained, and USD a call, questions drawn
    anew in each row, the same ones for every rung. `points`: the same without resampling. Both hold `NOTHING`.
    """

    rungs: tuple[str, ...]
    deployable: tuple[str, ...]
    questions: int
    clusters: int
    points: dict[str, Floats]
    means: dict[str, Floats]

    def worth(self, rung: str, values: EvaluationSettings, *, resampled: bool = True) -> Floats:
        """Net benefit per question in USD: float64 (resamples,), or of shape () for the questions as they are."""
        table = self.means[rung] if resampled else self.points[rung]
        prices = [values.value_correct, -values.cost_wrong, -values.cost_abstained, -1]
        worth: Floats = table @ np.array(prices, dtype=np.float64) - float(fixed_per_question(rung, values))
        return worth

    def probability(self, rung: str, over: str, values: EvaluationSettings) -> float:
        """How often, questions drawn anew, the rung is worth more than the other one."""
        return float((self.worth(rung, values) - self.worth(over, values) > 1e-12).mean())

    def gain(self, rung: str, over: str, values: EvaluationSettings) -> tuple[float, float, float]:
        """Incremental net benefit per question in USD, with the ends of its 95 % interval."""
        point = self.worth(rung, values, resampled=False) - self.worth(over, values, resampled=False)
        low, high = percentile_interval(self.worth(rung, values) - self.worth(over, values))
        return float(point), low, high


def economy(
    scores: Sequence[Score], rungs: Sequence[str], deployable: Sequence[str], *, resamples: int, seed: int
) -> Economy | None:
    """Resample the questions that every rung was scored on; None when there is none, or a call has no cost."""
    by_rung = {rung: {s.question_id: s for s in scores if s.rung == rung and s.outcome != "unscored"} for rung in rungs}
    shared = [question for question in by_rung[rungs[0]] if all(question in by_rung[rung] for rung in rungs)]
    if not shared or any(by_rung[rung][question].cost_usd is None for rung in rungs for question in shared):
        return None
    first = [by_rung[rungs[0]][question] for question in shared]
    unanswerable = np.array([float(score.unanswerable) for score in first])
    zeros = np.zeros(len(shared))
    rows = {rung: np.array([_row(by_rung[rung][question]) for question in shared]) for rung in rungs}
    rows[NOTHING] = np.stack([unanswerable, zeros, 1 - unanswerable, zeros], axis=1)
    clusters = [score.cluster for score in first]
    return Economy(
        rungs=tuple(rungs),
        deployable=tuple(deployable),
        questions=len(shared),
        clusters=len(set(clusters)),
        points={rung: table.mean(axis=0) for rung, table in rows.items()},
        means=cluster_means(rows, units(clusters), resamples=resamples, seed=seed),
    )


def returns(of: Economy, values: EvaluationSettings) -> list[dict[str, Any]]:
    """Every rung against the lowest one: gain per question, break-even, payback, return.

    `break_even_queries_per_month` is None when no volume is enough; `roi` is None when the rung saves money.
    """
    baseline = of.deployable[0] if of.deployable else of.rungs[0]
    return [_return(of, rung, baseline, values) for rung in of.rungs if rung != baseline]


def _return(of: Economy, rung: str, baseline: str, values: EvaluationSettings) -> dict[str, Any]:
    point, low, high = of.gain(rung, baseline, values)
    one_off = float(values.one_off_usd.get(rung, ZERO) - values.one_off_usd.get(baseline, ZERO))
    monthly = float(values.monthly_usd.get(rung, ZERO) - values.monthly_usd.get(baseline, ZERO))
    fixed = one_off / values.horizon_months + monthly
    volume, months = values.queries_per_month, values.horizon_months
    per_call = point + fixed / volume
    correct, wrong, abstained, cost = of.points[rung] - of.points[baseline]
    surplus = volume * per_call - monthly
    invested = one_off + months * (volume * cost + monthly)
    losses = cost + fixed / volume + float(values.cost_wrong) * wrong + float(values.cost_abstained) * abstained
    return {
        "rung": rung,
        "baseline": baseline,
        "deployable": rung in of.deployable,
        "incremental_net_benefit_usd": amount(point),
        "low": amount(low),
        "high": amount(high),
        "probability_worth_it": round(of.probability(rung, baseline, values), 4),
        "usd_per_month": amount(point * volume),
        "break_even_queries_per_month": _ratio(max(fixed, 0.0), per_call),
        "payback_months": _ratio(max(one_off, 0.0), surplus),
        "roi": _ratio(months * surplus - one_off, invested),
        "break_even_value_of_correct_usd": _ratio(losses, correct),
        "questions": of.questions,
        "clusters": of.clusters,
    }


def amount(value: Decimal | float) -> float:
    """USD as it is written: to the millionth, never minus zero."""
    return float(round(Decimal(str(value)), 6)) + 0.0


def _worth(of: Shares, values: EvaluationSettings) -> Decimal:
    return values.value_correct * of.correct - values.cost_wrong * of.wrong - values.cost_abstained * of.abstained


def _row(score: Score) -> list[float]:
    return [*(float(score.outcome == name) for name in ("correct", "wrong", "abstained")), float(score.cost_usd or 0)]


def _ratio(part: float, whole: float) -> float | None:
    return round(float(part / whole), 6) + 0.0 if whole > 1e-12 else None
