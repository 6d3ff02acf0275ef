"""The end of the ingest line: drafts are embedded and written a few at a time, and the job has each on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from indexes.catalogue.duplicates import stored_vectors
from indexes.catalogue.rows import Description, DocumentStatus, JobDocument, Known, Version
from indexes.embedders.protocol import Embedder, Vectors
from indexes.indexes import Indexes
from indexes.write import write_documents
from ingest.describe import settled
from ingest.discover import container_of
from ingest.outcomes import Failed, Indexed, Outcome, Skipped, Unchanged
from ingest.permitted import CLOSED, Permit
from ingest.plan import belongs
from ingest.reading.read import Draft
from ingest.work import Work

MAX_CHUNKS = 192
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
        if len(batch) >= most_documents or chunks >= MAX_CHUNKS:
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


# Drafts are embedded together; the same content under several paths is embedded once.


_MAX_TEXTS = 192
"""Texts given to the embedder at once."""
_Cut = tuple[str, tuple[tuple[int, int], ...]]


def embed_drafts(indexes: Indexes, drafts: Sequence[Draft]) -> list[Vectors]:
    """The vectors of each draft's chunks: float32 (chunks, dimension).

    A document with the content of another one, stored already or among the drafts, gets the vectors of that one if both
    were cut alike: what differs is the title before each chunk, where it comes from the file's name.
    """
    found: dict[_Cut, Vectors] = {}
    fresh: dict[_Cut, Draft] = {}
    for draft in drafts:
        cut = _cut(draft)
        if cut in found or cut in fresh:
            continue
        stored = stored_vectors(indexes.catalogue, draft.document.version)
        if stored is not None and stored[0] == cut[1]:
            found[cut] = stored[1]
        else:
            fresh[cut] = draft
    vectors = _embed(indexes.embedder, [chunk.index_text for draft in fresh.values() for chunk in draft.chunks])
    start = 0
    for cut, draft in fresh.items():
        found[cut] = vectors[start : start + len(draft.chunks)]
        start += len(draft.chunks)
    return [found[_cut(draft)] for draft in drafts]


def embed_texts(embedder: Embedder, drafts: Sequence[Draft], known: Sequence[Mapping[str, Vectors]]) -> list[Vectors]:
    """As `embed_drafts`, with vectors at hand: `known` has those of some of each draft's texts."""
    found = {text: vector for vectors in known for text, vector in vectors.items()}
    texts = [[chunk.index_text for chunk in draft.chunks] for draft in drafts]
    fresh = list(dict.fromkeys(text for each in texts for text in each if text not in found))
    found.update(zip(fresh, _embed(embedder, fresh), strict=True))
    empty = np.empty((0, embedder.dimension), dtype=np.float32)
    return [np.stack([found[text] for text in each]) if each else empty for each in texts]


def _cut(draft: Draft) -> _Cut:
    """What two documents share that are the same and cut alike."""
    return draft.document.version, tuple((chunk.start, chunk.end) for chunk in draft.chunks)


def _embed(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """vectors: float32 (len(texts), dimension)."""
    parts = [embedder.embed_passages(texts[i : i + _MAX_TEXTS]) for i in range(0, len(texts), _MAX_TEXTS)]
    return np.concatenate(parts) if parts else np.empty((0, embedder.dimension), dtype=np.float32)
