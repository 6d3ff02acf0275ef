"""A spend cap that holds: money is set aside before a call, and settled after it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.errors import BudgetReached
from evaluation.dataset import Item
from evaluation.rungs import Rung
from service.answering.generators.choose import Model

MILLION = Decimal(1_000_000)
PROMPT_BYTES = 8_192
"""More than the instruction and what surrounds a question take up. A token is at least one byte."""


@dataclass(slots=True)
class Budget:
    """What may be spent, what has been, in USD. Without a price nothing can be counted and nothing is held back."""

    cap: Decimal
    spent: Decimal = Decimal(0)

    def require(self, worst: Decimal) -> None:
        """Make sure that calls which cost at most `worst` cannot pass the cap.

        Raises:
            BudgetReached: they could.
        """
        if self.spent + worst > self.cap:
            raise BudgetReached(
                f"Stopped at the budget: USD {self.spent:.4f} of {self.cap:.2f} is spent, and the next question could "
                f"cost up to USD {worst:.4f}. What was measured is kept; run again with a larger budget to go on."
            )

    def settle(self, cost: Decimal | None, *, worst: Decimal) -> None:
        """Count a call; one whose cost is not known, after an error, counts as the dearest that it could be."""
        self.spent += worst if cost is None else cost


def worst_case(item: Item, rung: Rung, model: Model) -> Decimal:
    """The most that one call can cost in USD; 0 without a price, since then no cost is stated anywhere."""
    if model.price is None:
        return Decimal(0)
    dearest = max(model.price.input, model.price.cached_input or Decimal(0))
    prompt = model.context_window - model.max_output_tokens
    if not rung.reads_documents:
        prompt = min(prompt, PROMPT_BYTES + len(item.question.encode("utf-8", "surrogatepass")))
    return (prompt * dearest + model.max_output_tokens * model.price.output) / MILLION
