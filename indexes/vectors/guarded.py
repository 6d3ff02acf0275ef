"""A vector index that always answers: exactly, over the vectors in the catalogue, while its store cannot.

The store is not opened for one search: comparing with every one of ten thousand vectors takes less time than loading
the library. The first write opens it, the third search, and a service in the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.access import OWNER
from core.errors import IndexBroken
from indexes.catalogue import exact
from indexes.catalogue.catalogue import Catalogue
from indexes.embedders.protocol import Vectors
from indexes.upkeep import refill
from indexes.upkeep.checksums import Verdict
from indexes.upkeep.derived import Guard, Kind
from indexes.upkeep.guarded import Guarded
from indexes.upkeep.health import Condition
from indexes.vectors.choose import discard_vectors, open_vectors
from indexes.vectors.probe import probe
from indexes.vectors.process import Busy, ChromaProcess
from indexes.vectors.protocol import Counting, VectorIndex

PROBED = 512
"""Vectors a collection that are searched for in the process that tries a store: few of them miss most damage."""
SEARCHES = 2
"""Searches that are answered exactly before the store is opened for them."""
MAX_EXACT = 200_000
"""In a collection of more chunks, the first search opens the store: that is quicker."""

PATIENCE_SECONDS = 0.1
"""How long a search waits for a store that is writing."""
MAX_AT_ONCE = 20_000
"""Chunks that are compared with every one rather than waited for: some tens of milliseconds."""


class GuardedVectors(Guarded[VectorIndex]):
    """A VectorIndex over a guarded store."""

    def __init__(self, folder: Path, catalogue: Catalogue, condition: Condition, verdict: Verdict) -> None:
        self._catalogue, self._folder = catalogue, folder
        self._searches = 0
        kind: Kind[VectorIndex] = Kind(
            name="vector index",
            without="searches compare with every vector, which takes longer",
            open=self._open,
            discard=self._discard,
            reconcile=lambda store, stop: refill.reconcile(catalogue, store, stop=stop),
            probe=lambda found: probe(found, refill.samples(catalogue, PROBED)),
            check=self._check,
        )
        super().__init__(Guard(kind, folder, catalogue, condition, verdict))

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The nearest vectors, by the store or exactly."""
        return self.nearest_to_each(collection, vector[None, :], limit)[0]

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        """As `nearest`, many at once."""
        if self.guard.unopened and not self.guard.serving:
            self._open_if_quicker(collection, len(vectors))
        return self.gently(
            lambda store: self._asked(store, collection, vectors, limit),
            lambda: exact.nearest(self._catalogue.engine, collection, vectors, limit),
        )

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors that the store holds. Raises IndexBroken when it is broken."""
        return self.strictly(lambda store: store.vectors(collection, ids))

    def count(self, collection: str) -> int:
        """How many the store holds. Raises IndexBroken when it is broken, or not open: it is not opened for this."""
        with self.guard.reading() as store:
            whole = self.guard.whole(store)
            return whole.count(collection) if isinstance(whole, Counting) else len(whole.ids(collection))

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors."""
        if ids:
            self.guard.write(lambda store: store.upsert(collection, ids, vectors))

    def _asked(
        self, store: VectorIndex, collection: str, vectors: Vectors, limit: int
    ) -> list[list[tuple[str, float]]]:
        """What the store finds; exactly, when it is writing and that is quicker than waiting for it."""
        if not isinstance(store, ChromaProcess):
            return store.nearest_to_each(collection, vectors, limit)
        try:
            return store.nearest_to_each(collection, vectors, limit, patience=PATIENCE_SECONDS)
        except Busy:
            if self._chunks(collection) > MAX_AT_ONCE:
                return store.nearest_to_each(collection, vectors, limit)
            return exact.nearest(self._catalogue.engine, collection, vectors, limit)

    def _open(self, folder: Path) -> VectorIndex:
        if folder == self._folder:
            refill.note_opened(self._catalogue)
        return open_vectors(folder, apart=self.guard.serving)

    def _discard(self, folder: Path) -> None:
        discard_vectors(folder)
        if folder == self._folder:
            refill.note_new(self._catalogue)

    def _open_if_quicker(self, collection: str, searches: int) -> None:
        self._searches += searches
        if self._searches > SEARCHES or self._chunks(collection) > MAX_EXACT:
            self.guard.open()

    def _chunks(self, collection: str) -> int:
        return {row.name: row.chunks for row in self._catalogue.collections(access=OWNER)}.get(collection, 0)

    def _check(self, store: VectorIndex) -> None:
        if not refill.finds_itself(self._catalogue, store):
            raise IndexBroken("stored vectors are not found by searching for them")
