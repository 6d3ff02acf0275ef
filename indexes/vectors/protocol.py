"""What every vector index promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from indexes.embedders.protocol import Vectors


class VectorIndex(Protocol):
    """Finds the nearest stored vectors by cosine. Derived from the catalogue: it may hold more, never less.

    One namespace a collection; an unknown collection is an empty one. Safe to call from several threads.
    Raises IndexBroken when the store cannot be read or written.
    """

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store vectors float32 (len(ids), dimension) under their ids, replacing any known id."""

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids; unknown ones are ignored."""

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """(id, cosine) of up to `limit` nearest vectors, nearest first, ties by id."""

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        """As `nearest`, for each of vectors float32 (n, dimension)."""

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The stored vectors of these ids; unknown ones are left out."""

    def ids(self, collection: str) -> set[str]:
        """Every id stored in the collection."""

    def drop(self, collection: str) -> None:
        """Remove a whole collection; an unknown one is ignored."""

    def close(self) -> None:
        """Write what is held back and release the store."""


@runtime_checkable
class Counting(Protocol):
    """What a vector index may promise besides: to count without listing."""

    def count(self, collection: str) -> int:
        """How many vectors the collection holds."""
