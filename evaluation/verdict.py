"""Which rung to stand on: decided by rules, never by a model, and said in one sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from core.settings import EvaluationSettings
from evaluation.roi import NOTHING, Economy
from evaluation.rungs import RUNGS

DecisionName = Literal["climb", "stay", "stop", "inconclusive"]
SURE = 0.9
"""A rung must be worth more than the one below it in this share of resamples."""
MOST_UNSCORED = 0.02
"""Share of a rung's answers that may be unscored before no verdict is given."""
FEWEST_QUESTIONS = 20
POWER_Z = 0.8416212335729143
"""The 80 % point of the normal distribution: the chance that the further questions do settle it."""
SURE_Z = 1.2815515655446004
"""The 90 % point, for `SURE`."""
MOST_FURTHER = 20_000
SCANNED = {
    "value_correct": "a correct answer is worth",
    "cost_wrong": "a wrong answer costs",
    "cost_abstained": "handing a question to a person costs",
}
STEPS = 60
REACH = 100.0
"""How far up and down an assumption is varied to find where the decision changes."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, on which rung to stand, and the rung whose case is open (None when none is)."""

    name: DecisionName
    rung: str
    rival: str | None = None


def decide(of: Economy, values: EvaluationSettings) -> Decision:
    """Go up the deployable rungs from answering nothing; step up where it pays in 90 % of resamples.

    Ends on a higher rung: climb. On plain prompting: stay, or inconclusive while a higher rung may yet pay. On
    nothing: stop, or inconclusive likewise.
    """
    current = NOTHING
    for rung in of.deployable:
        if of.probability(rung, current, values) >= SURE:
            current = rung
    above = of.deployable[of.deployable.index(current) + 1 :] if current != NOTHING else of.deployable
    unsettled = [rung for rung in above if 1 - SURE < of.probability(rung, current, values) < SURE]
    rival = max(unsettled, key=lambda rung: of.gain(rung, current, values)[0], default=None)
    if current not in (NOTHING, "closed_book"):
        return Decision("climb", current, rival)
    if rival:
        return Decision("inconclusive", current, rival)
    return Decision("stop" if current == NOTHING else "stay", current)


def verdict(
    of: Economy | None, values: EvaluationSettings, rungs: Mapping[str, Mapping[str, Any]], *, model: str
) -> dict[str, Any]:
    """The decision with its sentence, what was assumed, and what would change it.

    `of` is None when the model has no price or no question was scored on every rung. `rungs` are those of results.json.
    """
    obstacle = _obstacle(of, rungs, model=model)
    if obstacle or of is None:
        return {"decision": "inconclusive", "rung": None, "sentence": obstacle, "flips": []}
    decision = decide(of, values)
    return {
        "decision": decision.name,
        "rung": None if decision.rung == NOTHING else decision.rung,
        "sentence": SENTENCES[decision.name](of, decision, values),
        "flips": flips(of, decision, values),
    }


def flips(of: Economy, decision: Decision, values: EvaluationSettings) -> list[dict[str, Any]]:
    """For each assumption, the nearest value below and above at which another decision follows."""
    found = []
    for name, words in SCANNED.items():
        now = float(getattr(values, name))
        for direction in ("below", "above"):
            at, other = _switch(of, decision, values, name, direction)
            if other is None:
                continue
            than = "less than" if direction == "below" else "more than"
            found.append(
                {
                    "assumption": name,
                    "now": now,
                    "direction": direction,
                    "at": at,
                    "decision": other.name,
                    "rung": None if other.rung == NOTHING else other.rung,
                    "sentence": f"If {words} {than} {usd(at)}: {_short(other)}.",
                }
            )
    return found


def further_questions(of: Economy, rung: str, over: str, values: EvaluationSettings) -> int | None:
    """About how many more questions would settle which is worth more, with 80 % power; None when too many to say.

    Source: n' = n ((z_sure + z_power) SE / gain)^2, with the SE of the resamples, so that clusters count.
    """
    gain = of.gain(rung, over, values)[0]
    error = float((of.worth(rung, values) - of.worth(over, values)).std())
    if abs(gain) < 1e-9:
        return None
    needed = of.questions * ((SURE_Z + POWER_Z) * error / abs(gain)) ** 2
    further = max(math.ceil((needed - of.questions) / 10) * 10, 10)
    return further if further <= MOST_FURTHER else None


def usd(value: float | Decimal, *, digits: int = 2) -> str:
    """An amount for a reader: two decimals, more where it would read as zero."""
    number = float(value)
    while digits < 6 and number and abs(number) < 2 * 10**-digits:
        digits += 1
    return f"USD {number:,.{digits}f}".replace("-", "−")


def phrase(rung: str) -> str:
    """A rung as it is called inside a sentence."""
    return "handing every question to a person" if rung == NOTHING else RUNGS[rung].phrase


