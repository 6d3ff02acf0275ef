"""What every embedder promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns text into vectors of unit length.

    The same text gives the same vector (within the rounding of its precision) whatever it is batched with; the order
    of the input is kept; an empty list gives an array of shape (0, dimension). Safe to call from several threads.
    Constructing one is cheap: the model is loaded by the first call. It can be pickled, and so go to another process,
    where counting word pieces loads no more than the tokenizer.

    Raises IndexBroken when the model cannot be loaded, EmbedderUnavailable when it runs elsewhere and does not reply.
    A question does not wait until passages that another thread gave are done.
    """

    @property
    def name(self) -> str:
        """Identifies the weights and the way they are run; part of the index version."""

    @property
    def dimension(self) -> int:
        """Length of each vector."""

    @property
    def max_word_pieces(self) -> int:
        """Longest text the model reads, in its own word pieces, without the two special ones."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """vectors: float32 (len(texts), dimension), L2-normalised."""

    def embed_query(self, text: str) -> Vectors:
        """vector: float32 (dimension,), L2-normalised."""

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text, special ones and truncation left out."""
