"""A cache whose value expires after some seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

import anyio
import anyio.to_thread

Value = TypeVar("Value")


class TimedCache(Generic[Value]):
    """Looks again when the last look was `seconds` ago or more: one at a time, in a thread that no request uses."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._threads = anyio.CapacityLimiter(1)
        self._looking = anyio.Lock()
        self._found: tuple[float, Value] | None = None

    async def of(self, look: Callable[[], Value]) -> Value:
        """What `look` returns, or did within these seconds. Raises what it raises, and remembers nothing then."""
        async with self._looking:
            if self._found is None or time.monotonic() - self._found[0] >= self._seconds:
                self._found = None
                value = await anyio.to_thread.run_sync(look, limiter=self._threads)
                self._found = (time.monotonic(), value)
            return self._found[1]
