"""Work that keeps a processor busy is done by a few at a time; the others wait in line, in their threads."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from core.errors import Overloaded
from indexes.embedders.protocol import Embedder, Vectors
from service.api.telling import tell_wait


class Turns:
    """So many at work at once, so many in line, first come first served, and nobody waits longer than `seconds`.

    A request that was worked on already goes to the front of the line and is not turned away for its length: what was
    done for it would be lost.
    """

    def __init__(self, at_once: int, *, line: int, seconds: float) -> None:
        self._free = at_once
        self._longest = line
        self._seconds = seconds
        self._line: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    def crowded(self) -> bool:
        """Whether the line is as long as it may be."""
        return len(self._line) >= self._longest > 0

    @contextmanager
    def turn(self, *, begun: bool = False) -> Iterator[None]:
        """Inside, it is the caller's turn. Not to be taken again inside.

        Raises:
            Overloaded: the line is too long, or it did not come in time.
        """
        self._take(begun)
        try:
            yield
        finally:
            with self._lock:
                if self._line:
                    self._line.popleft().set()
                else:
                    self._free += 1

    def _take(self, begun: bool) -> None:  # noqa: FBT001 -- said by its name where people call
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._line) >= self._longest and not begun:
                raise Overloaded("The service is busy: as many wait as soon get their turn. Try again in a moment.")
            mine = threading.Event()
            (self._line.appendleft if begun else self._line.append)(mine)
        began = time.perf_counter()
        called = mine.wait(self._seconds)
        tell_wait(time.perf_counter() - began)
        if called:
            return
        with self._lock:
            if mine.is_set():
                return
            self._line.remove(mine)
        raise Overloaded("The service is busy: others were served first for too long. Try again in a moment.")


class TakingTurns:
    """An embedder that waits for its turn: for models that run here, which embed what they answer from."""

    def __init__(self, embedder: Embedder, turns: Turns) -> None:
        self._embedder, self._turns = embedder, turns

    @property
    def name(self) -> str:
        """As the embedder's own."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """As the embedder's own."""
        return self._embedder.dimension

    @property
    def max_word_pieces(self) -> int:
        """As the embedder's own."""
        return self._embedder.max_word_pieces

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """As the embedder's own. Raises Overloaded too."""
        with self._turns.turn(begun=True):
            return self._embedder.embed_passages(texts)

    def embed_query(self, text: str) -> Vectors:
        """As the embedder's own. Raises Overloaded too."""
        with self._turns.turn(begun=True):
            return self._embedder.embed_query(text)

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """As the embedder's own."""
        return self._embedder.count_word_pieces(texts)
