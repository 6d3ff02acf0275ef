"""A process that ingests and kills itself: python -m tests.faults.killed DATA SOURCE POINT CALL.

It goes on with the job that an earlier one left, or begins one, and dies at the CALL-th time that it passes POINT.
POINT "end" lets it finish.
"""

from __future__ import annotations

import copy
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import event

from indexes.embedders.protocol import Embedder, Vectors
from indexes.job_documents import JobDocuments
from indexes.jobs import AT_WORK
from indexes.open import Indexes, open_indexes
from indexes.vector.protocol import VectorIndex
from ingest.engine import JobEngine, Pace
from tests.faults.folders import COLLECTION, settings_of

POINTS = (
    "before embedding",
    "after the intent",
    "between two vectors",
    "after the vectors",
    "inside the commit",
    "after the commit",
    "after the old vectors",
    "after a batch",
)
"""In the order in which a document that changed passes them."""


class Fate:
    """Counts how often a point is passed, and ends the process there."""

    def __init__(self, point: str, call: int) -> None:
        self.point, self.left = point, call

    def passes(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class DoomedVectors:
    def __init__(self, real: VectorIndex, fate: Fate) -> None:
        self.real, self.fate = real, fate
        self.nearest, self.ids, self.drop, self.close = real.nearest, real.ids, real.drop, real.close

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        self.fate.passes("after the intent")
        for number, name in enumerate(ids):
            self.real.upsert(collection, [name], vectors[number : number + 1])
            if number + 1 < len(ids):
                self.fate.passes("between two vectors")
        self.fate.passes("after the vectors")

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        self.fate.passes("after the commit")
        self.real.delete(collection, ids)
        self.fate.passes("after the old vectors")


class DoomedEmbedder:
    def __init__(self, real: Embedder, fate: Fate) -> None:
        self.real, self.fate = real, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return copy.copy, (self.real,)  # the processes that read files get the real one: they do not embed

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.fate.passes("before embedding")
        return self.real.embed_passages(texts)


class DoomedRecords(JobDocuments):
    fate: Fate

    def settle(self, job_id: str, batch: int) -> None:
        super().settle(job_id, batch)
        self.fate.passes("after a batch")


def doomed(indexes: Indexes, fate: Fate) -> Indexes:
    """The indexes, with a fate at every point."""
    records = DoomedRecords(indexes.catalogue.engine)
    records.fate = fate
    indexes.catalogue.job_documents = records

    def written(connection: Any, cursor: Any, statement: str, *rest: object) -> None:
        if statement.lower().startswith("insert into documents"):
            fate.passes("inside the commit")

    event.listen(indexes.catalogue.engine, "after_cursor_execute", written)
    embedder: Any = DoomedEmbedder(indexes.embedder, fate)
    return replace(indexes, vectors=DoomedVectors(indexes.vectors, fate), embedder=embedder)


def main(data: Path, source: Path, fate: Fate) -> None:
    settings = settings_of(data)
    settings = settings.model_copy(update={"ingest": settings.ingest.model_copy(update={"batch_documents": 4})})
    with open_indexes(settings) as indexes:
        engine = JobEngine(doomed(indexes, fate), settings, pace=Pace(poll_seconds=0.05))
        engine.start()
        latest = indexes.catalogue.jobs.latest(1)[0]
        job = latest if latest.runner == "service" else engine.submit(source, COLLECTION)
        while indexes.catalogue.jobs.find(job.id).state in AT_WORK:
            time.sleep(0.02)
        engine.stop()
    sys.stdout.write(f"{job.id}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Fate(sys.argv[3], int(sys.argv[4])))
