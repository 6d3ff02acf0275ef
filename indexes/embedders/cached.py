"""An embedder that remembers the latest texts it was given: for callers that come back with the same ones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from core.caches import to_forget_of
from indexes.embedders.protocol import Embedder, Vectors

REMEMBERED = 8192
"""Texts kept: 12 MB at 384 dimensions."""
BULK = 64
"""Passages from which on a call is taken for an ingestion, which never comes back with the same ones."""


class CachedEmbedder:
    """Another embedder with the vectors of its latest `most` texts at hand. Promises what that one promises.

    A call for `bulk` texts or more goes by it.
    """

    def __init__(self, embedder: Embedder, *, most: int = REMEMBERED, bulk: float = BULK) -> None:
        self._embedder = embedder
        self._most, self._bulk = most, bulk
        self._known: OrderedDict[tuple[str, str], Vectors] = OrderedDict()
        self._guard = threading.Lock()
        to_forget_of(self, CachedEmbedder.forget)

    def __reduce__(self) -> tuple[type[CachedEmbedder], tuple[Embedder]]:
        """A copy in another process remembers nothing yet."""
        return CachedEmbedder, (self._embedder,)

    @property
    def name(self) -> str:
        """The name of the embedder behind it."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return self._embedder.dimension

    @property
    def max_word_pieces(self) -> int:
        """Longest text the model reads."""
        return self._embedder.max_word_pieces

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """vectors: float32 (len(texts), dimension); a text that is remembered is not embedded again."""
        if not 0 < len(texts) < self._bulk:
            return self._embedder.embed_passages(texts)
        found = self._recall("passage", texts)
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            found.update(zip(new, self._embedder.embed_passages(new), strict=True))
        self._keep("passage", found)
        return np.stack([found[text] for text in texts])

    def embed_query(self, text: str) -> Vectors:
        """vector: float32 (dimension,)."""
        found = self._recall("query", [text])
        if text not in found:
            found[text] = self._embedder.embed_query(text)
        self._keep("query", found)
        return found[text]

    def forget(self) -> None:
        """Drop every text, and its vector."""
        with self._guard:
            self._known.clear()

    def _recall(self, role: str, texts: Sequence[str]) -> dict[str, Vectors]:
        with self._guard:
            return {text: self._known[role, text] for text in texts if (role, text) in self._known}

    def _keep(self, role: str, found: dict[str, Vectors]) -> None:
        with self._guard:
            for text, vector in found.items():
                self._known[role, text] = vector
                self._known.move_to_end((role, text))
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text."""
        return self._embedder.count_word_pieces(texts)
