"""The ingest line: discover, fetch, parse, chunk, embed, write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.machine import cores
from core.settings.sections import IngestSettings
from core.sources import EVERYTHING, Patterns
from indexes.catalogue.job_documents import TO_REMOVE, Layout
from indexes.catalogue.rows import Description
from indexes.indexes import Indexes
from indexes.write import finish_intents, remove_document
from ingest.discover import container_of
from ingest.open_source import open_source
from ingest.outcomes import Failed, Indexed, IngestReport, Outcome, Skipped
from ingest.permitted import removable, rules_of
from ingest.plan import Plan, compare, detached, fingerprint, limit_of, with_moves, without_closed
from ingest.reading.isolation import Limits
from ingest.reading.pool import ParserPool
from ingest.reading.prefetch import Reader, read_ahead
from ingest.reading.read import Draft, Reading, draft_or_reason
from ingest.record import RecordedJob, new_job, report_of
from ingest.store import batches, recorded, store
from ingest.work import PLAN, SWEEP, Progress, Watch, Work, counting_crashes, silent, wait_out


def ingest(
    indexes: Indexes,
    source: str | Path,
    *,
    collection: str,
    settings: IngestSettings,
    patterns: Patterns = EVERYTHING,
    progress: Watch = silent,
) -> IngestReport:
    """Bring a collection up to date with a source, in this process, and account for every document found.

    Documents of other sources in the collection, and those that the patterns leave out, are left alone. A document that
    fails keeps its older version.

    Raises:
        SourceError: the source is missing, cannot be listed, or holds no file that could be ingested.
        JobConflict: a job is running on the source.
        Unavailable: no process that reads files can be started, or the source does not answer.
    """
    job = indexes.catalogue.jobs.add(new_job(source, collection, "RUNNING", "command", patterns))
    return run(Work(indexes=indexes, settings=settings, job=job, progress=progress))


def again(
    indexes: Indexes,
    job_id: str,
    *,
    settings: IngestSettings,
    roots: tuple[str, ...] = (),
    progress: Watch = silent,
) -> IngestReport:
    """Take a job up again in this process: what failed before, or, if it did not get to its end, all that is left.

    `roots` is `server.sources`: a job that a key began goes on with what the key may do.

    Raises:
        UnknownJob: there is none of that id.
        JobConflict: it left nothing to do, or a job waits for its source.
        SourceError: as `ingest`.
    """
    job = indexes.catalogue.jobs.find(job_id)
    job = indexes.catalogue.jobs.take_up(replace(job, state="RUNNING", runner="command"))
    return run(Work(indexes=indexes, settings=settings, job=job, progress=progress, roots=roots))


def run(work: Work) -> IngestReport:
    """A job from its plan to its end, in one go. Raises like `ingest`."""
    started = time.monotonic()
    with RecordedJob(work) as job:
        steps(work, lambda name, step: step(), batch=None)
        job.finish()
    return report_of(work, time.monotonic() - started)


Do = Callable[[str, Callable[[], int]], int]
"""Does a step that has a name, or finds that an earlier process has done it; returns the step's number."""


def steps(work: Work, do: Do, *, batch: int | None) -> None:
    """The line, stated once: the command line does every step, the job engine those that no process has done.

    A step returns how much there is to go on with: the plan the number of batches, of `batch` files (None: one of all).
    """
    with reader(work) as pool:
        batches = do("plan", partial(_plan, work, batch))
        for number in range(batches):
            do(f"batch {number}", partial(process, work, number, pool))
        do("sweep", partial(sweep, work))


def _plan(work: Work, batch: int | None) -> int:
    with counting_crashes(work, PLAN):
        planned = plan_of(work)
        return lay_out(work, planned, batch=batch or max(1, planned.found))


