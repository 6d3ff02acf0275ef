"""How amounts and rungs are called in sentences for readers."""

from __future__ import annotations

from decimal import Decimal

from evaluation.money.roi import NOTHING
from evaluation.run.rungs import RUNGS


def usd(value: float | Decimal, *, digits: int = 2) -> str:
    """An amount for a reader: two decimals, more where it would read as zero."""
    number = float(value)
    while digits < 6 and number and abs(number) < 2 * 10**-digits:
        digits += 1
    return f"USD {number:,.{digits}f}".replace("-", "−")


def percent(share: float, digits: int = 0) -> str:
    """A share as per cent."""
    return f"{100 * share:.{digits}f} %"


def capital(words: str) -> str:
    """Words as they begin a sentence."""
    return words[:1].upper() + words[1:]


def phrase(rung: str) -> str:
    """A rung as it is called inside a sentence."""
    return "handing every question to a person" if rung == NOTHING else RUNGS[rung].phrase
