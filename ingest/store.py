"""The end of the ingest line: drafts are embedded and written a few at a time, and the job has each on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from indexes.rows import Description, DocumentStatus, JobDocument, Known, Version
from indexes.write import write_documents
from ingest.discover import container_of
from ingest.embed import embed_drafts
from ingest.outcomes import Failed, Indexed, Outcome, Skipped, Unchanged
from ingest.permitted import CLOSED, Permit
from ingest.plan import belongs
from ingest.read import Draft
from ingest.rules import settled
from ingest.work import Work

MOST_CHUNKS = 192
"""A batch is written when it holds this many chunks, however few its documents: memory stays flat, and whoever
watches hears of it every few seconds."""


def batches(
    readings: Iterable[Draft | Skipped | Failed], most_documents: int
) -> Iterator[list[Draft | Skipped | Failed]]:
    """What was read, in parts that are embedded together."""
    batch: list[Draft | Skipped | Failed] = []
    chunks = 0
    for reading in readings:
        batch.append(reading)
        chunks += len(reading.chunks) if isinstance(reading, Draft) else 0
        if len(batch) >= most_documents or chunks >= MOST_CHUNKS:
            yield batch
            batch, chunks = [], 0
    if batch:
        yield batch


def store(work: Work, batch: Sequence[Draft | Skipped | Failed]) -> Iterator[Outcome]:
    """Write what is new of a batch; everything is on the job's record when its outcome is yielded."""
    found = [entry.document for entry in batch if isinstance(entry, Draft)]
    names = [document.document for document in found]
    holders = map(container_of, names)
    permit = Permit(work, names, {document.document: document.sha256 for document in found})
    known = work.indexes.catalogue.known(work.job.collection, {*names, *holders}) if names else {}
    drafts: list[Draft] = []
    said: dict[str, Description] = {}
    others: list[Indexed | Unchanged | Skipped | Failed] = []
    for read in batch:
        entry = _with_groups(read, known, work, permit) if isinstance(read, Draft) else read
        if not isinstance(entry, Draft):
            others.append(entry)
        elif not _held(entry, known, work):
            drafts.append(entry)
        elif known[entry.document.document].description != entry.document.description:
            said[entry.document.document] = entry.document.description
            others.append(Indexed(entry.document.document, 0))
        else:
            others.append(Unchanged(entry.document.document))
    work.indexes.catalogue.describe_all(work.job.collection, said)
    if others:
        work.indexes.catalogue.job_documents.record(work.job.id, map(recorded, others))
    yield from others
    yield from _write(work, drafts)


def recorded(outcome: Outcome) -> JobDocument:
    """An outcome as the job has it on record."""
    if isinstance(outcome, Skipped | Failed):
        status: DocumentStatus = "skipped" if isinstance(outcome, Skipped) else "failed"
        return JobDocument(document=outcome.document, status=status, code=outcome.code, reason=outcome.reason)
    if isinstance(outcome, Indexed):
        return JobDocument(document=outcome.document, status="indexed", chunks=outcome.chunks)
    return JobDocument(document=outcome.document, status="unchanged" if isinstance(outcome, Unchanged) else "removed")


def _with_groups(draft: Draft, known: dict[str, Known], work: Work, permit: Permit) -> Draft | Skipped:
    """The draft with the groups that hold: what is in a file has those of the file. Or why it is not brought in."""
    new, container = draft.document, container_of(draft.document.document)
    refused = permit.refusal(new.document, new.groups, known)
    if refused is None and container in work.refused:
        refused = Skipped(new.document, "closed", CLOSED)
    if refused is not None:
        if new.document == container:
            work.refused.add(container)
        return refused
    before = known.get(container)
    said = permit.narrowed(new.document, new.description)
    said = settled(said, before.description if before else None, work.job.groups, work.job.caller)
    settled_for = replace(new, groups=said.groups, groups_from=said.groups_from, brought_by=said.brought_by)
    return replace(draft, document=settled_for)


def _held(draft: Draft, known: dict[str, Known], work: Work) -> bool:
    """Whether the index already holds this very version, from this source."""
    document = draft.document
    before = known.get(document.document)
    return before is not None and before.version == document.version and belongs(document.document, before, work.source)


def _write(work: Work, drafts: Sequence[Draft]) -> Iterator[Indexed]:
    """Embed and store the drafts, all together."""
    vectors = embed_drafts(work.indexes, drafts)
    work.check()
    versions = [Version(draft.document, draft.chunks, found) for draft, found in zip(drafts, vectors, strict=True)]
    write_documents(work.indexes, versions, job=work.job.id)
    yield from (Indexed(draft.document.document, len(draft.chunks)) for draft in drafts)
