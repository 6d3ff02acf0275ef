"""Vectors in an embedded Chroma store on disk. The only file that imports chromadb.

What was measured of chromadb 1.5.9, and what is done about it here: a process killed while Chroma writes its graph can
leave files that make the next process die when it opens them (SIGSEGV: nothing to catch). So a mark lies beside the
folder while a write runs; a store with the mark is not opened but refused as broken, and its owner fills a new one.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import IndexBroken
from core.files import write_fault
from indexes.embedders.protocol import Vectors
from indexes.names import folder_name

BATCH = 64
"""Vectors written at once: searches wait behind a write, and larger ones make them wait for longer."""
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
WALKED, MOST_WALKED = 1000, 1500
"""One vector in so many is asked for, and at most so many: the wider a walk through a large graph, the more of the
nearest it meets. Up to 400,000 vectors, `ef_search` is wide enough."""


class ChromaIndex:
    """A VectorIndex on disk. One process, one object a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mark = _mark_of(folder)
        self._lock = threading.RLock()
        self._known: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._failed = False
        if self._mark.exists():
            raise IndexBroken(f"The last write to the vector index in {folder} was cut off; it must be rebuilt.")
        self._client: Any = self._open()

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
            stored = self._collection(collection, create=True)
            self._sizes[collection] += len(ids)
            for start in range(0, len(ids), BATCH):
                stored.upsert(ids=list(ids[start : start + BATCH]), embeddings=vectors[start : start + BATCH])

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids."""
        if not ids:
            return
        with self._writing("delete from"):
            stored = self._collection(collection)
            for start in range(0, len(ids) if stored is not None else 0, BATCH):
                stored.delete(ids=list(ids[start : start + BATCH]))

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The nearest vectors, found by walking Chroma's graph: nearly always all of them."""
        return self.nearest_to_each(collection, vector[None, :], limit)[0]

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        """As `nearest`, many at once."""
        with self._translated("search"):
            stored = self._collection(collection)
            if stored is None or limit < 1 or not len(vectors):
                return [[] for _ in vectors]
            asked = max(limit, min(self._sizes[collection] // WALKED, MOST_WALKED))
            found = stored.query(query_embeddings=list(vectors), n_results=asked, include=["distances"])
        cosines = [1.0 - np.asarray(each, dtype=np.float64) for each in found["distances"]]
        return [
            sorted(zip(names, each.tolist(), strict=True), key=lambda hit: (-hit[1], hit[0]))[:limit]
            for names, each in zip(found["ids"], cosines, strict=True)
        ]

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors that are stored, of those that are asked for."""
        with self._translated("read"):
            stored = self._collection(collection)
            if stored is None or not ids:
                return {}
            found = stored.get(ids=list(ids), include=["embeddings"])
            return dict(zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True))

    def ids(self, collection: str) -> set[str]:
        """Every id, in one go: page after page, Chroma passes over all that came before."""
        with self._translated("list"):
            stored = self._collection(collection)
            return set() if stored is None else set(stored.get(include=[])["ids"])

    def count(self, collection: str) -> int:
        """How many rows Chroma has; whether its graph finds them is another question."""
        with self._translated("count"):
            stored = self._collection(collection)
            return 0 if stored is None else int(stored.count())

    def drop(self, collection: str) -> None:
        """Remove a collection."""
        with self._writing("drop a collection of"):
            if self._collection(collection) is not None:
                self._client.delete_collection(folder_name(collection))
                del self._known[collection], self._sizes[collection]

    def close(self) -> None:
        """Close the store."""
        with self._lock, self._translated("close"):
            self._known.clear()
            self._client.close()

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

    def _collection(self, name: str, *, create: bool = False) -> Any:  # noqa: ANN401 -- chromadb is untyped to us
        """Chroma's collection; None when there is none and none is to be made."""
        from chromadb.errors import NotFoundError

        with self._lock:
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
            self._sizes[name] = found.count()  # an estimate from here on: it says how widely to search
            return self._known.setdefault(name, found)

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        """One write at a time, with the mark of an unfinished write beside the folder; after a failure it stays."""
        with self._lock, self._translated(what):
            self._mark.touch()
            try:
                yield
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
            self._failed = True
            raise write_fault(error) or IndexBroken(
                f"Could not {what} the vector index in {self._folder}: {error}. "
                "`touchstone index repair` makes it again from the catalogue."
            ) from error


def _mark_of(folder: Path) -> Path:
    return folder.with_name(folder.name + ".writing")
