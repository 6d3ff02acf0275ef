"""The record of an ingestion in the catalogue: begun, and ended one way or another."""

from __future__ import annotations

import logging
import uuid
from contextvars import Token
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from core.errors import TouchstoneError
from core.logs import request_id
from indexes.catalogue import Catalogue, JobRow
from indexes.rows import JobState
from ingest.report import IngestReport

_log = logging.getLogger(__name__)


class JobStopped(Exception):
    """Raised from a progress callback to end an ingestion between two batches."""


def new_job(source: Path, collection: str, state: JobState, job_id: str | None = None) -> JobRow:
    """A row for a job that was just asked for."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return JobRow(
        id=job_id or uuid.uuid4().hex[:16], collection=collection, source=str(source), state=state, created=now
    )


class RecordedJob:
    """A job's row while it runs: RUNNING inside, then as it was finished, FAILED or INTERRUPTED when the body raised.

    Log lines written inside carry the job's id.
    """

    def __init__(self, catalogue: Catalogue, source: Path, collection: str, job_id: str | None) -> None:
        self._catalogue = catalogue
        self._row = new_job(source, collection, "RUNNING", job_id)
        self._token: Token[str] | None = None

    @property
    def id(self) -> str:
        """The job's id."""
        return self._row.id

    def finish(self, report: IngestReport) -> None:
        """Record that it ended, and how."""
        self._catalogue.finish_job(self.id, report.state, report.as_json())

    def __enter__(self) -> RecordedJob:
        self._catalogue.start_job(self._row)
        self._token = request_id.set(self.id)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._catalogue.finish_job(self.id, *_ending(error))
        if self._token is not None:
            request_id.reset(self._token)


def _ending(error: BaseException) -> tuple[JobState, dict[str, Any]]:
    """The state and report of a job that an exception ended; a bug's traceback goes to the log."""
    if isinstance(error, TouchstoneError):
        return "FAILED", _report(error.code, str(error))
    if isinstance(error, KeyboardInterrupt | SystemExit | JobStopped):
        return "INTERRUPTED", _report("interrupted", "Stopped before the end. Ingest again to go on.")
    _log.error("ingestion failed", exc_info=error)
    return "FAILED", _report("bug", "A fault in Touchstone ended the job; see the log.")


def _report(code: str, detail: str) -> dict[str, Any]:
    return {"error": {"code": code, "detail": detail}}
