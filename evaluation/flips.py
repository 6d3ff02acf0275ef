"""What would change a decision: each assumption is moved until another one follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.settings import EvaluationSettings
from evaluation.decision import Decision, decide
from evaluation.roi import NOTHING, Economy
from evaluation.words import percent, phrase, usd

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
