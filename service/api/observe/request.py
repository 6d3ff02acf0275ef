"""What a request tells of itself while it is worked on, for the log, the metrics and the traces.

Figures, and names that the settings give: never a question, a passage, a document's name or path, or a key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from starlette.datastructures import Headers

from core.answers import Answer, Refusal, SearchResult, Usage

Outcome = TypeVar("Outcome", Answer, Refusal, Answer | Refusal)


@dataclass(slots=True)
class Told:
    """What is known so far. `key`: the public id of the caller's key. `code`: of the error it ended with."""

    stages_ms: Mapping[str, float] = field(default_factory=dict)
    waited_ms: float = 0.0
    """For its turns at the processor."""
    model: str | None = None
    usage: Usage | None = None
    cost_usd: Decimal | None = None
    reason: str | None = None
    dropped_quotes: int = 0
    key: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A request that has been answered. `route` is the template of its path; status 0: nothing was sent."""

    request_id: str
    method: str
    route: str
    status: int
    began: int
    """In nanoseconds since 1970."""
    seconds: float
    headers: Headers
    told: Told

    @property
    def stages_ms(self) -> dict[str, float]:
        """How long each stage took, and the whole search or answer as `total`."""
        return {**({"wait": self.told.waited_ms} if self.told.waited_ms else {}), **self.told.stages_ms}


Observer = Callable[[Ended], None]

told: ContextVar[Told | None] = ContextVar("told", default=None)
"""Of the request that is being worked on; None outside of one."""


def tell_answer(outcome: Outcome) -> Outcome:
    """Note how a question was answered or refused, and hand it on."""
    now = told.get()
    if now is not None:
        now.stages_ms = outcome.timings_ms
        now.model, now.usage, now.cost_usd = outcome.model, outcome.usage, outcome.cost_usd
        now.reason = outcome.reason if isinstance(outcome, Refusal) else None
        now.dropped_quotes = outcome.dropped_quotes
    return outcome


def tell_search(result: SearchResult) -> None:
    """Note how long a search took."""
    now = told.get()
    if now is not None:
        now.stages_ms = result.timings_ms


def tell_wait(seconds: float) -> None:
    """Note a wait for a turn."""
    now = told.get()
    if now is not None:
        now.waited_ms += 1000 * seconds


def tell_code(code: str) -> None:
    """Note the code of the error that the request ends with."""
    now = told.get()
    if now is not None:
        now.code = code


def tell_caller(key: str) -> None:
    """Note the public id of the key that the request came with."""
    now = told.get()
    if now is not None:
        now.key = key
