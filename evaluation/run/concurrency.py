"""Calls under way: at most so many at each provider, landing in the order in which they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class InFlight(Generic[T]):
    """Runs work in threads, for each provider as many at once as it has places. Sent and landed from one thread."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self.outstanding = 0
        """What was sent and has not landed."""
        self._pools = {name: ThreadPoolExecutor(most, thread_name_prefix="call") for name, most in places.items()}
        self._landed: SimpleQueue[Future[T]] = SimpleQueue()

    def send(self, work: Callable[[], T], *, provider: str) -> None:
        """Do it when one of the provider's places is free; first come, first served."""
        self.outstanding += 1
        self._pools[provider].submit(work).add_done_callback(self._landed.put)

    def land(self) -> T:
        """What the next work to end came to; waits for it, and raises what it raised."""
        done = self._landed.get()
        self.outstanding -= 1
        return done.result()

    def close(self) -> None:
        """Wait for what is under way; what is not begun never will be."""
        for pool in self._pools.values():
            pool.shutdown(cancel_futures=True)
