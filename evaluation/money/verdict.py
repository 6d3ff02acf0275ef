"""The decision in words: one sentence, and what would change it. Decided by rules, never by a model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.settings.sections import EvaluationSettings
from evaluation.money.acceptability import evsi
from evaluation.money.decision import (
    FALSE_CLIMB,
    FOOT,
    GIVE_UP,
    MAX_FURTHER,
    Decision,
    beats_foot,
    decide,
    false_climb,
    further_questions,
)
from evaluation.money.roi import NOTHING, ZERO, Economy, amount
from evaluation.money.words import capital, percent, phrase, usd

SURE = 1 - FALSE_CLIMB
"""How sure it must be that what is climbed is worth more than each lower alternative."""
MAX_UNSCORED = 0.02
"""Share of a rung's answers that may be unscored before no verdict is given."""
MIN_QUESTIONS = 20


def verdict(
    of: Economy | None, values: EvaluationSettings, rungs: Mapping[str, Mapping[str, Any]], *, model: str
) -> dict[str, Any]:
    """The decision with its sentence, what was assumed, and what would change it.

    `of` is None when the model has no price or no question was scored on every rung. `rungs` are those of results.json.
    """
    obstacle = _obstacle(of, rungs, model=model)
    if obstacle or of is None:
        return {"decision": "inconclusive", "rung": None, "sentence": obstacle, "further": None, "flips": []}
    decision = decide(of, values)
    return {
        "decision": decision.name,
        "rung": None if decision.rung == NOTHING else decision.rung,
        "sentence": SENTENCES[decision.name](of, decision, values),
        "further": further_cost(of, decision, values),
        "flips": flips(of, decision, values),
    }


def further_cost(of: Economy, decision: Decision, values: EvaluationSettings) -> dict[str, Any] | None:
    """The further questions that would settle the open case, and USD for asking them on every rung measured.

    `worth_usd`: what is to be expected of a better choice over the horizon (`acceptability.evsi`).
    """
    questions = further_questions(of, decision, values)
    if questions is None:
        return None
    gains, place = of.gains(values), of.pairs[decision.hurdle, str(decision.rival)]
    gain, error = float(gains.point[place]), float(gains.error[place])
    expected = evsi(gain, error, asked=of.questions, more=questions)
    return {
        "questions": questions,
        "usd": amount(sum((of.points[rung].cost or ZERO for rung in of.rungs), ZERO) * questions),
        "worth_usd": amount(expected * values.queries_per_month * values.horizon_months),
    }


def _obstacle(of: Economy | None, rungs: Mapping[str, Mapping[str, Any]], *, model: str) -> str:
    """Why no verdict can be given; empty when one can."""
    for name, figures in rungs.items():
        if figures["n"] and figures["unscored"] / figures["n"] > MAX_UNSCORED:
            return (
                f"Inconclusive: {figures['unscored']} of {figures['n']} answers of {phrase(name)} could not be scored, "
                f"and no verdict rests on data with more than {percent(MAX_UNSCORED)} missing."
            )
    if of is None:
        if any(figures["usd_per_query"] is None and figures["n"] for figures in rungs.values()):
            return (
                f"Inconclusive in money: the model {model!r} has no price in the settings, so only the shares of right "
                "answers can be compared."
            )
        return "Inconclusive: fewer than two questions were scored on every rung."
    for name, figures in rungs.items():
        if figures["deployable"] and figures["unpriced"]:
            return (
                f"Inconclusive in money: what {figures['unpriced']} of {figures['n']} answers of {phrase(name)} cost "
                "is not known, so it cannot be weighed against the others."
            )
    if not of.deployable:
        return "Inconclusive: none of the rungs that were measured could run in production."
    if of.questions < MIN_QUESTIONS:
        return (
            f"Inconclusive: {of.questions} questions are too few for a verdict; "
            f"{MIN_QUESTIONS - of.questions} more are the least that one can rest on."
        )
    return ""


