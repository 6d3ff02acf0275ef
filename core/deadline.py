"""How long work may go on: to a moment, or until somebody says that nobody waits for it any longer."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from core.errors import Cancelled, DeadlineReached


class _Order:
    """Whether work was called off, and what is told then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: list[Callable[[], object]] = []
        self.given = False

    def give(self) -> None:
        with self._lock:
            self.given = True
            told, self._told = self._told, []
        for tell in told:
            tell()

    def add(self, tell: Callable[[], object]) -> None:
        with self._lock:
            if not self.given:
                self._told.append(tell)
                return
        tell()

    def remove(self, tell: Callable[[], object]) -> None:
        with self._lock:
            self._told = [each for each in self._told if each != tell]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline on the monotonic clock, and an order to stop that any thread may give.

    Those made from another with `sooner` are called off together with it.
    """

    moment: float = math.inf
    _order: _Order = field(default_factory=_Order, repr=False, compare=False)

    @classmethod
    def never(cls) -> Deadline:
        """No deadline; it can still be called off."""
        return cls()

    @classmethod
    def within(cls, seconds: float) -> Deadline:
        """A deadline so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def sooner(self, seconds: float) -> Deadline:
        """This deadline, or so many seconds from now if that is earlier."""
        return Deadline(min(self.moment, time.monotonic() + seconds), self._order)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Inside, in this thread, what is not handed a deadline can ask for this one: `Deadline.here`."""
        before = _here.set(self)
        try:
            yield
        finally:
            _here.reset(before)

    @classmethod
    def here(cls) -> Deadline:
        """What this thread keeps to; without a deadline where nothing was said."""
        return _here.get() or cls.never()

    def left(self) -> float:
        """Seconds left: 0 when it is over, infinite without a deadline."""
        return 0.0 if self._order.given else max(0.0, self.moment - time.monotonic())

    def cancel(self) -> None:
        """Call the work off: nobody waits for it."""
        self._order.give()

    @property
    def cancelled(self) -> bool:
        """Whether it was called off."""
        return self._order.given

    @contextmanager
    def calling(self, stop: Callable[[], object]) -> Iterator[None]:
        """Inside, `stop` is called when the work is called off, from the thread that does it; at once if it was."""
        self._order.add(stop)
        try:
            yield
        finally:
            self._order.remove(stop)

    def require(self) -> None:
        """Go on only while there is time.

        Raises:
            Cancelled: the work was called off.
            DeadlineReached: the deadline has passed.
        """
        if self.cancelled:
            raise Cancelled("Nobody waits for this answer any longer.")
        if not self.left():
            raise DeadlineReached("The time for this request is over. Ask again, or raise server.deadline_s.")


_here: ContextVar[Deadline | None] = ContextVar("until", default=None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds for which the header Retry-After of a reply asks, a number or a date; None where it says nothing."""
    said = headers.get("retry-after", "")
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
