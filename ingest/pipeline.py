"""The ingest line: discover, fetch, parse, chunk, embed, write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from core.machine import cores
from core.settings import IngestSettings
from indexes.embedders.protocol import Embedder, Vectors
from indexes.open import Indexes
from indexes.write import remove_document, write_document
from ingest.ahead import Reader, read_ahead
from ingest.discover import ATTACHED, Item
from ingest.isolation import Limits
from ingest.jobs import RecordedJob
from ingest.outcomes import Failed, Indexed, Outcome, Removed, Skipped, Unchanged
from ingest.plan import Plan, fingerprint, plan
from ingest.pool import ParserPool
from ingest.read import Draft, Reading, draft_or_reason
from ingest.report import IngestReport

__all__ = ["Plan", "Progress", "ingest", "plan"]

_MOST_CHUNKS = 192
"""A batch is written when it holds this many chunks, however few its documents: memory stays flat, and whoever
watches hears of it every few seconds."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingestion is. `found` grows when a mail turns out to have attachments."""

    done: int
    found: int
    document: str
    chunks: int


def silent(progress: Progress) -> None:
    """Reports nothing."""


def ingest(
    indexes: Indexes,
    source: Path,
    *,
    collection: str,
    settings: IngestSettings,
    progress: Callable[[Progress], None] = silent,
    job_id: str | None = None,
) -> IngestReport:
    """Bring a collection up to date with a folder or a file, and account for every document found.

    Documents of other sources in the collection are left alone. A document that fails keeps its older version.

    Raises:
        SourceError: the source is missing, cannot be listed, or holds no file that could be ingested.
        Unavailable: no process that reads files can be started.
    """
    started = time.monotonic()
    with RecordedJob(indexes.catalogue, source, collection, job_id) as job:
        planned = plan(indexes, source, collection=collection, settings=settings)
        outcomes: list[Outcome] = [*planned.decided, *_unchanged(indexes, planned, collection)]
        chunks = 0
        with _reader(indexes, planned, collection, settings) as reader:
            for batch in _batches(read_ahead(reader, _to_read(planned)), settings.batch_documents):
                drafts, others = _told_apart(batch, planned)
                outcomes += others
                written = list(_write(indexes, drafts))
                outcomes += written
                chunks += sum(document.chunks for document in written)
                progress(Progress(len(outcomes), max(planned.found, len(outcomes)), outcomes[-1].document, chunks))
        for document in (*planned.vanished, *_detached(planned, outcomes)):
            remove_document(indexes, collection, document)
            outcomes.append(Removed(document))
        report = IngestReport(
            job_id=job.id, collection=collection, outcomes=_ordered(outcomes), seconds=time.monotonic() - started
        )
        job.finish(report)
    return report


def _reader(indexes: Indexes, planned: Plan, collection: str, settings: IngestSettings) -> Reader:
    """The processes that read; none is started before there is a file to read."""
    reading = Reading(
        collection=collection,
        source=planned.source,
        pipeline=fingerprint(indexes, settings),
        limit=min(settings.chunk_word_pieces, indexes.embedder.max_word_pieces),
        max_bytes=settings.max_file_mb * 1_000_000,
        embedder=indexes.embedder,
    )
    limits = Limits(seconds=settings.file_seconds, memory_mb=settings.file_memory_mb)
    return ParserPool(partial(draft_or_reason, reading), limits, workers=settings.workers or cores())


def _unchanged(indexes: Indexes, planned: Plan, collection: str) -> Iterator[Unchanged]:
    """Files that need no reading; a mail is read all the same, to account for what is attached to it."""
    for item in planned.touched:
        indexes.catalogue.touch(collection, item.document, size=item.size, mtime_ns=item.mtime_ns)
    containers = planned.containers
    for item in (*planned.touched, *planned.unchanged):
        if item.document not in containers:
            yield Unchanged(item.document)


def _to_read(planned: Plan) -> list[Item]:
    """What is new or has changed, and each mail: only reading it tells what is attached to it."""
    containers = planned.containers
    again = [item for item in (*planned.touched, *planned.unchanged) if item.document in containers]
    return [*planned.to_read, *again]


def _batches(
    readings: Iterable[Draft | Skipped | Failed], most_documents: int
) -> Iterator[list[Draft | Skipped | Failed]]:
    batch: list[Draft | Skipped | Failed] = []
    chunks = 0
    for reading in readings:
        batch.append(reading)
        chunks += len(reading.chunks) if isinstance(reading, Draft) else 0
        if len(batch) >= most_documents or chunks >= _MOST_CHUNKS:
            yield batch
            batch, chunks = [], 0
    if batch:
        yield batch


def _told_apart(
    batch: Sequence[Draft | Skipped | Failed], planned: Plan
) -> tuple[list[Draft], list[Unchanged | Skipped | Failed]]:
    """(drafts to write, what is decided already: failures, and drafts whose very version is stored)."""
    drafts: list[Draft] = []
    others: list[Unchanged | Skipped | Failed] = []
    for entry in batch:
        if not isinstance(entry, Draft):
            others.append(entry)
        elif planned.holds(entry.document.document, entry.document.version):
            others.append(Unchanged(entry.document.document))
        else:
            drafts.append(entry)
    return drafts, others


def _write(indexes: Indexes, drafts: Sequence[Draft]) -> Iterator[Indexed]:
    """Embed the chunks of all drafts together, then store each document."""
    vectors = _embed(indexes.embedder, [chunk.index_text for draft in drafts for chunk in draft.chunks])
    start = 0
    for draft in drafts:
        end = start + len(draft.chunks)
        write_document(indexes, draft.document, draft.chunks, vectors[start:end])
        yield Indexed(draft.document.document, len(draft.chunks))
        start = end


def _embed(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """vectors: float32 (len(texts), dimension)."""
    parts = [embedder.embed_passages(texts[i : i + _MOST_CHUNKS]) for i in range(0, len(texts), _MOST_CHUNKS)]
    return np.concatenate(parts) if parts else np.empty((0, embedder.dimension), dtype=np.float32)


def _detached(planned: Plan, outcomes: Iterable[Outcome]) -> list[str]:
    """Documents that were attached to a mail which was read again and no longer holds them."""
    read_again = {outcome.document for outcome in outcomes if isinstance(outcome, Indexed | Unchanged)}
    present = {outcome.document for outcome in outcomes}
    return [
        document
        for document in sorted(planned.known)
        if document not in present and document.rpartition(ATTACHED)[0] in read_again
    ]


def _ordered(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    return tuple(sorted(outcomes, key=lambda outcome: (outcome.document, isinstance(outcome, Removed))))
