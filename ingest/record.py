"""The record of an ingestion in the catalogue: asked for, at work, and ended one way or another."""

from __future__ import annotations

import logging
import time
import uuid
from contextvars import Token
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from core.errors import TouchstoneError
from core.files import write_fault
from core.logs import request_id
from core.sources import EVERYTHING, Patterns, named
from indexes.catalogue.rows import UNASKED, JobRow, JobState, Order, Runner
from ingest.outcomes import Failed, Indexed, IngestReport, Outcome, Removed, Skipped, Unchanged
from ingest.work import JobCancelled, JobStopped, Work

_log = logging.getLogger(__name__)


def new_job(
    source: str | Path,
    collection: str,
    state: JobState,
    runner: Runner,
    patterns: Patterns = EVERYTHING,
    order: Order = UNASKED,
) -> JobRow:
    """A job that is asked for now. Raises SourceError when the source is a URL of a kind that is not read."""
    return JobRow(
        id=order.upload or uuid.uuid4().hex[:16],
        collection=collection,
        source=named(source),
        state=state,
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        runner=runner,
        include=patterns.include,
        exclude=patterns.exclude,
        request_key=order.key,
        request_digest=order.digest,
        begun_by=order.begun_by,
        groups=order.groups,
        caller_groups=order.caller_groups,
    )


class RecordedJob:
    """A job's row while it runs: RUNNING inside, then as it was finished, or as what the body raised says.

    Log lines written inside carry the job's id. Entering raises JobCancelled when the job has ended meanwhile.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._jobs = work.indexes.catalogue.jobs
        self._token: Token[str] | None = None
        self._began = time.monotonic()
        self.unwritten: tuple[JobState, dict[str, Any]] | None = None
        """How the job ended, its state and report, while the catalogue could not take it down: the disk was full."""

    def finish(self) -> None:
        """Record that it got to its end."""
        tally = self._work.indexes.catalogue.job_documents.tally(self._work.job.id)
        self._end("COMPLETED_WITH_ERRORS" if tally.failed else "COMPLETED", {})

    def __enter__(self) -> RecordedJob:
        if not self._jobs.run(self._work.job.id):
            raise JobCancelled
        self._token = request_id.set(self._work.job.id)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._end(*_ending(error))
        if self._token is not None:
            request_id.reset(self._token)

    def _end(self, state: JobState, report: dict[str, Any]) -> None:
        report = {**report, "seconds": round(time.monotonic() - self._began, 3)}
        if state == "FAILED":
            _log.warning("job.failed", extra={"job_id": self._work.job.id, "code": report["error"]["code"]})
        self.unwritten = state, report
        self._jobs.finish(self._work.job.id, state, report)
        self.unwritten = None


def report_of(work: Work, seconds: float) -> IngestReport:
    """What the job did, read from its record."""
    documents = work.indexes.catalogue.job_documents
    outcomes: list[Outcome] = []
    for entry in documents.listed(work.job.id):
        match entry.status:
            case "indexed":
                outcomes.append(Indexed(entry.document, entry.chunks))
            case "unchanged":
                outcomes.append(Unchanged(entry.document))
            case "removed":
                outcomes.append(Removed(entry.document))
            case "skipped":
                outcomes.append(Skipped(entry.document, entry.code or "", entry.reason or ""))
            case "failed":
                outcomes.append(Failed(entry.document, entry.code or "", entry.reason or ""))
    outcomes.sort(key=lambda outcome: (outcome.document, isinstance(outcome, Removed)))
    return IngestReport(
        job_id=work.job.id,
        collection=work.job.collection,
        outcomes=tuple(outcomes),
        unchanged=documents.tally(work.job.id).unchanged,
        seconds=seconds,
    )


def _ending(error: BaseException) -> tuple[JobState, dict[str, Any]]:
    """The state and report of a job that an exception ended; a bug's traceback goes to the log."""
    if isinstance(error, JobCancelled):
        return "CANCELLED", _report("cancelled", "Cancelled. What was written until then can be found.")
    if isinstance(error, JobStopped):
        return "INTERRUPTED", _report("interrupted", "The service stopped. The job goes on when it starts again.")
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "INTERRUPTED", _report("interrupted", "Stopped before the end. Ingest again to go on.")
    if isinstance(error, TouchstoneError):
        return "FAILED", _report(error.code, str(error))
    if (fault := write_fault(error)) is not None:
        return "FAILED", _report(fault.code, str(fault))
    _log.error("ingestion failed", exc_info=error)
    return "FAILED", _report("bug", "A fault in Touchstone ended the job; see the log.")


def _report(code: str, detail: str) -> dict[str, Any]:
    return {"error": {"code": code, "detail": detail}}
