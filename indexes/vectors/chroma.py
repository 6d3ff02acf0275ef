"""Vectors in an embedded Chroma store on disk. The only file that imports chromadb.

What was measured of chromadb 1.5.9, and what is done about it here: a process killed while Chroma writes its graph can
leave files that make the next process die when it opens them (SIGSEGV: nothing to catch). So a mark lies beside the
folder while a write runs; a store with the mark is not opened but refused as broken, and its owner fills a new one.
A write holds Python's interpreter lock from its first vector to its last: a process that answers others keeps the
store in another one (`process.py`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import IndexBroken
from core.files import write_fault
from core.ids import folder_name
from indexes.embedders.protocol import Vectors

BATCH = 64
"""Vectors written at once: searches wait behind a write, and larger ones make them wait for longer."""
CLAIM_SECONDS = 60.0
"""How long a folder is waited for that another process has open: one that lost its owner ends with its last write."""
GRAPH = {
    "space": "cosine",
    "max_neighbors": 64,
    "ef_construction": 400,
    "ef_search": 400,
    "sync_threshold": 1000,
    "batch_size": 100,
}
"""The graph is written every 1000 vectors; at most as many are put into it again when the store is opened. With fewer
neighbours it does not find every vector by itself: docs/reliability.md."""
WALKED, MAX_WALKED = 1000, 1500
"""One vector in so many is asked for, and at most so many: the wider a walk through a large graph, the more of the
nearest it meets. Up to 400,000 vectors, `ef_search` is wide enough."""


@dataclass(slots=True)
class _Collection:
    """Chroma's collection, about how many vectors it holds, and how many were written since they were counted."""

    stored: Any
    size: int
    written: int = 0

    def wrote(self, added: int, written: int) -> None:
        """Keep the estimate: it says how widely to search. Counted anew once a tenth was written, or known ids were."""
        self.size, self.written = self.size + added, self.written + written
        if self.written > max(self.size // 10, WALKED):
            self.size, self.written = self.stored.count(), 0


class ChromaIndex:
    """A VectorIndex on disk. One process, one object a folder. Reading waits for no other thread's write."""

    def __init__(self, folder: Path, *, alone: bool = False) -> None:
        """`alone`: this process is there for the store and may outlive its owner; nobody opens it before it has ended.

        Raises:
            IndexBroken: the folder cannot be read, or a write to it was cut off.
        """
        self._folder = folder
        self._mark = _mark_of(folder)
        self._writes = threading.RLock()
        self._lookup = threading.Lock()
        self._known: dict[str, _Collection] = {}
        self._failed = False
        with self._translated("open"):
            self._claim = _claim(folder, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        try:
            if self._mark.exists():
                raise IndexBroken(f"The last write to the vector index in {folder} was cut off; it must be rebuilt.")
            self._client: Any = self._open()
        except IndexBroken:
            os.close(self._claim)
            raise

    @staticmethod
    def discard(folder: Path) -> None:
        """Delete a store that is closed or broken, so that an empty one can be opened."""
        if folder.is_file():
            folder.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        _mark_of(folder).unlink(missing_ok=True)

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors, BATCH at a time."""
        if not ids:
            return
        with self._writing("write to"):
            known = self._collection(collection, create=True)
            assert known is not None
            for start in range(0, len(ids), BATCH):
                known.stored.upsert(ids=list(ids[start : start + BATCH]), embeddings=vectors[start : start + BATCH])
            known.wrote(len(ids), len(ids))

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids."""
        if not ids:
            return
        with self._writing("delete from"):
            known = self._collection(collection)
            if known is None:
                return
            for start in range(0, len(ids), BATCH):
                known.stored.delete(ids=list(ids[start : start + BATCH]))
            known.wrote(-len(ids), len(ids))

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The nearest vectors, found by walking Chroma's graph: nearly always all of them."""
        return self.nearest_to_each(collection, vector[None, :], limit)[0]

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        """As `nearest`, many at once."""
        with self._reading("search", collection) as known:
            if known is not None and limit >= 1 and len(vectors):
                asked = max(limit, min(known.size // WALKED, MAX_WALKED))
                found = known.stored.query(query_embeddings=list(vectors), n_results=asked, include=["distances"])
                cosines = [1.0 - np.asarray(each, dtype=np.float64) for each in found["distances"]]
                return [
                    sorted(zip(names, each.tolist(), strict=True), key=lambda hit: (-hit[1], hit[0]))[:limit]
                    for names, each in zip(found["ids"], cosines, strict=True)
                ]
        return [[] for _ in vectors]

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors that are stored, of those that are asked for."""
        with self._reading("read", collection) as known:
            if known is not None and ids:
                found = known.stored.get(ids=list(ids), include=["embeddings"])
                return dict(zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True))
        return {}

    def ids(self, collection: str) -> set[str]:
        """Every id, in one go: page after page, Chroma passes over all that came before."""
        with self._reading("list", collection) as known:
            if known is not None:
                return set(known.stored.get(include=[])["ids"])
        return set()

    def count(self, collection: str) -> int:
        """How many rows Chroma has; whether its graph finds them is another question."""
        with self._reading("count", collection) as known:
            if known is not None:
                return int(known.stored.count())
        return 0

    def drop(self, collection: str) -> None:
        """Remove a collection."""
        with self._writing("drop a collection of"):
            if self._collection(collection) is not None:
                with self._lookup:  # nobody opens it again meanwhile
                    del self._known[collection]
                    self._client.delete_collection(folder_name(collection))

    def close(self) -> None:
        """Close the store."""
        with self._writes, self._translated("close"):
            self._known.clear()
            self._client.close()
            if self._claim >= 0:
                os.close(self._claim)
                self._claim = -1

    def _open(self) -> Any:  # noqa: ANN401 -- chromadb is untyped to us
        with self._translated("open"):
            import chromadb
            from chromadb.api.shared_system_client import SharedSystemClient
            from chromadb.config import Settings
            from chromadb.errors import ChromaError

            try:
                return chromadb.PersistentClient(str(self._folder), settings=Settings(anonymized_telemetry=False))
            except ChromaError:  # chromadb keeps what it half started, and would hand it out for this folder again
                SharedSystemClient._identifier_to_system.pop(str(self._folder), None)
                raise

    def _collection(self, name: str, *, create: bool = False) -> _Collection | None:
        """What is known of a collection; None when there is none and none is to be made."""
        from chromadb.errors import NotFoundError

        if (known := self._known.get(name)) is not None:
            return known
        with self._lookup:
            if name in self._known:
                return self._known[name]
            try:
                found = self._client.get_collection(folder_name(name), embedding_function=None)
            except NotFoundError:
                if not create:
                    return None
                found = self._client.create_collection(
                    folder_name(name), embedding_function=None, configuration={"hnsw": GRAPH}
                )
            return self._known.setdefault(name, _Collection(found, found.count()))

    @contextmanager
    def _reading(self, what: str, collection: str) -> Iterator[_Collection | None]:
        """The collection; what reads one that is dropped meanwhile ends as if there had been none."""
        from chromadb.errors import NotFoundError

        with self._translated(what):
            known = self._collection(collection)
            try:
                yield known
            except NotFoundError:
                if known is not None and self._known.get(collection) is known:
                    raise

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        """One write at a time, with the mark of an unfinished write beside the folder; after a failure it stays."""
        with self._writes:
            self._mark.touch()
            try:
                with self._translated(what):
                    yield
            except IndexBroken:
                self._failed = True
                raise
            except KeyboardInterrupt:  # comes when the call into Chroma has returned: nothing was cut off
                self._unmark()
                raise
            self._unmark()

    def _unmark(self) -> None:
        if not self._failed:
            self._mark.unlink()

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """Chroma's exceptions as IndexBroken."""
        from chromadb.errors import ChromaError

        try:
            yield
        except (ChromaError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise write_fault(error) or IndexBroken(
                f"Could not {what} the vector index in {self._folder}: {error}. "
                "`touchstone index repair` makes it again from the catalogue."
            ) from error


def _mark_of(folder: Path) -> Path:
    return folder.with_name(folder.name + ".writing")


def _claim(folder: Path, lock: int) -> int:
    """The folder, opened and locked; a process that has just lost its owner is waited for.

    Raises:
        OSError: another process keeps it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    given_up = time.monotonic() + CLAIM_SECONDS
    while True:
        try:
            fcntl.flock(handle, lock | fcntl.LOCK_NB)
            return handle
        except OSError as error:
            if not isinstance(error, BlockingIOError) or time.monotonic() > given_up:
                os.close(handle)
                raise
            time.sleep(0.02)
