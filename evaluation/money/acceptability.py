"""Which rung is best as assumptions move, and what knowing it for certain is worth. Sources in docs/evaluation.md.

Uncertainty about the questions comes from resamples of whole clusters; all rungs are drawn alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np

from core.settings.sections import EvaluationSettings
from evaluation.money.roi import NOTHING, ZERO, Economy, amount
from evaluation.statistics.inference import Floats

STEPS = 40
"""Steps along a curve."""
UP_TO = 4
"""The value of a correct answer goes from 0 to this many times what it is now."""
REACH = 100
"""Volumes go from a hundredth to a hundred times what they are now."""
HALVED, DOUBLED = Decimal("0.5"), Decimal(2)


def money(of: Economy, values: EvaluationSettings) -> dict[str, Any]:
    """The curves and figures that tell how far a choice hangs on assumptions; see `results.json`."""
    lost = evpi(of, values)
    asked = values.queries_per_month * values.horizon_months
    return {
        "values": [amount(value) for value in _worths(values)],
        "acceptability": acceptability(of, values),
        "break_even": break_even(of, values),
        "evpi_usd_per_question": amount(lost),
        "evpi_usd": amount(lost * asked),
        **tornado(of, values),
    }


def acceptability(of: Economy, values: EvaluationSettings) -> dict[str, Any]:
    """How likely each choice is the best one, as the value of a correct answer goes up; ties go to the lower rung.

    Source: van Hout, Al, Gordon and Rutten (1994), Health Economics 3:309; for several choices Fenwick, Claxton and
    Sculpher (2001), Health Economics 10:779.
    """
    choices = (NOTHING, *of.deployable)
    chances: dict[str, list[float]] = {rung: [] for rung in choices}
    for value in _worths(values):
        best = _worth_of(of, values.model_copy(update={"value_correct": value})).argmax(axis=0)
        for place, rung in enumerate(choices):
            chances[rung].append(round(float((best == place).mean()), 4))
    return {"value_correct": [amount(value) for value in _worths(values)], "probability_best": chances}


def break_even(of: Economy, values: EvaluationSettings) -> dict[str, Any]:
    """Net benefit a month in USD of each choice, as the number of questions a month goes up."""
    most = values.queries_per_month * REACH
    least = max(values.queries_per_month // REACH, 1)
    volumes = sorted({round(least * (most / least) ** (step / STEPS)) for step in range(STEPS + 1)})
    at = [values.model_copy(update={"queries_per_month": volume}) for volume in volumes]
    return {
        "queries_per_month": volumes,
        "net_benefit_usd_per_month": {
            rung: [amount(of.worth(rung, there) * there.queries_per_month) for there in at]
            for rung in (NOTHING, *of.deployable)
        },
    }


def evpi(of: Economy, values: EvaluationSettings) -> float:
    """Expected value of perfect information, USD per question: E[max NB] - max E[NB] over the choices.

    Source: Raiffa and Schlaifer (1961), Applied Statistical Decision Theory; Claxton (1999), Journal of Health
    Economics 18:341.
    """
    worths = _worth_of(of, values)
    return max(float(worths.max(axis=0).mean() - worths.mean(axis=1).max()), 0.0)


def evsi(gain: float, error: float, *, asked: int, more: int) -> float:
    """Expected value of asking `more` questions, USD per question to come, when one of two choices is to be made.

    `gain`: of one choice over the other, now; `error`: its standard error from `asked` questions. Normal prior and
    sampling: the unit normal loss at |gain| / s, times s, where s is the error that the further questions take away.

    Source: Raiffa and Schlaifer (1961), section 5.5.
    """
    taken = error * math.sqrt(more / (asked + more))
    if taken <= 0:
        return 0.0
    distance = abs(gain) / taken
    density = math.exp(-distance * distance / 2) / math.sqrt(2 * math.pi)
    return taken * (density - distance * math.erfc(distance / math.sqrt(2)) / 2)


def tornado(of: Economy, values: EvaluationSettings) -> dict[str, Any]:
    """Gain per question of the best rung over its baseline with each assumption that matters halved and doubled.

    The widest first. `tornado_of`: which rung over which. Without two choices there is nothing to move.
    """
    baseline = "closed_book" if "closed_book" in of.deployable else NOTHING
    others = [rung for rung in of.deployable if rung != baseline]
    if not others:
        return {"tornado": [], "tornado_of": None}
    rung = max(others, key=lambda other: of.worth(other, values))
    rows: list[dict[str, Any]] = []
    for name, now, moved in _assumptions(of, rung, baseline, values):
        low, high = now * HALVED, now * DOUBLED
        ends = {"low": amount(low), "high": amount(high)}
        gains = {"at_low_usd": amount(moved(low)), "at_high_usd": amount(moved(high))}
        if gains["at_low_usd"] != gains["at_high_usd"]:
            rows.append({"assumption": name, **ends, **gains})
    rows.sort(key=lambda row: (-abs(row["at_high_usd"] - row["at_low_usd"]), row["assumption"]))
    return {"tornado": rows, "tornado_of": {"rung": rung, "baseline": baseline}}


def _assumptions(
    of: Economy, rung: str, baseline: str, values: EvaluationSettings
) -> list[tuple[str, Decimal, Callable[[Decimal], Decimal]]]:
    """(name, value now, gain in USD at another value) of each assumption that is not zero."""

    def gain(there: EvaluationSettings) -> Decimal:
        return of.worth(rung, there) - of.worth(baseline, there)

    def at(name: str) -> Callable[[Decimal], Decimal]:
        whole = isinstance(getattr(values, name), int)
        return lambda value: gain(values.model_copy(update={name: max(round(value), 1) if whole else value}))

    calls = (of.points[rung].cost or ZERO) - (of.points[baseline].cost or ZERO)
    names = ("value_correct", "cost_wrong", "cost_abstained", "queries_per_month", "horizon_months")
    found = [(name, Decimal(getattr(values, name)), at(name)) for name in names]
    found.append(("usd_per_call", of.points[rung].cost or ZERO, _scaled(gain(values), calls, of.points[rung].cost)))
    return [row for row in found if row[1]]


def _scaled(gain: Decimal, calls: Decimal, cost: Decimal | None) -> Callable[[Decimal], Decimal]:
    """The gain where calls of both rungs cost more or less by the same factor."""
    return lambda value: gain - calls * (value / (cost or Decimal(1)) - 1)


def _worths(values: EvaluationSettings) -> list[Decimal]:
    top = values.value_correct or Decimal(1)
    return [top * UP_TO * step / STEPS for step in range(STEPS + 1)]


def _worth_of(of: Economy, values: EvaluationSettings) -> Floats:
    """Net benefit of each choice in each resample: float64 (choices, resamples); ties rounded away."""
    worths = np.stack([of.resampled_worth(rung, values) for rung in (NOTHING, *of.deployable)])
    rounded: Floats = np.round(worths, 9)
    return rounded