def _obstacle(of: Economy | None, rungs: Mapping[str, Mapping[str, Any]], *, model: str) -> str:
    """Why no verdict can be given; empty when one can."""
    for name, figures in rungs.items():
        if figures["n"] and figures["unscored"] / figures["n"] > MOST_UNSCORED:
            return (
                f"Inconclusive: {figures['unscored']} of {figures['n']} answers of {phrase(name)} could not be scored, "
                f"and no verdict rests on data with more than {MOST_UNSCORED:.0%} missing."
            )
    if of is None:
        if any(figures["usd_per_query"] is None and figures["n"] for figures in rungs.values()):
            return (
                f"Inconclusive in money: the model {model!r} has no price in the settings, so only the shares of right "
                "answers can be compared."
            )
        return "Inconclusive: no question was scored on every rung."
    if not of.deployable:
        return "Inconclusive: none of the rungs that were measured could run in production."
    if of.questions < FEWEST_QUESTIONS:
        return (
            f"Inconclusive: {of.questions} questions are too few for a verdict; "
            f"{FEWEST_QUESTIONS - of.questions} more are the least that one can rest on."
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
    return sentence


def _stay(of: Economy, decision: Decision, values: EvaluationSettings) -> str:
    above = of.deployable[of.deployable.index(decision.rung) + 1 :]
    if not above:
        return f"Stay with {phrase(decision.rung)}: it pays, and no higher rung that could be deployed was measured."
    best = max(above, key=lambda rung: of.gain(rung, decision.rung, values)[0])
    gain, low, high = of.gain(best, decision.rung, values)
    if abs(gain) < 1e-9 and low == high:
        return f"Stay with {phrase(decision.rung)}: {phrase(best)} gives the same answers and is worth nothing more."
    return (
        f"Stay with {phrase(decision.rung)}: {phrase(best)} would lose {usd(-gain)} per question against it "
        f"(95 % interval {_range(-high, -low)})."
    )


def _stop(of: Economy, decision: Decision, values: EvaluationSettings) -> str:
    best = max(of.deployable, key=lambda rung: of.gain(rung, NOTHING, values)[0])
    gain, low, high = of.gain(best, NOTHING, values)
    loss = "is worth nothing more than that" if abs(gain) < 1e-9 else f"loses {usd(-gain)} per question against it"
    interval = "" if low == high else f" (95 % interval {_range(-high, -low)})"
    return f"Stop: no rung is worth more than {phrase(decision.rung)}; the best, {phrase(best)}, {loss}{interval}."


def _inconclusive(of: Economy, decision: Decision, values: EvaluationSettings) -> str:
    rival = str(decision.rival)
    gain, low, high = of.gain(rival, decision.rung, values)
    further = further_questions(of, rival, decision.rung, values)
    per_question = sum(float(of.points[rung][3]) for rung in of.rungs)
    price = f" (about {usd(further * per_question)})" if further and per_question else ""
    settle = (
        f"about {further:,} more questions would settle it{price}"
        if further
        else f"not even {MOST_FURTHER:,} more questions would be likely to settle it"
    )
    direction = "more" if gain >= 0 else "less"
    return (
        f"Inconclusive: {phrase(rival)} looks worth {usd(abs(gain))} {direction} per question than "
        f"{phrase(decision.rung)}, but it could be anything from {_range(low, high)}; {settle}."
    )


SENTENCES = {"climb": _climb, "stay": _stay, "stop": _stop, "inconclusive": _inconclusive}


def _switch(
    of: Economy, decision: Decision, values: EvaluationSettings, name: str, direction: str
) -> tuple[float, Decision | None]:
    """Where an assumption, moved away from its value, first leads to another decision; None when it never does."""
    now = float(getattr(values, name)) or 0.01

    def at(value: float) -> Decision:
        return decide(of, values.model_copy(update={name: Decimal(str(value))}))

    def differs(other: Decision) -> bool:
        return (other.name, other.rung) != (decision.name, decision.rung)

    factor = REACH ** ((1 if direction == "above" else -1) / STEPS)
    near = now
    for step in range(1, STEPS + 1):
        far = now * factor**step
        if differs(at(far)):
            break
        near = far
    else:
        return 0.0, None
    for _ in range(20):
        middle = math.sqrt(near * far)
        near, far = (near, middle) if differs(at(middle)) else (middle, far)
    return float(f"{far:.3g}"), at(far)


def _baseline(of: Economy, rung: str) -> str:
    return "closed_book" if "closed_book" in of.deployable and rung != "closed_book" else NOTHING


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


def _range(low: float, high: float) -> str:
    return f"{usd(low).removeprefix('USD ')} to {usd(high).removeprefix('USD ')}"
