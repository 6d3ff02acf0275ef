"""Vectors in memory, compared one by one: exact, and gone with the process. The fake that ships."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from core.errors import IndexBroken
from indexes.embedders.protocol import Vectors


class MemoryIndex:
    """A VectorIndex for tests and for collections of a few thousand chunks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._collections: dict[str, dict[str, Vectors]] = {}

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors. Raises IndexBroken when their length differs from those stored."""
        if not ids:
            return
        with self._lock:
            stored = self._collections.setdefault(collection, {})
            known = next(iter(stored.values()), vectors[0])
            if known.shape != vectors[0].shape:
                raise IndexBroken(f"Vectors of length {len(vectors[0])} do not fit an index of length {len(known)}.")
            stored.update(zip(ids, np.array(vectors, dtype=np.float32), strict=True))

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids."""
        with self._lock:
            for name in ids:
                self._collections.get(collection, {}).pop(name, None)

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The nearest of all vectors."""
        with self._lock:
            stored = dict(self._collections.get(collection, {}))
        if not stored:
            return []
        cosines = np.stack(list(stored.values())) @ vector
        ranked = sorted(zip(stored, cosines.tolist(), strict=True), key=lambda found: (-found[1], found[0]))
        return ranked[:limit]

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        """The nearest of all vectors, for each."""
        return [self.nearest(collection, vector, limit) for vector in vectors]

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors that are stored."""
        with self._lock:
            stored = self._collections.get(collection, {})
            return {name: stored[name] for name in ids if name in stored}

    def ids(self, collection: str) -> set[str]:
        """Every id."""
        with self._lock:
            return set(self._collections.get(collection, {}))

    def count(self, collection: str) -> int:
        """How many there are."""
        with self._lock:
            return len(self._collections.get(collection, {}))

    def drop(self, collection: str) -> None:
        """Remove a collection."""
        with self._lock:
            self._collections.pop(collection, None)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._collections.clear()
