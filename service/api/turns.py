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
    """So many at work at once, first come first served, and nobody waits longer than `seconds`.

    How many wait is limited by who lets requests in (service/api/admission.py).
    """

    def __init__(self, at_once: int, *, seconds: float) -> None:
        self._free = at_once
        self._seconds = seconds
        self._line: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Inside, it is the caller's turn. Not to be taken again inside.

        Raises:
            Overloaded: it did not come in time.
        """
        self._take()
        try:
            yield
        finally:
            with self._lock:
                if self._line:
                    self._line.popleft().set()
                else:
                    self._free += 1

    def _take(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            self._line.append(mine)
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
        with self._turns.turn():
            return self._embedder.embed_passages(texts)

    def embed_query(self, text: str) -> Vectors:
        """As the embedder's own. Raises Overloaded too."""
        with self._turns.turn():
            return self._embedder.embed_query(text)

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """As the embedder's own."""
        return self._embedder.count_word_pieces(texts)