def _climb(of: Economy, decision: Decision, values: EvaluationSettings) -> str:
    baseline = _baseline(of, decision.rung)
    gain, low, high = of.gain(decision.rung, baseline, values)
    sentence = (
        f"Climb to {phrase(decision.rung)}: it is worth {usd(gain)} more per question than {phrase(baseline)} "
        f"(95 % interval {_range(low, high)}), about {usd(gain * values.queries_per_month, digits=0)} a month."
    )
    if decision.rival:
        sentence += f" Whether {phrase(decision.rival)} is worth more still is open."
    elif above := _allowed_above(of, decision):
        best = max(above, key=lambda rung: of.gain(rung, decision.rung, values)[0])
        more = of.gain(best, decision.rung, values)[0]
        if more > 1e-9:
            sentence += f" {capital(phrase(best))} looks worth {usd(more)} more still, too little to change for."
    return sentence + _held(decision)


def _allowed_above(of: Economy, decision: Decision) -> list[str]:
    above = of.deployable[of.deployable.index(decision.rung) + 1 :]
    return [rung for rung in above if rung not in decision.held_back]


def _stay(of: Economy, decision: Decision, values: EvaluationSettings) -> str:
    above = _allowed_above(of, decision)
    if not above:
        higher = ", and no higher rung that could be deployed was measured." if not decision.held_back else "."
        return f"Stay with {phrase(decision.rung)}: it pays{higher}{_held(decision)}"
    best = max(above, key=lambda rung: of.gain(rung, decision.rung, values)[0])
    return f"Stay with {phrase(decision.rung)}: {_no_better(of, best, decision.rung, values)}{_held(decision)}"


def _stop(of: Economy, decision: Decision, values: EvaluationSettings) -> str:
    allowed = [rung for rung in of.deployable if rung not in decision.held_back]
    if not allowed:
        return f"Stop: no rung is within the limits of the settings.{_held(decision)}"
    best = max(allowed, key=lambda rung: of.gain(rung, NOTHING, values)[0])
    return (
        f"Stop: no rung is worth more than {phrase(NOTHING)}; the best is {phrase(best)}, and "
        f"{_no_better(of, best, NOTHING, values)}{_held(decision)}"
    )


def _no_better(of: Economy, rung: str, than: str, values: EvaluationSettings) -> str:
    gain, low, high = of.gain(rung, than, values)
    subject = "it" if than == NOTHING else phrase(rung)
    against = "" if than == NOTHING else " against it"
    if gain < 1e-9 and (of.table.rows[rung][:, :3] == of.table.rows[than][:, :3]).all():
        return f"{subject} {'comes to' if than == NOTHING else 'gives'} the same answers and is worth nothing more."
    if high < 0 or gain < -values.smallest_gain * float(values.value_correct):
        return f"{subject} would lose {usd(-gain)} per question{against} (95 % interval {_range(-high, -low)})."
    most = max(of.gain(rung, than, values, level=1 - 2 * GIVE_UP)[2], 0.0)
    return (
        f"{subject} is worth {f'at most {usd(most)}' if most else 'nothing'} more per question{against} "
        f"({percent(1 - GIVE_UP)} sure): "
        "too little to change for."
    )


def _inconclusive(of: Economy, decision: Decision, values: EvaluationSettings) -> str:
    rival = str(decision.rival)
    strict = 1 - 2 * false_climb(of, values)
    gain, low, high = of.gain(rival, decision.hurdle, values, level=strict)
    more = further_cost(of, decision, values)
    settle = (
        f"about {more['questions']:,} more questions would settle it"
        + (f" (about {usd(more['usd'])})" if more["usd"] else "")
        if more
        else f"not even {MAX_FURTHER:,} more questions would be likely to settle it"
    )
    direction = "more" if gain >= 0 else "less"
    pays = beats_foot(of, rival, values) and decision.hurdle not in (NOTHING, FOOT)
    foot = FOOT if FOOT in of.deployable else NOTHING
    known = f"{phrase(rival)} is worth more than {phrase(foot)}, but which rung to climb to is open: it" if pays else ""
    return (
        f"Inconclusive: {known or phrase(rival)} looks worth {usd(abs(gain))} {direction} per question than "
        f"{phrase(decision.hurdle)}, but it could be anything from {_range(low, high)}; {settle}.{_held(decision)}"
    )


def _held(decision: Decision) -> str:
    """What a limit of the settings rules out; starts with a space."""
    return "".join(f" {capital(phrase(rung))} {why}." for rung, why in decision.held_back.items())


SENTENCES = {"climb": _climb, "stay": _stay, "stop": _stop, "inconclusive": _inconclusive}


def _baseline(of: Economy, rung: str) -> str:
    return "closed_book" if "closed_book" in of.deployable and rung != "closed_book" else NOTHING


