"""Which rung to stand on: the rule, without words. Why it is as it is stands in docs/evaluation.md.

A rung is climbed when it is shown to be worth more than every lower alternative, answering nothing among them. For one
rung that is an intersection-union test (Berger 1982, Technometrics 24:295): each comparison alone must show it, and no
correction is due. Since several rungs may be climbed, each shares the chance of a false climb with the others
(Bonferroni) against plain prompting, answering nothing and the lower rungs that are themselves climbed. Over the looks
that the settings allow it is shared out too, since an inconclusive verdict asks for more questions and a second look.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Literal

from core.settings.sections import EvaluationSettings
from evaluation.money.roi import NOTHING, ZERO, Economy, fixed_per_question

DecisionName = Literal["climb", "stay", "stop", "inconclusive"]
FOOT = "closed_book"
"""Plain prompting: standing on it is to stay, above it to climb."""
FALSE_CLIMB = 0.05
"""The most often that any rung is climbed that is not worth more than each lower one."""
GIVE_UP = 0.20
"""A rung is given up when a gain worth having would look as small as this one in at most so many samples."""
POWER = 0.8
"""The chance that the further questions do settle it."""
MAX_FURTHER = 20_000
ROUNDED_TO = 10


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, on which rung to stand, and the rung whose case is open (None when none is).

    `hurdle`: the lower alternative that the open rung is least surely worth more than. `climbed`: every rung that is
    shown to be worth more than all below it. `held_back`: rungs that a
    limit of the settings rules out, with the limit.
    """

    name: DecisionName
    rung: str
    rival: str | None = None
    hurdle: str = NOTHING
    climbed: tuple[str, ...] = ()
    held_back: Mapping[str, str] = field(default_factory=dict)


def decide(of: Economy, values: EvaluationSettings) -> Decision:
    """Stand on the highest rung that is shown to be worth more than every lower alternative.

    Ends on a higher rung: climb. On plain prompting: stay, or inconclusive while a higher rung may yet pay. On
    nothing: stop, or inconclusive likewise.
    """
    gains, held_back = of.gains(values), _held_back(of, values)
    p_climb = gains.p_not_above()
    climbed: list[str] = []
    for rung in of.deployable:
        limits = _limits(of, rung, climbed, values)
        if rung not in held_back and all(p_climb[of.pairs[low, rung]] <= limit for low, limit in limits.items()):
            climbed.append(rung)
    current = climbed[-1] if climbed else NOTHING
    above = of.deployable[of.deployable.index(current) + 1 :] if climbed else of.deployable
    given_up = gains.p_not_above(values.smallest_gain * float(values.value_correct)) > 1 - GIVE_UP
    open_ = [rung for rung in above if rung not in held_back and not given_up[of.pairs[current, rung]]]
    rival = max(open_, key=lambda rung: gains.point[of.pairs[current, rung]], default=None)
    hurdles = _limits(of, rival, climbed, values) if rival else {}
    hurdle = max(hurdles, key=lambda low: p_climb[of.pairs[low, str(rival)]] / hurdles[low], default=NOTHING)
    if current not in (NOTHING, FOOT):
        name: DecisionName = "climb"
    elif rival:
        name = "inconclusive"
    else:
        name = "stop" if current == NOTHING else "stay"
    return Decision(name, current, rival, hurdle, tuple(climbed), held_back)


def false_climb(of: Economy, values: EvaluationSettings) -> float:
    """The chance of a false climb that each rung has at each look, so that all together keep `FALSE_CLIMB`."""
    return FALSE_CLIMB / values.looks / max(sum(rung != FOOT for rung in of.deployable), 1)


def further_questions(of: Economy, decision: Decision, values: EvaluationSettings) -> int | None:
    """About how many more questions would settle the open case, with 80 % power; None when too many to say.

    By the rule of `decide`, with today's gains taken for the truth: until the rung is worth more than every lower
    alternative, or until it is given up, whichever is nearer. n' = n ((z + z_power) SE / distance)^2, with the error
    that carries clusters and prices.
    """
    if decision.rival is None:
        return None
    gains, rival = of.gains(values), decision.rival
    limits = _limits(of, rival, decision.climbed, values)
    places = {of.pairs[low, rival]: limit for low, limit in limits.items()}
    climb = max(_times(gains.point[place], gains.error[place], 1 - limit) for place, limit in places.items())
    place = of.pairs[decision.rung, rival]
    distance = values.smallest_gain * float(values.value_correct) - float(gains.point[place])
    needed = of.questions * min(climb, _times(distance, gains.error[place], 1 - GIVE_UP))
    if needed > MAX_FURTHER:
        return None
    return max(math.ceil((needed - of.questions) / ROUNDED_TO) * ROUNDED_TO, ROUNDED_TO)


def beats_foot(of: Economy, rung: str, values: EvaluationSettings) -> bool:
    """Whether a rung is shown to be worth more than plain prompting and than answering nothing."""
    p, limit = of.gains(values).p_not_above(), false_climb(of, values)
    feet = [low for low in (NOTHING, FOOT) if (low, rung) in of.pairs]
    return all(p[of.pairs[low, rung]] <= limit for low in feet)


def _limits(of: Economy, rung: str, climbed: Sequence[str], values: EvaluationSettings) -> dict[str, float]:
    """The largest p with which a rung passes each lower alternative.

    Against a lower rung that was not climbed itself the chance is not shared with other rungs: nothing shows that it is
    an alternative, and a ladder of many small steps could not be climbed otherwise.
    """
    lower = of.deployable[: of.deployable.index(rung)]
    alone = FALSE_CLIMB / values.looks
    shared = alone if rung == FOOT else false_climb(of, values)
    return {low: shared if low in (NOTHING, FOOT, *climbed) else alone for low in (NOTHING, *lower)}


def _times(distance: float, error: float, probability: float) -> float:
    """How many times the questions it takes to tell a distance from zero; infinite where it is not positive."""
    point = NormalDist().inv_cdf
    return ((point(probability) + point(POWER)) * error / distance) ** 2 if distance > 1e-9 else math.inf


def _held_back(of: Economy, values: EvaluationSettings) -> dict[str, str]:
    """The rungs that a limit of the settings rules out: too dear, or not shown to keep wrong answers down."""
    found = {}
    foot = FOOT if FOOT in of.deployable else NOTHING
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
