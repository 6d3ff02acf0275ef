"""One model run in two ways: at once for a question, and where torch is faster for the many texts of an ingestion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from indexes.embedders.protocol import Embedder, Vectors

BULK = 32
"""Passages from which on it pays to load torch."""


def always() -> bool:
    """For torch that is faster whatever it finds."""
    return True


class BulkEmbedder:
    """An Embedder of two that give nearly the same vectors (cosine above 0.999): `quick` is ready in a moment, `bulk`
    is faster with many texts. `worth` is asked once, before the first of those, whether it is, on this machine.
    """

    def __init__(self, name: str, quick: Embedder, bulk: Embedder, worth: Callable[[], bool]) -> None:
        self.name = name
        self.dimension, self.max_word_pieces = quick.dimension, quick.max_word_pieces
        self._quick, self._bulk, self._worth = quick, bulk, worth
        self._pays: bool | None = None

    def __reduce__(self) -> tuple[type[BulkEmbedder], tuple[Any, ...]]:
        """A copy in another process loads what it needs anew."""
        return BulkEmbedder, (self.name, self._quick, self._bulk, self._worth)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """vectors: float32 (len(texts), dimension)."""
        if len(texts) < BULK:
            return self._quick.embed_passages(texts)
        if self._pays is None:
            self._pays = self._worth()
        return (self._bulk if self._pays else self._quick).embed_passages(texts)

    def embed_query(self, text: str) -> Vectors:
        """vector: float32 (dimension,)."""
        return self._quick.embed_query(text)

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text."""
        return self._quick.count_word_pieces(texts)
