"""What was read from the catalogue, remembered until anything is written to it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

from sqlalchemy import Engine

from core.caches import to_forget_of
from indexes import schema

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Up to `most` values, the longest unused dropped first. A change to the catalogue holds for the very next read."""

    def __init__(self, engine: Engine, most: int) -> None:
        self._engine, self._most = engine, most
        self._known: OrderedDict[K, V] = OrderedDict()
        self._written = -1
        self._guard = threading.Lock()
        to_forget_of(self, Memo.forget)

    def forget(self) -> None:
        """Drop every value."""
        with self._guard:
            self._known.clear()

    def of(self, keys: Collection[K], read: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """The values of those keys that have one; `read` gives what is not remembered."""
        with self._guard:
            written = schema.changes(self._engine)
            if written != self._written:
                self._known.clear()
                self._written = written
            found = {key: self._known[key] for key in keys if key in self._known}
            for key in found:
                self._known.move_to_end(key)
        missing = [key for key in keys if key not in found]
        if missing:
            new = read(missing)
            found.update(new)
            with self._guard:
                if written == self._written:  # what was read may be older than what is remembered by now
                    self._known.update(new)
                    while len(self._known) > self._most:
                        self._known.popitem(last=False)
        return found
