"""What a running service works with now: its parts can be exchanged while requests are under way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.api.state import Evaluations, Service, Upkeep


@dataclass(slots=True)
class _Held:
    """Open parts, how many requests are at work with them, and what closes them; None: others do."""

    service: Service
    close: Callable[[], None] | None
    users: int = 0
    retired: bool = False


class Live:
    """Hands the parts to requests. A request keeps those it began with; they are closed when the last one has ended.

    Those who write wait while parts are exchanged; those who read do not.
    """

    def __init__(
        self,
        service: Service,
        *,
        close: Callable[[], None] | None = None,
        upkeep: Upkeep | None = None,
        secret: str = "",
    ) -> None:
        self._current = _Held(service, close)
        self._changed = threading.Condition()
        self._writers = 0
        self._closed = False
        self.upkeep = upkeep
        self.evaluations: Evaluations | None = None
        self.crowded: Callable[[], bool] = lambda: False
        """True while the line for searches is full (service/api/limits/concurrency.py)."""
        self.stopping = False
        """True once the service was told to stop: it answers what came and takes no more."""
        self.secret = secret
        """What the owner of the data folder shows to be known; empty: there is no such thing."""

    @contextmanager
    def reading(self) -> Iterator[Service]:
        """The parts, for one request."""
        with self._changed:
            held = self._current
            held.users += 1
        try:
            yield held.service
        finally:
            with self._changed:
                held.users -= 1
                last = held.retired and not held.users
            if last:  # not here: this may be the event loop
                threading.Thread(target=self._close_if_unused, args=(held,), name="touchstone-closing").start()

    @contextmanager
    def writing(self) -> Iterator[Service]:
        """The parts, for a request that changes something."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._writers += 1
        try:
            with self.reading() as service:
                yield service
        finally:
            with self._changed:
                self._writers -= 1
                self._changed.notify_all()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Inside, no request writes: those under way are waited for, others wait."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._closed = True
            self._changed.wait_for(lambda: not self._writers)
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()

    def become(self, service: Service, *, close: Callable[[], None] | None = None) -> None:
        """Hand out other parts from now on. Those until now are closed when nobody needs them any longer."""
        with self._changed:
            before, self._current = self._current, _Held(service, close)
            before.retired = True
        self._close_if_unused(before)

    def update(self, service: Service) -> None:
        """Hand out other parts that stand on the same open indexes."""
        with self._changed:
            self._current.service = service

    def end(self) -> None:
        """Close what is open; the last request has ended."""
        self._current.retired = True
        self._close_if_unused(self._current)

    def _close_if_unused(self, held: _Held) -> None:
        with self._changed:
            unused = held.retired and not held.users
            close, held.close = (held.close, None) if unused else (None, held.close)
        if close is not None:
            close()
