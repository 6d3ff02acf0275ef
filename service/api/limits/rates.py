"""How often each caller may ask: a bucket of tokens each, that fills again as time passes."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from core.errors import TooManyRequests

MAX_CALLERS = 10_000
"""Callers remembered; the one that asked least recently is forgotten, which gives it a full bucket."""
BURST_SECONDS = 10
"""A bucket holds what comes in within this time: that many requests may come at once."""


class Rates:
    """The buckets. Used from one thread, the event loop's. `clock`: seconds that only go forward."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._full = max(1.0, BURST_SECONDS * self._per_second)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Take a token of the caller's.

        Raises:
            TooManyRequests: there is none.
        """
        now = self._clock()
        tokens, then = self._buckets.pop(caller, (self._full, now))
        tokens = min(self._full, tokens + (now - then) * self._per_second)
        allowed = tokens >= 1
        self._buckets[caller] = (tokens - allowed, now)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        if not allowed:
            seconds = math.ceil((1 - tokens) / self._per_second)
            raise TooManyRequests(f"This caller asked too often. Try again in {seconds} s.", seconds)