def _range(low: float, high: float) -> str:
    return f"{usd(low).removeprefix('USD ')} to {usd(high).removeprefix('USD ')}"


# What would change a decision: each assumption is moved until another one follows.


STEPS = 60
REACH = 100.0
"""How far up and down an assumption is varied to find where the decision changes."""
FROM_NOTHING = 0.0001
"""USD at which the search begins where an assumption is 0 now."""
HALVINGS = 20
IN_USD = {
    "value_correct": "a correct answer is worth",
    "cost_wrong": "a wrong answer costs",
    "cost_abstained": "handing a question to a person costs",
}


@dataclass(frozen=True, slots=True)
class _Assumption:
    """One number that a decision rests on: what follows from another one, and how that is said."""

    name: str
    now: float
    decide: Callable[[float], Decision]
    less: str
    more: str
    written: Callable[[float], str]
    whole: bool = False


def flips(of: Economy, decision: Decision, values: EvaluationSettings) -> list[dict[str, Any]]:
    """For each assumption, the nearest value below and above at which another decision follows."""
    found = []
    for one in _assumptions(of, values):
        for direction, than in (("below", one.less), ("above", one.more)):
            at, other = _switch(one, decision, 1 if direction == "above" else -1)
            if other is None:
                continue
            found.append(
                {
                    "assumption": one.name,
                    "now": one.now,
                    "direction": direction,
                    "at": at,
                    "decision": other.name,
                    "rung": None if other.rung == NOTHING else other.rung,
                    "sentence": f"If {than.format(one.written(at))}: {_short(other)}.",
                }
            )
    return found


def _assumptions(of: Economy, values: EvaluationSettings) -> Iterator[_Assumption]:
    """What an answer is worth; volume and horizon where anything costs by the month; token prices where they count."""

    def at(name: str, *, whole: bool = False) -> Callable[[float], Decision]:
        def there(value: float) -> Decision:
            changed = max(round(value), 1) if whole else Decimal(str(value))
            return decide(of, values.model_copy(update={name: changed}))

        return there

    for name, words in IN_USD.items():
        less, more = f"{words} less than {{}}", f"{words} more than {{}}"
        yield _Assumption(name, float(getattr(values, name)), at(name), less, more, usd)
    number = "{:,.0f}".format
    if values.one_off_usd or values.monthly_usd or values.most_usd_per_month is not None:
        less, more = "fewer than {} questions come in a month", "more than {} questions come in a month"
        volume = at("queries_per_month", whole=True)
        yield _Assumption("queries_per_month", values.queries_per_month, volume, less, more, number, whole=True)
    if values.one_off_usd:
        less, more = "it is used for less than {} months", "it is used for more than {} months"
        months = at("horizon_months", whole=True)
        yield _Assumption("horizon_months", values.horizon_months, months, less, more, number, whole=True)
    if any(shares.cost for shares in of.points.values()):
        less, more = "tokens cost less than {} what they do", "tokens cost more than {} what they do"
        yield _Assumption(
            "token_prices", 1.0, lambda factor: decide(of.at_token_prices(factor), values), less, more, _times
        )


def _switch(one: _Assumption, decision: Decision, sign: int) -> tuple[float, Decision | None]:
    """Where an assumption, moved away from its value, first leads to another decision; None when it never does."""
    if not one.now and sign < 0:
        return 0.0, None
    now, reach = (one.now, REACH) if one.now else (FROM_NOTHING, REACH / FROM_NOTHING)

    def differs(value: float) -> bool:
        return _short(one.decide(value)) != _short(decision)

    factor = reach ** (sign / STEPS)
    near = now
    for step in range(1, STEPS + 1):
        far = now * factor**step
        if differs(far):
            break
        near = far
    else:
        return 0.0, None
    for _ in range(HALVINGS):
        middle = math.sqrt(near * far)
        near, far = (near, middle) if differs(middle) else (middle, far)
    return float(round(far)) if one.whole else float(f"{far:.3g}"), one.decide(far)


def _times(factor: float) -> str:
    return f"{factor:.3g} times" if factor >= 2 else f"{percent(factor)} of"


def _short(decision: Decision) -> str:
    match decision.name:
        case "climb":
            return f"climb to {phrase(decision.rung)}"
        case "stay":
            return f"stay with {phrase(decision.rung)}"
        case "stop":
            return "stop"
        case "inconclusive":
            return "inconclusive"
