"""The ingest line: discover, fetch, parse, chunk, embed, write."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.errors import ParseError
from core.settings import IngestSettings
from indexes.open import Indexes
from indexes.write import remove_document, write_document
from ingest.embed import embed_drafts
from ingest.jobs import RecordedJob
from ingest.outcomes import SKIP_CODES, Failed, Indexed, Outcome, Removed, Skipped, Unchanged
from ingest.plan import ATTACHED, Plan, fingerprint, plan
from ingest.read import Allowance, Draft, File, Reading, attached, fetch, read, without_attachments
from ingest.report import IngestReport

__all__ = ["Plan", "Progress", "ingest", "plan"]

_log = logging.getLogger(__name__)

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
    """
    started = time.monotonic()
    with RecordedJob(indexes.catalogue, source, collection, job_id) as job:
        planned = plan(indexes, source, collection=collection, settings=settings)
        reading = _reading(indexes, planned, collection, settings)
        outcomes: list[Outcome] = [*planned.decided, *_unread(indexes, planned, collection)]
        chunks = 0
        for batch in _batches(_read_all(planned, reading), settings.batch_documents):
            drafts, others = _told_apart(indexes, batch, planned)
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


def _reading(indexes: Indexes, planned: Plan, collection: str, settings: IngestSettings) -> Reading:
    return Reading(
        collection=collection,
        source=planned.source,
        pipeline=fingerprint(indexes, settings),
        limit=min(settings.chunk_word_pieces, indexes.embedder.max_word_pieces),
        max_bytes=settings.max_file_mb * 1_000_000,
        embedder=indexes.embedder,
    )


def _unread(indexes: Indexes, planned: Plan, collection: str) -> Iterator[Indexed | Unchanged]:
    """Documents that need no reading, those included of which only something else is said now."""
    for item in (*planned.touched, *(changed.item for changed in planned.described)):
        indexes.catalogue.touch(collection, item.document, size=item.size, mtime_ns=item.mtime_ns)
    yield from map(Unchanged, planned.left_alone)
    for changed in planned.described:
        inside = planned.inside(changed.item.document)
        # The file itself last: stopped before it, the next run finds it still to be described.
        for document in (*inside, changed.item.document) if inside is not None else ():
            indexes.catalogue.describe(collection, document, changed.description)
            yield Indexed(document, 0)


def _read_all(planned: Plan, reading: Reading) -> Iterator[Draft | Skipped | Failed]:
    allowance = Allowance()
    for item in planned.reading:
        yield from _drafts(item.document, partial(fetch, item), reading, allowance)


def _drafts(
    document: str, load: Callable[[], File], reading: Reading, allowance: Allowance
) -> Iterator[Draft | Skipped | Failed]:
    """The document loop: a document's draft, then those of what is inside it; whatever goes wrong is a value."""
    try:
        draft = read(load(), reading)
    except ParseError as error:
        yield (Skipped if error.reason in SKIP_CODES else Failed)(document, error.reason, str(error))
        return
    except MemoryError:
        yield Failed(document, "out_of_memory", "The file needs more memory than there is.")
        return
    except Exception:  # noqa: BLE001 -- no document may end the job; the traceback is logged
        _log.exception("a document could not be read", extra={"document": document})
        yield Failed(document, "crashed", "Reading the file met a fault in Touchstone or a library; see the log.")
        return
    yield without_attachments(draft)
    for file in attached(draft, allowance):
        yield from _drafts(file.document, partial(_same, file), reading, allowance)


def _same(file: File) -> File:
    return file


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
    indexes: Indexes, batch: Sequence[Draft | Skipped | Failed], planned: Plan
) -> tuple[list[Draft], list[Indexed | Unchanged | Skipped | Failed]]:
    """(drafts to write, what is decided already: failures, and drafts whose very version is stored)."""
    drafts: list[Draft] = []
    others: list[Indexed | Unchanged | Skipped | Failed] = []
    for entry in batch:
        if not isinstance(entry, Draft):
            others.append(entry)
        elif not planned.holds(entry.document.document, entry.document.version):
            drafts.append(entry)
        elif planned.known[entry.document.document].description != entry.document.description:
            new = entry.document
            indexes.catalogue.describe(new.collection, new.document, new.description)
            others.append(Indexed(new.document, 0))
        else:
            others.append(Unchanged(entry.document.document))
    return drafts, others


def _write(indexes: Indexes, drafts: Sequence[Draft]) -> Iterator[Indexed]:
    """Embed the chunks of all drafts together, then store each document."""
    for draft, vectors in zip(drafts, embed_drafts(indexes, drafts), strict=True):
        write_document(indexes, draft.document, draft.chunks, vectors)
        yield Indexed(draft.document.document, len(draft.chunks))


def _detached(planned: Plan, outcomes: Iterable[Outcome]) -> list[str]:
    """Documents that were inside a file which was read again and no longer holds them, with all that was in them."""
    holders = {outcome.document for outcome in outcomes if isinstance(outcome, Indexed | Unchanged)}
    present = {outcome.document for outcome in outcomes}
    detached: list[str] = []
    for document in sorted(planned.known):
        if document not in present and document.rpartition(ATTACHED)[0] in holders:
            detached.append(document)
            holders.add(document)
    return detached


def _ordered(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    return tuple(sorted(outcomes, key=lambda outcome: (outcome.document, isinstance(outcome, Removed))))
