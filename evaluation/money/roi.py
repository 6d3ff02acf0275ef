"""What a rung is worth in money. Every formula is in docs/evaluation.md; amounts are USD, exact until they are written.

With p, w, a the shares of correct, wrong and abstained answers, x the cost of a call, v the value of a correct
answer, c the cost of a wrong one, e that of handing a question to a person, F a one-off and M a monthly cost spread
over Q questions a month and H months:

    net benefit per question = v p - c w - e a - x - (F / H + M) / Q
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from core.settings.sections import EvaluationSettings
from evaluation.scoring.score import Score
from evaluation.statistics.inference import Floats, cluster_means
from evaluation.statistics.outcomes import COLUMNS, Outcomes, by_question, outcomes
from evaluation.statistics.paired import Estimates, Paired

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
    """Over the questions that could be scored, replicates averaged first; None when there is none.

    One call without a cost leaves the cost unknown.
    """
    found = by_question(scores)
    if not found:
        return None
    priced = all(score.cost_usd is not None for replicates in found.values() for score in replicates)
    correct, wrong, abstained = (
        _mean([_mean([Decimal(score.outcome == name) for score in replicates]) for replicates in found.values()])
        for name in COLUMNS
    )
    cost = _mean([_mean([score.cost_usd or ZERO for score in replicates]) for replicates in found.values()])
    return Shares(correct, wrong, abstained, cost if priced else None)


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
        "net_benefit_usd": amount(worth(of, rung, values)),
        "usd_per_query": amount(all_in),
        "usd_per_call": amount(of.cost),
        "cost_of_pass_usd": amount(all_in / of.correct) if of.correct else None,
    }


def worth(of: Shares, rung: str, values: EvaluationSettings) -> Decimal:
    """Net benefit per question in USD."""
    earned = values.value_correct * of.correct - values.cost_wrong * of.wrong - values.cost_abstained * of.abstained
    return earned - (of.cost or ZERO) - fixed_per_question(rung, values)


@dataclass(frozen=True, kw_only=True)
class Economy:
    """What is known of the rungs on the questions that every one of them was scored on; all hold `NOTHING` too.

    `points`: rung -> exact shares and cost. `table`: the same question by question. `deployable` are the rungs that
    could run in production, in the order of the ladder.
    """

    rungs: tuple[str, ...]
    deployable: tuple[str, ...]
    points: Mapping[str, Shares]
    table: Outcomes
    resamples: int = 2000
    seed: int = 7

    @property
    def questions(self) -> int:
        """How many questions every rung was scored on."""
        return len(self.table.groups)

    @property
    def clusters(self) -> int:
        """How many groups of alike questions they fall into."""
        return self.table.clusters

    @cached_property
    def means(self) -> dict[str, Floats]:
        """Rung -> float64 (resamples, 4): the columns of `table`, whole clusters drawn anew, alike for every rung."""
        return cluster_means(self.table.rows, self.table.groups, resamples=self.resamples, seed=self.seed)

    @cached_property
    def pairs(self) -> dict[tuple[str, str], int]:
        """(lower, higher) -> its place in the estimates of `gains`; answering nothing is the lowest."""
        return {pair: place for place, pair in enumerate(combinations((NOTHING, *self.rungs), 2))}

    @cached_property
    def _paired(self) -> Paired:
        return Paired([(self.table.rows[low], self.table.rows[high]) for low, high in self.pairs], self.table.groups)

    def resampled_worth(self, rung: str, values: EvaluationSettings) -> Floats:
        """Net benefit per question in USD in each resample: float64 (resamples,)."""
        worths: Floats = self.means[rung] @ prices(values) - float(fixed_per_question(rung, values))
        return worths

    def worth(self, rung: str, values: EvaluationSettings) -> Decimal:
        """Net benefit per question in USD, on the questions as they are."""
        return worth(self.points[rung], rung, values)

    def probability(self, rung: str, over: str, values: EvaluationSettings) -> float:
        """How often, questions drawn anew, the rung is worth more than the other one."""
        return float((self.resampled_worth(rung, values) - self.resampled_worth(over, values) > 1e-12).mean())

    def gains(self, values: EvaluationSettings) -> Estimates:
        """Gain per question in USD of the higher over the lower rung, for each of `pairs`."""
        fixed = {rung: float(fixed_per_question(rung, values)) for rung in (NOTHING, *self.rungs)}
        return self._paired.estimate(
            prices(values),
            stake=np.array([_stake(self.points[low], values) for low, _ in self.pairs]),
            fixed=np.array([fixed[high] - fixed[low] for low, high in self.pairs]),
        )

    def wrong_rises(self) -> Estimates:
        """Rise of the share of wrong answers from the lower to the higher rung, for each of `pairs`."""
        return self._paired.estimate(np.array([0.0, 1.0, 0.0, 0.0]), stake=1.0)

    def at_token_prices(self, factor: float) -> Economy:
        """The same answers where every call costs so many times as much."""
        points = {
            rung: replace(of, cost=None if of.cost is None else of.cost * Decimal(str(factor)))
            for rung, of in self.points.items()
        }
        rows = {rung: of * np.array([1, 1, 1, factor]) for rung, of in self.table.rows.items()}
        return replace(self, points=points, table=replace(self.table, rows=rows))

    def gain(
        self, rung: str, over: str, values: EvaluationSettings, *, level: float = 0.95
    ) -> tuple[float, float, float]:
        """Incremental net benefit per question in USD, with the ends of its interval."""
        point = float(self.worth(rung, values) - self.worth(over, values))
        low, high = self.gains(values).interval(level)
        if (over, rung) in self.pairs:
            place = self.pairs[over, rung]
            return point, float(low[place]), float(high[place])
        place = self.pairs[rung, over]
        return point, -float(high[place]), -float(low[place])


def _stake(of: Shares, values: EvaluationSettings) -> float:
    """What is gained by a right answer in place of what is not right now; of an abstained one where all is right."""
    missed = of.wrong + of.abstained
    lost = values.cost_wrong * of.wrong + values.cost_abstained * of.abstained
    return float(values.value_correct + (lost / missed if missed else values.cost_abstained))


def prices(values: EvaluationSettings) -> Floats:
    """What a correct, a wrong and an abstained answer and a USD spent are worth: float64 (4,)."""
    return np.array([values.value_correct, -values.cost_wrong, -values.cost_abstained, -1], dtype=np.float64)


def economy(
    scores: Sequence[Score], rungs: Sequence[str], deployable: Sequence[str], *, resamples: int, seed: int
) -> Economy | None:
    """The rungs whose calls all have a price, on the questions scored on each; None with fewer than two of those."""
    by_rung = {rung: [score for score in scores if score.rung == rung] for rung in rungs}
    priced = {
        rung: of
        for rung, of in by_rung.items()
        if all(score.cost_usd is not None for score in of if score.outcome != "unscored")
    }
    if not priced:
        return None
    table = outcomes(priced)
    if len(table.groups) < 2:
        return None
    asked = set(table.questions)
    unanswerable = {score.question_id for score in scores if score.unanswerable}
    nothing = [
        [float(question in unanswerable), 0, float(question not in unanswerable), 0] for question in table.questions
    ]
    points = {rung: shares([score for score in of if score.question_id in asked]) for rung, of in priced.items()}
    refused = Decimal(len(asked & unanswerable)) / len(asked)
    return Economy(
        rungs=tuple(priced),
        deployable=tuple(rung for rung in deployable if rung in priced),
        points={
            NOTHING: Shares(refused, ZERO, 1 - refused, ZERO),
            **{rung: found for rung, found in points.items() if found},
        },
        table=Outcomes(
            questions=table.questions,
            rows={NOTHING: np.array(nothing), **table.rows},
            groups=table.groups,
            clusters=table.clusters,
        ),
        resamples=resamples,
        seed=seed,
    )


def amount(value: Decimal | float) -> float:
    """USD as it is written: to the millionth, never minus zero."""
    return float(round(Decimal(str(value)), 6)) + 0.0


def _mean(numbers: Sequence[Decimal]) -> Decimal:
    return sum(numbers, ZERO) / len(numbers)


# Every rung against the lowest one, in money: gain, break-even, payback, return, and which rungs are dominated.


def returns(of: Economy, values: EvaluationSettings) -> list[dict[str, Any]]:
    """Every rung against the lowest one: gain per question, break-even, payback, return.

    `break_even_queries_per_month` is None when no volume is enough; `roi` is None when the rung saves money.
    `icer_usd`: USD for one more correct answer; None where there are not more. `dominated`: another rung that could
    be deployed, or a mixture of two, has as many correct answers for less.
    """
    baseline = of.deployable[0] if of.deployable else of.rungs[0]
    front = frontier(of, values)
    return [
        _return(of, rung, baseline, values) | {"dominated": rung in of.deployable and rung not in front}
        for rung in of.rungs
        if rung != baseline
    ]


def frontier(of: Economy, values: EvaluationSettings) -> list[str]:
    """The deployable rungs that are worth their cost at some value of a correct answer, cheapest first.

    Cost against correct answers, as in health economics: a rung is left out when another is at least as often right
    for no more (dominance), or when a mixture of two others is (extended dominance: Cantor 1994, Medical Decision
    Making 14:259).
    """
    found: list[tuple[Decimal, Decimal, str]] = []
    points = {rung: (_all_in(of, rung, values), of.points[rung].correct) for rung in of.deployable}
    for rung, (cost, correct) in sorted(points.items(), key=lambda entry: (entry[1][0], -entry[1][1])):
        if found and correct <= found[-1][1]:
            continue
        while len(found) > 1 and _steeper(found[-2][:2], found[-1][:2], (cost, correct)):
            found.pop()
        found.append((cost, correct, rung))
    return [rung for _, _, rung in found]


def _steeper(first: tuple[Decimal, Decimal], middle: tuple[Decimal, Decimal], last: tuple[Decimal, Decimal]) -> bool:
    """Whether a correct answer costs more on the way to the middle than from there on."""
    to_middle = (middle[0] - first[0]) * (last[1] - middle[1])
    return to_middle >= (last[0] - middle[0]) * (middle[1] - first[1])


def _return(of: Economy, rung: str, baseline: str, values: EvaluationSettings) -> dict[str, Any]:
    _, low, high = of.gain(rung, baseline, values)
    one_off = values.one_off_usd.get(rung, ZERO) - values.one_off_usd.get(baseline, ZERO)
    monthly = values.monthly_usd.get(rung, ZERO) - values.monthly_usd.get(baseline, ZERO)
    volume, months = values.queries_per_month, values.horizon_months
    fixed = one_off / months + monthly
    change = _change(of.points[rung], of.points[baseline])
    cost = change.cost or ZERO
    gain = of.worth(rung, values) - of.worth(baseline, values)
    per_call = gain + fixed / volume
    surplus = volume * per_call - monthly
    losses = cost + fixed / volume + values.cost_wrong * change.wrong + values.cost_abstained * change.abstained
    return {
        "rung": rung,
        "baseline": baseline,
        "deployable": rung in of.deployable,
        "incremental_net_benefit_usd": amount(gain),
        "low": amount(low),
        "high": amount(high),
        "probability_worth_it": round(of.probability(rung, baseline, values), 4),
        "usd_per_month": amount(gain * volume),
        "break_even_queries_per_month": _ratio(max(fixed, ZERO), per_call),
        "payback_months": _ratio(max(one_off, ZERO), surplus),
        "roi": _ratio(months * surplus - one_off, one_off + months * (volume * cost + monthly)),
        "break_even_value_of_correct_usd": _ratio(losses, change.correct),
        "icer_usd": _ratio(_all_in(of, rung, values) - _all_in(of, baseline, values), change.correct),
        "questions": of.questions,
        "clusters": of.clusters,
    }


def _change(after: Shares, before: Shares) -> Shares:
    return Shares(
        after.correct - before.correct,
        after.wrong - before.wrong,
        after.abstained - before.abstained,
        (after.cost or ZERO) - (before.cost or ZERO),
    )


def _all_in(of: Economy, rung: str, values: EvaluationSettings) -> Decimal:
    return (of.points[rung].cost or ZERO) + fixed_per_question(rung, values)


def _ratio(part: Decimal, whole: Decimal) -> float | None:
    return round(float(part / whole), 6) + 0.0 if whole > Decimal("1e-12") else None
