"""What an answer and a refusal both tell of how they came about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core.answers import Answer, Citation, Mode, Passage, Reason, Refusal, Usage
from core.settings import Price
from service.answering.cost import cost
from service.answering.generators.choose import Model

NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Made:
    """How an outcome came about; with a `usage` of None, which the server did not report, no cost is known."""

    model: Model
    mode: Mode
    index_version: str
    usage: Usage | None = NO_USAGE
    passages: tuple[Passage, ...] = ()
    dropped_quotes: int = 0
    served: str = ""

    def answer(self, text: str, citations: tuple[Citation, ...]) -> Answer:
        """It became an answer."""
        return Answer(text=text, citations=citations, **self._told())

    def refusal(self, reason: Reason) -> Refusal:
        """It became a refusal."""
        return Refusal(reason=reason, **self._told())

    def _told(self) -> dict[str, Any]:
        return {
            "model": self.model.name,
            "mode": self.mode,
            "usage": self.usage or NO_USAGE,
            "cost_usd": None if self.usage is None else cost(self.usage, self.model.price),
            "timings_ms": {},
            "index_version": self.index_version,
            "passages": self.passages,
            "dropped_quotes": self.dropped_quotes,
            "served": self.served,
        }


def with_call(outcome: Answer | Refusal, usage: Usage | None, price: Price | None) -> Answer | Refusal:
    """The outcome after one more call for it; of a call without usage, the cost of both is not known."""
    if usage is None or outcome.cost_usd is None:
        return replace(outcome, cost_usd=None, usage=outcome.usage + (usage or NO_USAGE))
    return replace(outcome, cost_usd=outcome.cost_usd + (cost(usage, price) or 0), usage=outcome.usage + usage)