def plan(
    indexes: Indexes,
    source: str | Path,
    *,
    collection: str,
    settings: IngestSettings,
    patterns: Patterns = EVERYTHING,
) -> Plan:
    """What `ingest` would do, told without doing it; files that were moved are told apart. Raises like `ingest`."""
    job = new_job(source, collection, "QUEUED", "command", patterns)
    return foreseen(Work(indexes=indexes, settings=settings, job=job))


def foreseen(work: Work) -> Plan:
    """As `plan`, of a job that was not asked for yet; what is closed to whoever asks is left out."""
    with open_source(work) as source:
        return with_moves(without_closed(compare(work, source), work, source), source)


def plan_of(work: Work) -> Plan:
    """What there is to do, with uploaded files put in place. Raises SourceError and Unavailable like `ingest`."""
    work.indexes.uploads.put_in_place(work.job)
    with open_source(work) as source:
        return compare(work, source)


def lay_out(work: Work, planned: Plan, *, batch: int) -> int:
    """The first step of a job: put its plan on record, in batches of so many files; returns the number of batches.

    An attempt at what failed before reads nothing else.
    """
    to_read, left_alone = [item.document for item in planned.reading], planned.left_alone
    gone_inside = removable(work.job, planned.known, detached(planned.known, set(left_alone)))
    vanished = (*planned.vanished, *gone_inside)
    decided: tuple[Indexed | Skipped | Failed, ...] = planned.decided
    if work.job.only_failed:
        failed = {entry.document for entry in work.indexes.catalogue.job_documents.listed(work.job.id, ["failed"])}
        folders = tuple(document for document in failed if document.endswith("/"))
        files = {container_of(document) for document in failed if not document.endswith("/")}
        decided = tuple(outcome for outcome in decided if outcome.document in failed)
        vanished = tuple(document for document in vanished if document in failed)
        gone = files.difference(to_read, vanished, (outcome.document for outcome in decided))
        to_read = [document for document in to_read if document in files or document.startswith(folders)]
        to_read += sorted(gone)
    else:
        decided = (*decided, *_describe(work, planned))
    touched = {item.document: (item.size, item.mtime_ns) for item in planned.touched}
    work.indexes.catalogue.touch_all(work.job.collection, touched)
    layout = Layout(
        decided=[recorded(outcome) for outcome in decided],
        batches=[to_read[start : start + batch] for start in range(0, len(to_read), batch)],
        vanished=vanished,
        unchanged=left_alone,
    )
    work.indexes.catalogue.job_documents.lay_out(work.job, layout)
    return len(layout.batches)


def process(work: Work, number: int, pool: Reader) -> int:
    """A step of a job: read, embed and write what is left of one batch, and count that. Done again, it goes on where it
    ended.

    When a process died over the batch before it got anything done, the documents are worked on one by one: the one
    that ends the process is found out and given up, and its neighbours are indexed.

    Raises:
        SourceError: the source is gone.
        IndexBroken: the catalogue or the vector index cannot be written.
    """
    documents, attempts = work.indexes.catalogue.job_documents, work.indexes.catalogue.attempts
    tally = documents.tally(work.job.id)
    before = done = tally.found - tally.pending
    found, chunks = tally.found, tally.chunks
    work.progress(Progress(done, found, "", chunks))
    work.indexes.caretaker.prepare()  # it may take a while, in which a death is no file's fault
    with attempts.begun(work.job.id, left=tally.pending) as starts:
        alone = starts > 1 or attempts.deaths(work.job.id)
        for outcome in (_one_by_one if alone else _together)(work, documents.todo(work.job.id, number), pool):
            done, chunks = done + 1, chunks + getattr(outcome, "chunks", 0)
            found = max(found, done)
            work.progress(Progress(done, found, outcome.document, chunks))
    documents.settle(work.job.id, number)
    return done - before


