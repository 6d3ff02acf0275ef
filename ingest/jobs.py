"""The record of an ingestion in the catalogue: begun, and ended one way or another."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import TouchstoneError
from core.logs import request_id
from indexes.catalogue import Catalogue, JobRow
from indexes.rows import JobState
from ingest.report import IngestReport

_log = logging.getLogger(__name__)


class JobStopped(Exception):
    """Raised from a progress callback to end an ingestion between two batches."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that runs."""

    id: str
    catalogue: Catalogue

    def finish(self, report: IngestReport) -> None:
        """Record that it ended, and how."""
        self.catalogue.finish_job(self.id, report.state, report.as_json())


def new_job(source: Path, collection: str, state: JobState, job_id: str | None = None) -> JobRow:
    """A row for a job that was just asked for."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return JobRow(
        id=job_id or uuid.uuid4().hex[:16], collection=collection, source=str(source), state=state, created=now
    )


@contextmanager
def recorded(catalogue: Catalogue, source: Path, collection: str, job_id: str | None) -> Iterator[Job]:
    """Record a job as running; as failed or interrupted when the body raises, with the sentence or the traceback."""
    row = new_job(source, collection, "RUNNING", job_id)
    catalogue.start_job(row)
    token = request_id.set(row.id)
    try:
        yield Job(row.id, catalogue)
    except TouchstoneError as error:
        catalogue.finish_job(row.id, "FAILED", _error(error.code, str(error)))
        raise
    except (KeyboardInterrupt, SystemExit, JobStopped):
        catalogue.finish_job(
            row.id, "INTERRUPTED", _error("interrupted", "Stopped before the end. Ingest again to go on.")
        )
        raise
    except BaseException:
        _log.exception("ingestion failed", extra={"job": row.id})
        catalogue.finish_job(row.id, "FAILED", _error("bug", "A fault in Touchstone ended the job; see the log."))
        raise
    finally:
        request_id.reset(token)


def _error(code: str, detail: str) -> dict[str, Any]:
    return {"error": {"code": code, "detail": detail}}
