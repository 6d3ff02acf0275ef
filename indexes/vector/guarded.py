"""A vector index that always answers: exactly, over the vectors in the catalogue, while its store cannot.

The store is not opened for one search: comparing with every one of ten thousand vectors takes less time than loading
the library. The first write opens it, the third search, and a service in the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.access import OWNER
from core.errors import IndexBroken
from indexes import exact, rebuild
from indexes.catalogue import Catalogue
from indexes.condition import Condition
from indexes.embedders.protocol import Vectors
from indexes.guard import Guard, Kind
from indexes.seal import Verdict
from indexes.vector.choose import discard_vectors, open_vectors
from indexes.vector.probe import probe
from indexes.vector.protocol import VectorIndex

PROBED = 512
"""Vectors a collection that are searched for in the process that tries a store: few of them miss most damage."""
SEARCHES = 2
"""Searches that are answered exactly before the store is opened for them."""
MOST_EXACT = 200_000
"""In a collection of more chunks, the first search opens the store: that is quicker."""


class GuardedVectors:
    """A VectorIndex over a guarded store."""

    def __init__(self, folder: Path, catalogue: Catalogue, condition: Condition, verdict: Verdict) -> None:
        self._catalogue = catalogue
        self._searches = 0
        kind: Kind[VectorIndex] = Kind(
            name="vector index",
            without="searches compare with every vector, which takes longer",
            open=open_vectors,
            discard=discard_vectors,
            reconcile=lambda store, stop: rebuild.reconcile(catalogue, store, stop=stop),
            probe=lambda found: probe(found, rebuild.samples(catalogue, PROBED)),
            check=self._check,
        )
        self.guard = Guard(kind, folder, catalogue, condition, verdict)

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The nearest vectors, by the store or exactly."""
        return self.nearest_to_each(collection, vector[None, :], limit)[0]

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        """As `nearest`, many at once."""
        if self.guard.unopened and not self.guard.serving:
            self._open_if_quicker(collection, len(vectors))
        with self.guard.reading() as store:
            if store is not None:
                try:
                    return store.nearest_to_each(collection, vectors, limit)
                except IndexBroken as error:
                    self.guard.fail(store, error)
        return exact.nearest(self._catalogue.engine, collection, vectors, limit)

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors that the store holds. Raises IndexBroken when it is broken."""
        self.guard.open()
        with self.guard.reading() as store:
            return self.guard.whole(store).vectors(collection, ids)

    def ids(self, collection: str) -> set[str]:
        """The ids that the store holds. Raises IndexBroken when it is broken."""
        self.guard.open()
        with self.guard.reading() as store:
            return self.guard.whole(store).ids(collection)

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors."""
        if ids:
            self.guard.write(lambda store: store.upsert(collection, ids, vectors))

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids. Their bytes stay until the store is purged."""
        if ids:
            self.guard.write(lambda store: store.delete(collection, ids), deletes=True)

    def drop(self, collection: str) -> None:
        """Remove a collection, as `delete`."""
        self.guard.write(lambda store: store.drop(collection), deletes=True)

    def close(self) -> None:
        """Release the store."""
        self.guard.close()

    def _open_if_quicker(self, collection: str, searches: int) -> None:
        self._searches += searches
        chunks = {row.name: row.chunks for row in self._catalogue.collections(access=OWNER)}.get(collection, 0)
        if self._searches > SEARCHES or chunks > MOST_EXACT:
            self.guard.open()

    def _check(self, store: VectorIndex) -> None:
        if not rebuild.finds_itself(self._catalogue, store):
            raise IndexBroken("stored vectors are not found by searching for them")
