"""Which rung to stand on: the rule, without words. Why it is as it is stands in docs/evaluation.md.

A rung is climbed when it is shown to be worth more than every lower alternative, answering nothing among them. For one
rung that is an intersection-union test (Berger 1982, Technometrics 24:295): the largest of its p-values counts, and no
correction is due. For several rungs Holm's correction bounds the chance that any of them is climbed without being worth
more at `FALSE_CLIMB`, whatever the truth about the others. It is shared out over the looks that the settings allow,
since an inconclusive verdict asks for more questions and a second look.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Literal

from core.settings import EvaluationSettings
from evaluation.paired import Estimates
from evaluation.roi import NOTHING, ZERO, Economy, fixed_per_question
from evaluation.statistics import holm

DecisionName = Literal["climb", "stay", "stop", "inconclusive"]
FALSE_CLIMB = 0.05
"""The most often that any rung is climbed that is not worth more than each lower one."""
GIVE_UP = 0.20
"""A rung is given up when a gain worth having would look as small as this one in at most so many samples."""
POWER = 0.8
"""The chance that the further questions do settle it."""
MOST_FURTHER = 20_000
ROUNDED_TO = 10


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, on which rung to stand, and the rung whose case is open (None when none is).

    `hurdle`: the lower alternative that the open rung is least surely worth more than. `held_back`: rungs that a
    limit of the settings rules out, with the limit.
    """

    name: DecisionName
    rung: str
    rival: str | None = None
    hurdle: str = NOTHING
    held_back: Mapping[str, str] = field(default_factory=dict)


def decide(of: Economy, values: EvaluationSettings) -> Decision:
    """Stand on the highest rung that is shown to be worth more than every lower alternative.

    Ends on a higher rung: climb. On plain prompting: stay, or inconclusive while a higher rung may yet pay. On
    nothing: stop, or inconclusive likewise.
    """
    gains, alpha = of.gains(values), false_climb(values)
    held_back = _held_back(of, values)
    alone = {rung: 1.0 if rung in held_back else max(_p_values(of, gains, rung).values()) for rung in of.deployable}
    together = dict(zip(alone, holm(list(alone.values())), strict=True))
    current = next((rung for rung in reversed(of.deployable) if together[rung] <= alpha), NOTHING)
    above = of.deployable[of.deployable.index(current) + 1 :] if current != NOTHING else of.deployable
    worth_having = values.smallest_gain * float(values.value_correct)
    given_up = gains.p_not_above(worth_having) > 1 - GIVE_UP
    open_ = [rung for rung in above if rung not in held_back and not given_up[of.pairs[current, rung]]]
    rival = max(open_, key=lambda rung: gains.point[of.pairs[current, rung]], default=None)
    hurdle = NOTHING
    if rival:
        p_values = _p_values(of, gains, rival)
        hurdle = max(p_values, key=lambda lower: p_values[lower])
    if current not in (NOTHING, "closed_book"):
        name: DecisionName = "climb"
    elif rival:
        name = "inconclusive"
    else:
        name = "stop" if current == NOTHING else "stay"
    return Decision(name, current, rival, hurdle, held_back)


def false_climb(values: EvaluationSettings) -> float:
    """The chance of a false climb at one look, so that all looks together keep `FALSE_CLIMB` (Bonferroni)."""
    return FALSE_CLIMB / values.looks


def further_questions(of: Economy, decision: Decision, values: EvaluationSettings) -> int | None:
    """About how many more questions would settle the open case, with 80 % power; None when too many to say.

    By the rule of `decide`, with today's gains taken for the truth: until the rung is worth more than every lower
    alternative, or until it is given up, whichever is nearer. n' = n ((z + z_power) SE / distance)^2, with the error
    that carries clusters and prices.
    """
    if decision.rival is None:
        return None
    gains, rival = of.gains(values), decision.rival
    z_climb = _normal_point(1 - false_climb(values) / len(of.deployable))
    places = [of.pairs[lower, rival] for lower in _lower(of, rival)]
    climb = max(_times(gains.point[place], gains.error[place], z_climb) for place in places)
    place = of.pairs[decision.rung, rival]
    distance = values.smallest_gain * float(values.value_correct) - float(gains.point[place])
    give_up = _times(distance, gains.error[place], _normal_point(1 - GIVE_UP))
    needed = of.questions * min(climb, give_up)
    if needed > MOST_FURTHER:
        return None
    return max(math.ceil((needed - of.questions) / ROUNDED_TO) * ROUNDED_TO, ROUNDED_TO)


def _times(distance: float, error: float, z: float) -> float:
    """How many times the questions it takes to tell a distance from zero; infinite where it is not positive."""
    return ((z + _normal_point(POWER)) * error / distance) ** 2 if distance > 1e-9 else math.inf


def _lower(of: Economy, rung: str) -> tuple[str, ...]:
    return (NOTHING, *of.deployable[: of.deployable.index(rung)])


def _p_values(of: Economy, gains: Estimates, rung: str) -> dict[str, float]:
    """One-sided p against each lower alternative being worth as much."""
    p = gains.p_not_above()
    return {lower: float(p[of.pairs[lower, rung]]) for lower in _lower(of, rung)}


def _held_back(of: Economy, values: EvaluationSettings) -> dict[str, str]:
    """The rungs that a limit of the settings rules out: too dear, or not shown to keep wrong answers down."""
    found = {}
    foot = "closed_book" if "closed_book" in of.deployable else NOTHING
    high = of.wrong_rises().interval(1 - 2 * FALSE_CLIMB)[1]
    for rung in of.deployable:
        monthly = ((of.points[rung].cost or ZERO) + fixed_per_question(rung, values)) * values.queries_per_month
        if values.most_usd_per_month is not None and monthly > values.most_usd_per_month:
            found[rung] = f"would cost USD {monthly:,.2f} a month, more than the {values.most_usd_per_month:,} allowed"
        elif (
            values.most_wrong_rise is not None and rung != foot and high[of.pairs[foot, rung]] > values.most_wrong_rise
        ):
            found[rung] = (
                f"may raise wrong answers by {high[of.pairs[foot, rung]] * 100:.0f} points, "
                f"more than the {values.most_wrong_rise * 100:.0f} allowed"
            )
    return found


def _normal_point(probability: float) -> float:
    return NormalDist().inv_cdf(probability)
