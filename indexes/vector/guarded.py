"""A vector index that always answers: exactly, over the vectors in the catalogue, while its store cannot.

    unopened   it is opened by the first write, by the third search, or by the service in the background
    open       searched and written
    broken     its files are not what they were, or it failed: a new one is filled aside from the catalogue, and takes
               its place; nothing is embedded again

The store is not opened for one search: comparing with every one of ten thousand vectors takes less time than loading
the library. While a store is filled aside, what is written goes there too.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from core.access import OWNER
from core.errors import IndexBroken
from indexes import rebuild
from indexes.catalogue import Catalogue
from indexes.condition import Condition
from indexes.embedders.protocol import Vectors
from indexes.seal import Verdict
from indexes.vector.choose import condemn_vectors, condemned, discard_vectors, open_vectors
from indexes.vector.probe import finds, probe
from indexes.vector.protocol import VectorIndex
from indexes.write import sweep

logger = logging.getLogger(__name__)

PART = "vectors"
SEARCHES = 2
"""Searches that are answered exactly before the store is opened for them."""
MOST_EXACT = 200_000
"""In a collection of more chunks, the first search opens the store: it is the faster way there."""
REMEDY = "`touchstone index repair` makes it again from the catalogue."
DELETED = "deleted"
"""What the catalogue remembers while bytes of deleted vectors may be in the store."""


class GuardedVectors:
    """A VectorIndex over a store that may be closed, broken, or in the making. Owns the store's folder."""

    def __init__(self, folder: Path, catalogue: Catalogue, condition: Condition, verdict: Verdict) -> None:
        self._folder, self._aside = folder, folder.with_name(folder.name + "-next")
        self._catalogue, self._condition, self._verdict = catalogue, condition, verdict
        self._writes = threading.RLock()
        self._turn = threading.Condition()
        self._readers = self._searches = self._deletions = 0
        self._state: Literal["unopened", "open", "broken"] = "unopened"
        self._index: VectorIndex | None = None
        self._failed: list[VectorIndex] = []
        self._next: VectorIndex | None = None
        self._filling: threading.Thread | None = None
        self._serving = self._stopping = self._noted = False
        discard_vectors(self._aside)
        if verdict is Verdict.CHANGED:
            self._break("its files are not what they were when it was closed")
        elif condemned(folder):
            self._break("the last write to it was cut off")

    # A VectorIndex

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The nearest vectors, by the store or exactly."""
        return self.nearest_to_each(collection, vector[None, :], limit)[0]

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        """As `nearest`, many at once."""
        self._open_for_search(collection)
        with self._reading() as index:
            if index is not None:
                try:
                    return index.nearest_to_each(collection, vectors, limit)
                except IndexBroken as error:
                    self._fail(index, error)
        return [self._catalogue.nearest(collection, vector, limit, access=OWNER) for vector in vectors]

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors that the store holds. Raises IndexBroken when it is broken."""
        self.open()
        with self._reading() as index:
            return self._whole(index).vectors(collection, ids)

    def ids(self, collection: str) -> set[str]:
        """The ids that the store holds. Raises IndexBroken when it is broken."""
        self.open()
        with self._reading() as index:
            return self._whole(index).ids(collection)

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors."""
        self._write(lambda index: index.upsert(collection, ids, vectors))

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids. Their bytes stay until `purge`."""
        if ids:
            self._note_deletion()
            self._write(lambda index: index.delete(collection, ids))

    def drop(self, collection: str) -> None:
        """Remove a collection, as `delete`."""
        self._note_deletion()
        self._write(lambda index: index.drop(collection))

    def close(self) -> None:
        """Release the store. A service gives up what it fills aside; a command waits until that is done."""
        self._stopping = self._serving
        if self._filling is not None:
            self._filling.join()
        with self._writes:
            self._release()

    # Its care

    def serve(self) -> None:
        """Open the store, or fill a new one, now and whenever it breaks: for a process that goes on for long."""
        self._serving = True
        self.open()
        if self._state == "broken":
            self._fill_in_background()

    def open(self) -> None:
        """Open the store if that was not done yet; one that proves to be broken is noted as such."""
        with self._writes:
            if self._state != "unopened":
                return
            index: VectorIndex | None = None
            try:
                samples = rebuild.samples(self._catalogue)
                if self._verdict is Verdict.UNSEALED and self._folder.exists():
                    probe(self._folder, samples)
                index = open_vectors(self._folder)
                sweep(self._catalogue, index)
                if self._verdict is Verdict.UNSEALED:
                    rebuild.reconcile(self._catalogue, index)
                if not finds(index, samples):
                    raise IndexBroken("stored vectors are not found")
                self._index, self._state = index, "open"
            except IndexBroken as error:
                if index is not None:
                    _close(index)
                self._break(str(error))

    def remake(self) -> int:
        """Fill a new store aside and put it in this one's place; returns how many vectors it holds.

        Raises:
            IndexBroken: the new store cannot be written; the old one stays, if it was in order.
        """
        with self._writes:
            filled = self._begin()
        try:
            rebuild.reconcile(self._catalogue, filled, stop=lambda: self._stopping)
            with self._writes:
                if self._stopping:
                    return 0
                rebuild.reconcile(self._catalogue, filled)
                self._swap(filled)
            return sum(row.chunks for row in self._catalogue.collections())
        finally:
            with self._writes:
                if self._next is not None:
                    _close(self._next)
                    discard_vectors(self._aside)
                    self._next = None

    def purge(self) -> bool:
        """Leave no byte of a deleted vector in the store, which is made again for it; whether there was any.

        Raises:
            IndexBroken: as `remake`.
        """
        if self._catalogue.recall(DELETED) is None:
            return False
        before = self._deletions
        self.remake()
        if self._deletions == before:
            self._catalogue.unlearn(DELETED)
            self._noted = False
        return True

    def _note_deletion(self) -> None:
        self._deletions += 1
        if not self._noted:
            self._catalogue.remember(DELETED, "yes")
            self._noted = True

    def _begin(self) -> VectorIndex:
        """The store that is filled aside: what is written from now on goes there too."""
        if self._next is None:
            discard_vectors(self._aside)
            self._next = open_vectors(self._aside)
        return self._next

    def _swap(self, filled: VectorIndex) -> None:
        """Put the filled store in the place of the old one; searches are answered exactly meanwhile."""
        filled.close()
        self._next = None
        self._release()
        discard_vectors(self._folder)
        self._aside.rename(self._folder)
        self._index, self._state = open_vectors(self._folder), "open"
        self._condition.clear(PART)

    def _open_for_search(self, collection: str) -> None:
        if self._state != "unopened" or self._serving:
            return
        self._searches += 1
        chunks = next((row.chunks for row in self._catalogue.collections() if row.name == collection), 0)
        if self._searches > SEARCHES or chunks > MOST_EXACT:
            self.open()

    def _write(self, change: Callable[[VectorIndex], None]) -> None:
        """Change the store, and the one that is filled aside. What no store takes is in the catalogue."""
        with self._writes:
            self.open()
            if self._index is None and self._next is None:
                self._begin_again()
            for index in (self._index, self._next):
                if index is not None:
                    try:
                        change(index)
                    except IndexBroken as error:
                        self._fail(index, error)

    def _fail(self, index: VectorIndex, error: IndexBroken) -> None:
        """Note that the store failed, unless it is no longer the one that answers."""
        if index is self._index:
            self._failed.append(index)
            self._break(str(error))
            if self._serving:
                self._fill_in_background()

    def _break(self, reason: str) -> None:
        self._state, self._index = "broken", None
        condemn_vectors(self._folder)
        reason = reason.rstrip(".").removesuffix(REMEDY.rstrip(".")).rstrip(". ")
        self._condition.note(PART, f"The vector index is broken ({reason}): searches are exact and slower. {REMEDY}")

    def _begin_again(self) -> None:
        """Fill a new store, with the write that is about to be done as its first."""
        try:
            self._begin()
        except IndexBroken as error:
            self._despair(error)
        else:
            self._fill_in_background()

    def _fill_in_background(self) -> None:
        with self._turn:
            if self._filling is None or not self._filling.is_alive():
                self._filling = threading.Thread(target=self._fill, name="vectors")
                self._filling.start()

    def _fill(self) -> None:
        try:
            self.remake()
        except (IndexBroken, OSError) as error:
            self._despair(error)

    def _despair(self, error: Exception) -> None:
        logger.warning("the vector index could not be made again", extra={"reason": str(error)})

    def _whole(self, index: VectorIndex | None) -> VectorIndex:
        if index is None:
            raise IndexBroken(f"The vector index in {self._folder} is broken. {REMEDY}")
        return index

    @contextmanager
    def _reading(self) -> Iterator[VectorIndex | None]:
        """The store, which is not closed before this ends; None when there is none to search."""
        with self._turn:
            index = self._index
            self._readers += 1
        try:
            yield index
        finally:
            with self._turn:
                self._readers -= 1
                self._turn.notify_all()

    def _release(self) -> None:
        """Close the store, when nobody searches it any more."""
        with self._turn:
            used, self._index = self._index, None
            self._turn.wait_for(lambda: self._readers == 0)
        for index in (used, *self._failed):
            if index is not None:
                _close(index)
        self._failed.clear()


def _close(index: VectorIndex) -> None:
    """Close a store that may be broken."""
    try:
        index.close()
    except IndexBroken as error:
        logger.warning("a vector index could not be closed", extra={"reason": str(error)})
