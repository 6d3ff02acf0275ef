"""What a run used: calls, tokens and USD of each rung, read off its records; and the same calls at other prices."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.answers import Usage
from core.settings.sections import Price
from evaluation.money.roi import ZERO, amount
from evaluation.run.records import Key, Record
from evaluation.scoring.score import Score
from service.answering.cost import cost

KINDS = ("input", "cached", "output")


def spend(records: Mapping[Key, Record], rungs: Sequence[str], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Calls, tokens and USD by rung, and in all. `usd` is None where no call has a price.

    `total_usd` is what the run counts against its cap: calls whose cost is not known at the most they can have cost.
    """
    by_rung = {rung: [record for record in records.values() if record.rung == rung] for rung in rungs}
    return {
        **{rung: _spent(of) for rung, of in by_rung.items()},
        "judge": manifest.get("judge_spend"),
        "total_usd": _written(manifest.get("spent_usd")),
        "cap_usd": _written(manifest.get("budget_usd")),
    }


def tokens(records: Iterable[Record]) -> dict[str, float] | None:
    """Mean input, cached and output tokens of an answer; None where none was counted."""
    counted = [record.usage for record in records if record.usage]
    if not counted:
        return None
    return {kind: round(sum(usage.get(f"{kind}_tokens", 0) for usage in counted) / len(counted), 1) for kind in KINDS}


def at_prices(scores: Sequence[Score], records: Mapping[Key, Record], books: Mapping[str, Price]) -> list[Score]:
    """The scores with the costs that their calls would have at other prices; `books`: by rung, others stay.

    The tokens are in the records; a call whose tokens are not known keeps no cost.
    """
    return [
        dataclasses.replace(
            score, cost_usd=_priced(records.get((score.question_id, score.rung, score.replicate)), book)
        )
        if (book := books.get(score.rung))
        else score
        for score in scores
    ]


def _priced(record: Record | None, book: Price) -> Decimal | None:
    if record is None or not record.usage:
        return None
    return cost(Usage(**{f"{kind}_tokens": record.usage.get(f"{kind}_tokens", 0) for kind in KINDS}), book)


def _spent(records: Sequence[Record]) -> dict[str, Any]:
    known = [record.cost_usd if record.cost_usd is not None else record.at_most_usd for record in records]
    costs = [usd for usd in known if usd is not None]
    return {
        "calls": sum(record.attempts for record in records if record.usage or record.status == "error"),
        **{f"{kind}_tokens": sum(record.usage.get(f"{kind}_tokens", 0) for record in records) for kind in KINDS},
        "usd": amount(sum(costs, ZERO)) if costs else None,
    }


def _written(usd: str | None) -> float | None:
    return None if usd is None else amount(Decimal(usd))
