"""From an asynchronous call to the threads that wait for it: what it hands over, as it comes."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Coroutine, Iterator
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from core.deadline import Deadline

T = TypeVar("T")

GRACE_SECONDS = 0.5
"""How long a call that has been told to stop is waited for."""


class _End:
    """Stands behind the last thing that was handed over."""


def arriving(work: Callable[[Callable[[T], None]], Coroutine[Any, Any, None]], until: Deadline) -> Iterator[T]:
    """What `work` gives to the function that it is handed, in order.

    The call runs on a loop of its own, where any wait can be ended: by the deadline, by `until` being called off, and
    by closing this iterator.

    Raises:
        TimeoutError: the deadline passed meanwhile.
        Cancelled, DeadlineReached: `until` was called off, or over before it began.
        And whatever `work` raises.
    """
    until.require()
    limit = until.left()
    arrived: SimpleQueue[T | _End] = SimpleQueue()

    async def bounded() -> None:
        async with asyncio.timeout(limit if limit < math.inf else None):
            await work(arrived.put)

    call = asyncio.run_coroutine_threadsafe(bounded(), _loop())
    call.add_done_callback(lambda _: arrived.put(_End()))
    try:
        with until.calling(call.cancel):
            while not isinstance(item := _next(arrived, until), _End):
                yield item
            if call.cancelled():
                until.require()
            call.result()
    finally:
        call.cancel()


def in_background(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Have it done on the loop of the calls; nobody waits for it."""
    asyncio.run_coroutine_threadsafe(work(), _loop())


def _next(arrived: SimpleQueue[T | _End], until: Deadline) -> T | _End:
    left = until.left()
    try:
        return arrived.get(timeout=left + GRACE_SECONDS if left < math.inf else None)
    except Empty as error:
        raise TimeoutError from error


_BEGINNING = threading.Lock()


def _loop() -> asyncio.AbstractEventLoop:
    """The loop on which all calls of models run: one, however many threads make their first call at once."""
    with _BEGINNING:
        return _begun_loop()


@cache
def _begun_loop() -> asyncio.AbstractEventLoop:
    """A loop in a thread that ends with the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="touchstone-models", daemon=True).start()
    return loop
