"""An embedder without a model: texts that share words are near each other. The fake that ships."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from indexes.embedders.protocol import Vectors

DIMENSION = 384
PLACES = 4
"""Places of the vector that each word adds to: two words seldom share them all."""
_WORD = re.compile(r"\w+")


class HashingEmbedder:
    """Adds a fixed +1 or -1 at a few hashed places for each word, then scales to unit length."""

    name = "hashing-384"
    dimension = DIMENSION
    max_word_pieces = 256

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """vectors: float32 (len(texts), 384)."""
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            row[:] = self.embed_query(text)
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """vector: float32 (384,); a text without words has one of its own."""
        vector = np.zeros(DIMENSION, dtype=np.float32)
        for word in _WORD.findall(text.lower())[: self.max_word_pieces] or [""]:
            digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=3 * PLACES).digest()
            for start in range(0, len(digest), 3):
                place = int.from_bytes(digest[start : start + 2], "little") % DIMENSION
                vector[place] += 1.0 if digest[start + 2] % 2 else -1.0
        length = float(np.linalg.norm(vector))
        return vector / np.float32(length) if length else self.embed_query("")

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """The number of words."""
        return [len(_WORD.findall(text)) for text in texts]
