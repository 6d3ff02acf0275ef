"""What a call cost: usage times price, in Decimal."""

from __future__ import annotations

from decimal import Decimal

from core.answers import Usage
from core.settings.sections import Price

MILLION = Decimal(1_000_000)


def cost(usage: Usage, price: Price | None) -> Decimal | None:
    """USD for one call; None without a price, since an unknown cost is not zero.

    Servers count cached tokens among the input tokens; they are charged once, at their own price if there is one.
    """
    if price is None:
        return None
    cached = min(usage.cached_tokens, usage.input_tokens)
    cached_price = price.input if price.cached_input is None else price.cached_input
    fresh = usage.input_tokens - cached
    return (fresh * price.input + cached * cached_price + usage.output_tokens * price.output) / MILLION
