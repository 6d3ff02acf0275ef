"""Job engines whose writes can be watched and refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from core.settings.load import Settings
from indexes.catalogue.jobs import AT_WORK
from indexes.catalogue.rows import JobRow
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.vectors.protocol import VectorIndex
from ingest.jobs.engine import JobEngine, Pace

Open = Callable[..., JobEngine]
QUICK = Pace(poll_seconds=0.05, pause_seconds=0.01)


class Watched:
    """A vector index that tells of every write before it is done, and may refuse it."""

    def __init__(self, real: VectorIndex, before: Callable[[int], None]) -> None:
        self.real, self.before, self.writes = real, before, 0

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        self.writes += 1
        self.before(self.writes)
        self.real.upsert(collection, ids, vectors)

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        self.real.delete(collection, ids)

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        return self.real.nearest(collection, vector, limit)

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        return self.real.nearest_to_each(collection, vectors, limit)

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        return self.real.vectors(collection, ids)

    def ids(self, collection: str) -> set[str]:
        return self.real.ids(collection)

    def drop(self, collection: str) -> None:
        self.real.drop(collection)

    def close(self) -> None:
        self.real.close()


@contextmanager
def one_after_the_other(indexes: Indexes, settings: Settings, pace: Pace = QUICK) -> Iterator[Open]:
    """Starts engines on one data folder, each after the one before has stopped; every document is a write."""
    settings = settings.model_copy(update={"ingest": settings.ingest.model_copy(update={"batch_documents": 1})})
    opened: list[JobEngine] = []

    def open_engine(before: Callable[[int], None] = lambda write: None) -> JobEngine:
        for earlier in opened:
            earlier.stop()
        opened.append(JobEngine(replace(indexes, vectors=Watched(indexes.vectors, before)), settings, pace=pace))
        opened[-1].start()
        return opened[-1]

    try:
        yield open_engine
    finally:
        for engine in opened:
            engine.stop()


def ended(indexes: Indexes, job_id: str) -> JobRow:
    for _ in range(1200):
        job = indexes.catalogue.jobs.find(job_id)
        if job.state not in AT_WORK:
            return job
        time.sleep(0.05)
    raise AssertionError(job)
