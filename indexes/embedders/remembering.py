"""An embedder that remembers the latest texts it was given: for callers that come back with the same ones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from indexes.embedders.protocol import Embedder, Vectors

REMEMBERED = 8192
"""Passages kept: 12 MB at 384 dimensions."""


class Remembering:
    """Another embedder with the vectors of its latest passages at hand. Promises what that one promises."""

    def __init__(self, embedder: Embedder, *, most: int = REMEMBERED) -> None:
        self._embedder = embedder
        self._most = most
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._guard = threading.Lock()

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
        """vectors: float32 (len(texts), dimension); only texts that are not remembered are embedded, each once."""
        with self._guard:
            found = {text: self._known[text] for text in texts if text in self._known}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            found.update(zip(new, self._embedder.embed_passages(new), strict=True))
        with self._guard:
            for text in found:
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([found[text] for text in texts])

    def embed_query(self, text: str) -> Vectors:
        """vector: float32 (dimension,)."""
        return self._embedder.embed_query(text)

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text."""
        return self._embedder.count_word_pieces(texts)