def sweep(work: Work) -> int:
    """The last step of a job: remove what is gone from the source, count it, and put right what a dead process left."""
    catalogue = work.indexes.catalogue
    with counting_crashes(work, SWEEP):
        gone = catalogue.job_documents.todo(work.job.id, TO_REMOVE)
        gone = [*removable(work.job, catalogue.known(work.job.collection, gone), gone), *_detached(work)]
        for document in gone:
            work.check()
            remove_document(work.indexes, work.job.collection, document, job=work.job.id)
        finish_intents(work.indexes)
        work.indexes.caretaker.rewrite_lost()
    return len(gone)


@contextmanager
def reader(work: Work) -> Iterator[Reader]:
    """What reads the files of one job: processes, none of which is started before there is a file to read."""
    settings = work.settings
    limits = Limits(seconds=settings.file_seconds, memory_mb=settings.file_memory_mb)
    work_of = partial(draft_or_reason, _reading(work))
    pool: Reader
    with ParserPool(work_of, limits, workers=settings.workers or cores()) as pool:
        yield pool


def _together(work: Work, names: Sequence[str], pool: Reader) -> Iterator[Outcome]:
    """Read files ahead, embed them in batches, and write them; each outcome is on record when it comes out."""
    with open_source(work) as source:
        readings = source.read(names, lambda items: read_ahead(pool, items))
        for batch in batches(_checked(work, readings), work.settings.batch_documents):
            yield from store(work, batch)


def _one_by_one(work: Work, names: Sequence[str], pool: Reader) -> Iterator[Outcome]:
    """The same, a file at a time, with each noted as begun: should the process end, that file was it.

    Those that a process ended over come last, and are not begun before this one has stood for a while.
    """
    pool.start()  # it takes a while, in which a death is no file's fault
    most, deaths = len(work.crash_backoff), work.indexes.catalogue.attempts.deaths(work.job.id)
    for name in sorted(names, key=lambda each: deaths.get(each, 0)):
        work.check()
        died = deaths.get(name, 0)
        if died < most:
            wait_out(work, work.crash_backoff[died])
        with work.indexes.catalogue.attempts.begun(work.job.id, name):
            if died < most:
                yield from _together(work, [name], pool)
                continue
            reason = f"The whole program ended {most} times while it worked on this file alone."
            failed = Failed(name, "crashed", reason)
            work.indexes.catalogue.job_documents.record(work.job.id, [recorded(failed)])
            yield failed


def _checked(work: Work, readings: Iterator[Draft | Skipped | Failed]) -> Iterator[Draft | Skipped | Failed]:
    """The readings, with a look before each whether the job is to end."""
    while True:
        work.check()
        reading = next(readings, None)
        if reading is None:
            return
        yield reading


def _reading(work: Work) -> Reading:
    return Reading(
        collection=work.job.collection,
        source=work.job.source,
        pipeline=fingerprint(work.indexes),
        limit=limit_of(work.indexes),
        max_bytes=work.settings.max_file_mb * 1_000_000,
        embedder=work.indexes.embedder,
        rules=rules_of(work),
        seconds=work.settings.file_seconds,
        hidden=work.settings.hidden,
    )


def _detached(work: Work) -> list[str]:
    """Documents that were inside a file which was read again and no longer holds them, with all that was in them."""
    entries = work.indexes.catalogue.job_documents.listed(work.job.id, ["indexed", "unchanged"])
    known = work.indexes.catalogue.known(work.job.collection)
    return removable(work.job, known, detached(known, {entry.document for entry in entries}))


def _describe(work: Work, planned: Plan) -> list[Indexed]:
    """Note what is said now of files that are as stored, and of what is in them."""
    said: dict[str, Description] = {}
    for changed in planned.described:
        inside = planned.inside(changed.item.document)
        # The file itself last: stopped before it, the next run finds it still to be described.
        for document in (*inside, changed.item.document) if inside is not None else ():
            said[document] = changed.description
    work.indexes.catalogue.describe_all(work.job.collection, said)
    return [Indexed(document, 0) for document in said]
