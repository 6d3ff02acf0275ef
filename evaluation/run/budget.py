"""A spend cap that holds: money is set aside before a call, and settled after it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from decimal import Decimal

from core.answers import Hit
from core.errors import BudgetReached, MissingPrice
from evaluation.run.contexts import Context
from evaluation.run.rungs import Rung, Subject
from service.answering.models.choose import Model

MILLION = Decimal(1_000_000)
PROMPT_BYTES = 8_192
"""More than the instruction, the form of the reply and what surrounds a question take up."""
LABEL_BYTES = 512
"""More than the lines around a passage take up, without what stands in them."""
NEARLY = Decimal("0.8")
"""The share of the cap from which a run says that it is nearly spent."""


class Budget:
    """What may be spent, what has been, and what is set aside for calls under way, in USD.

    Safe to use from several threads. As long as no call costs more than was set aside for it,
    spent + reserved <= cap at every moment.
    """

    def __init__(self, *, cap: Decimal, spent: Decimal = Decimal(0), raised_by: str = "evaluation.budget_usd") -> None:
        self.cap, self.raised_by = cap, raised_by
        self._lock = threading.Lock()
        self._spent, self._reserved = spent, Decimal(0)

    @property
    def spent(self) -> Decimal:
        """What calls have cost."""
        with self._lock:
            return self._spent

    @property
    def reserved(self) -> Decimal:
        """What is set aside."""
        with self._lock:
            return self._reserved

    @property
    def nearly_spent(self) -> bool:
        """Whether four fifths of the cap are spent. Never of a cap of nothing: there is nothing to warn of."""
        return bool(self.cap) and self.spent >= NEARLY * self.cap

    def reserve(self, worst: Decimal) -> bool:
        """Set aside what calls can cost at most; False, and nothing is, where that could pass the cap."""
        with self._lock:
            if self._spent + self._reserved + worst > self.cap:
                return False
            self._reserved += worst
            return True

    def settle(self, cost: Decimal | None, *, worst: Decimal) -> None:
        """Count a call and free what was set aside; one of unknown cost counts as the dearest that it could be."""
        with self._lock:
            self._reserved -= worst
            self._spent += worst if cost is None else cost

    def reached(self, worst: Decimal) -> BudgetReached:
        """The error for calls of at most `worst` that cannot be made."""
        return BudgetReached(
            f"Stopped at the budget: USD {self.spent:.4f} of {self.cap:.2f} is spent, and the next question could "
            f"cost up to USD {worst:.4f}. What was measured is kept; run again with a larger {self.raised_by} to go on."
        )


def require_prices(rungs: Sequence[Rung], subject: Subject) -> None:
    """Make sure that what each rung costs can be said; a model without a price is not one that costs nothing.

    Raises:
        MissingPrice: the settings say nothing of a model's price.
    """
    for rung in rungs:
        require_price(rung.model(subject), f"what {rung.name} costs")


def require_price(model: Model, what: str) -> None:
    """Make sure that a model has a price; else `what` is unknown, and no cap could hold. Raises MissingPrice."""
    if model.price is None:
        raise MissingPrice(
            f"The model {model.name!r} has no price, so {what} is unknown. Set it in the settings: "
            f"[models.{model.name}] price = {{ input = ..., output = ... }}, in USD per million tokens; 0 where "
            "calls cost nothing."
        )


def worst_case(question: str, context: Context, model: Model) -> Decimal:
    """The most that one call can cost in USD; 0 without a price, since then no cost is stated anywhere.

    A token is at least one byte, so that a prompt has no more tokens than bytes.
    """
    if model.price is None or (context.mode != "closed_book" and not context.hits):
        return Decimal(0)
    dearest = max(model.price.input, model.price.cached_input or Decimal(0))
    prompt = PROMPT_BYTES + _bytes(question) + sum(map(_shown, context.hits))
    prompt = min(prompt, max(model.context_window - model.max_output_tokens, 0))
    return (prompt * dearest + model.max_output_tokens * model.price.output) / MILLION


def _shown(hit: Hit) -> int:
    named = (hit.document, hit.title, " > ".join(hit.headings), hit.header)
    return LABEL_BYTES + sum(map(_bytes, (hit.text, *named)))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
