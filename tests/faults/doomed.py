"""What an ingestion works with, made to end the process at a chosen point, and processes that meet such an end."""

from __future__ import annotations

import copy
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import event

from indexes.catalogue.job_documents import JobDocuments
from indexes.catalogue.jobs import AT_WORK
from indexes.embedders.protocol import Embedder, Vectors
from indexes.indexes import Indexes
from indexes.open import open_indexes
from indexes.vectors.protocol import VectorIndex
from ingest.jobs.engine import JobEngine, Pace
from tests.cli.conftest import settings_for
from tests.faults.deeds import MurderousCounter
from tests.faults.folders import COLLECTION, settings_of

QUICK = Pace(poll_seconds=0.05, crash_backoff_seconds=(0.0, 0.1, 0.2))
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
PRELOADED = (
    *("pytest", "dbos", "chromadb", "fastapi", "uvicorn", "service.api.app"),
    *("llama_index.llms.openai_like", "openai", "ir_measures", "evaluation.evaluate"),
)
WHEN_EMBEDDED = "endswhenembedded"
"""A word that ends the process when it embeds a text that holds it; deeds.py has one for texts that are read."""


def begin(target: Callable[..., None], folder: Path, *args: object) -> ForkServerProcess:
    """A process of its own that does `target(*args)` in `folder`, on the data folder in it; its stderr is a file there.

    It is forked from one that has loaded the libraries: starting one anew takes seconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*PRELOADED, __name__])
    process = context.Process(target=_prepared, args=(target, folder, *args))
    process.start()
    return process


def _prepared(target: Callable[..., None], folder: Path, *args: object) -> None:
    os.chdir(folder)
    for name in [name for name in os.environ if name.startswith("TOUCHSTONE_")]:
        del os.environ[name]
    os.environ.update(settings_for(folder / "data"))
    os.dup2(os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    target(*args)


def command(words: Sequence[str], variables: Mapping[str, str] = MappingProxyType({})) -> None:
    """A command of the command line."""
    from cli.main import main

    os.environ.update(variables)
    main(words)


class Fate:
    """Counts how often a point is passed, and ends the process there; "end" is a point that nothing passes."""

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
        self.nearest, self.nearest_to_each, self.vectors = real.nearest, real.nearest_to_each, real.vectors
        self.ids, self.drop, self.close = real.ids, real.drop, real.close

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
        return MurderousCounter, (copy.copy(self.real),)  # for the processes that read files

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.fate.passes("before embedding")
        if any(WHEN_EMBEDDED in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
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


def ingest_until(data: Path, source: Path, point: str, call: int) -> None:
    """Go on with the job that an earlier process left, or begin one, and die at the call-th time it passes a point.

    At the end the job's id is written to the file `job` beside the data folder.
    """
    settings = settings_of(data)
    settings = settings.model_copy(
        update={"ingest": settings.ingest.model_copy(update={"batch_documents": 4, "workers": 1})}
    )
    with open_indexes(settings) as indexes:
        engine = JobEngine(doomed(indexes, Fate(point, call)), settings, pace=QUICK)
        engine.start()
        latest = indexes.catalogue.jobs.latest(1)
        job = latest[0] if latest and latest[0].runner == "service" else engine.submit(source, COLLECTION)
        while indexes.catalogue.jobs.find(job.id).state in AT_WORK:
            time.sleep(0.02)
        engine.stop()
    data.with_name("job").write_text(job.id)
