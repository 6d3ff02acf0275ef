"""Every rung against the lowest one, in money: gain, break-even, payback, return, and which rungs are dominated."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.settings import EvaluationSettings
from evaluation.roi import ZERO, Economy, Shares, amount, fixed_per_question


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
