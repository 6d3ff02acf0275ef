"""Both derived indexes as whoever searches and writes sees them: they always answer, whatever became of their stores.

Vectors are compared with every one in the catalogue while there is no store to ask. It is not opened for one search:
comparing with ten thousand vectors takes less time than loading the library. The first write opens it, the third
search, and a service in the background. Of words, nothing is found while their store is broken: vectors answer alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from core.access import OWNER
from core.errors import IndexBroken
from indexes.catalogue import exact
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.rows import Entry
from indexes.embedders.protocol import Vectors
from indexes.keyword.choose import discard_keyword, open_keyword
from indexes.keyword.protocol import KeywordIndex
from indexes.upkeep import refill
from indexes.upkeep.checksums import Verdict
from indexes.upkeep.derived import Closable, DerivedStore, Kind
from indexes.upkeep.health import Health
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


class Index(Closable, Protocol):
    """What both kinds of index can do."""

    def ids(self, collection: str) -> set[str]:
        """Every id. Raises IndexBroken."""

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids. Raises IndexBroken."""

    def drop(self, collection: str) -> None:
        """Remove a collection. Raises IndexBroken."""


D = TypeVar("D", bound=Index)
T = TypeVar("T")


class DerivedIndex(Generic[D]):
    """A derived index over its store. `derived`: the store, which may be unopened or broken."""

    def __init__(self, derived: DerivedStore[D]) -> None:
        self.derived = derived

    def ids(self, collection: str) -> set[str]:
        """The ids that the store holds. Raises IndexBroken when it is broken."""
        return self.strictly(lambda store: store.ids(collection))

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids. What they stood for stays in the files until the store is purged."""
        if ids:
            self.derived.write(lambda store: store.delete(collection, ids), deletes=True)

    def drop(self, collection: str) -> None:
        """Remove a collection, as `delete`."""
        self.derived.write(lambda store: store.drop(collection), deletes=True)

    def close(self) -> None:
        """Release the store."""
        self.derived.close()

    def strictly(self, ask: Callable[[D], T]) -> T:
        """What the store says. Raises IndexBroken when it is broken."""
        self.derived.open()
        with self.derived.reading() as store:
            return ask(self.derived.whole(store))

    def gently(self, ask: Callable[[D], T], otherwise: Callable[[], T]) -> T:
        """What the store says, or what is said while there is none or it breaks."""
        with self.derived.reading() as store:
            if store is not None:
                try:
                    return ask(store)
                except IndexBroken as error:
                    self.derived.fail(store, error)
        return otherwise()


class DerivedVectors(DerivedIndex[VectorIndex]):
    """A VectorIndex over its derived store."""

    def __init__(self, folder: Path, catalogue: Catalogue, health: Health, verdict: Verdict) -> None:
        self._catalogue = catalogue
        self._searches = 0
        kind: Kind[VectorIndex] = Kind(
            name="vector index",
            without="searches compare with every vector, which takes longer",
            fragile=True,
            open=self._open,
            discard=discard_vectors,
            reconcile=lambda store, stop: refill.reconcile(catalogue, store, stop=stop),
            probe=lambda found: probe(found, refill.samples(catalogue, PROBED)),
            check=self._check,
        )
        super().__init__(DerivedStore(kind, folder, catalogue, health, verdict))

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The nearest vectors, by the store or exactly."""
        return self.nearest_to_each(collection, vector[None, :], limit)[0]

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        """As `nearest`, many at once."""
        if self.derived.unopened and not self.derived.serving:
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
        with self.derived.reading() as store:
            whole = self.derived.whole(store)
            return whole.count(collection) if isinstance(whole, Counting) else len(whole.ids(collection))

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors."""
        if ids:
            self.derived.write(lambda store: store.upsert(collection, ids, vectors))

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
        return open_vectors(folder, apart=self.derived.serving)

    def _open_if_quicker(self, collection: str, searches: int) -> None:
        self._searches += searches
        if self._searches > SEARCHES or self._chunks(collection) > MAX_EXACT:
            self.derived.open()

    def _chunks(self, collection: str) -> int:
        return {row.name: row.chunks for row in self._catalogue.collections(access=OWNER)}.get(collection, 0)

    def _check(self, store: VectorIndex) -> None:
        if not refill.finds_itself(self._catalogue, store):
            raise IndexBroken("stored vectors are not found by searching for them")


class DerivedKeyword(DerivedIndex[KeywordIndex]):
    """A KeywordIndex over its derived store."""

    def __init__(self, folder: Path, catalogue: Catalogue, health: Health, verdict: Verdict) -> None:
        kind: Kind[KeywordIndex] = Kind(
            name="keyword index",
            without="searches go by meaning alone",
            fragile=False,
            open=open_keyword,
            discard=discard_keyword,
            reconcile=lambda store, stop: refill.reconcile_words(catalogue, store, stop=stop),
            probe=lambda found: None,
            check=lambda store: None,
        )
        super().__init__(DerivedStore(kind, folder, catalogue, health, verdict))

    def search(
        self, collection: str, text: str, limit: int, *, documents: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The best by words; none while the store is broken."""
        self.derived.open()
        return self.gently(lambda store: store.search(collection, text, limit, documents=documents), list)

    def terms(self, text: str) -> list[str]:
        """The words that count; none while the store is broken."""
        self.derived.open()
        return self.gently(lambda store: store.terms(text), list)

    def spread(self, collection: str, text: str, documents: Collection[str]) -> dict[str, dict[str, int]]:
        """In how many chunks of these documents each term stands; nothing while the store is broken."""
        self.derived.open()
        return self.gently(lambda store: store.spread(collection, text, documents), dict)

    def upsert(self, collection: str, entries: Sequence[Entry]) -> None:
        """Index the entries."""
        if entries:
            self.derived.write(lambda store: store.upsert(collection, entries))
