"""What was read from the catalogue, remembered until anything is written to it, up to so many values and bytes."""

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
    """Up to `most` values, the longest unused dropped first. A change to the catalogue holds for the very next read.

    `size`: the bytes of a key and its value, which are together at most `most_bytes`, whoever chooses the keys; a value
    that alone is larger is not remembered.
    """

    def __init__(
        self, engine: Engine, most: int, *, size: Callable[[K, V], int] = lambda _, __: 0, most_bytes: int = 0
    ) -> None:
        self._engine, self._most = engine, most
        self._size, self._most_bytes = size, most_bytes
        self._known: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._written = -1
        self._guard = threading.Lock()
        to_forget_of(self, Memo.forget)

    def forget(self) -> None:
        """Drop every value."""
        with self._guard:
            self._known.clear()

    @property
    def held(self) -> int:
        """The bytes of what is remembered."""
        return self._bytes

    def of(self, keys: Collection[K], read: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """The values of those keys that have one; `read` gives what is not remembered."""
        with self._guard:
            written = schema.changes(self._engine)
            if written != self._written:
                self._known.clear()
                self._bytes = 0
                self._written = written
            found = {key: self._known[key][0] for key in keys if key in self._known}
            for key in found:
                self._known.move_to_end(key)
        missing = [key for key in keys if key not in found]
        if missing:
            new = read(missing)
            found.update(new)
            sizes = {key: self._size(key, value) for key, value in new.items()}
            with self._guard:
                if written == self._written:  # what was read may be older than what is remembered by now
                    self._remember(new, sizes)
        return found

    def _remember(self, new: Mapping[K, V], sizes: Mapping[K, int]) -> None:
        for key, value in new.items():
            if key not in self._known and sizes[key] <= self._most_bytes:
                self._known[key] = value, sizes[key]
                self._bytes += sizes[key]
        while len(self._known) > self._most or self._bytes > self._most_bytes:
            _, (_, size) = self._known.popitem(last=False)
            self._bytes -= size
