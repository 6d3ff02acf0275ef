"""The in-process worker: one thread that runs ingestion jobs in the order they were submitted."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from core.settings import IngestSettings
from indexes.open import Indexes
from ingest.jobs import JobStopped, new_job
from ingest.pipeline import Progress, ingest
from ingest.report import IngestReport

_log = logging.getLogger(__name__)


class Worker:
    """Owns the thread. What a job came to is in the catalogue; nothing a document does can end the worker."""

    def __init__(self, indexes: Indexes, settings: IngestSettings) -> None:
        self._indexes = indexes
        self._settings = settings
        self._stopping = threading.Event()
        self._thread: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Begin to work; jobs may be submitted from now on."""
        self._stopping.clear()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ingest")

    def submit(self, source: Path, collection: str) -> str:
        """Queue a job and return its id; it is QUEUED in the catalogue when this returns."""
        if self._thread is None:
            raise RuntimeError("start the worker before submitting to it")
        row = new_job(source, collection, "QUEUED")
        self._indexes.catalogue.start_job(row)
        future = self._thread.submit(self._run, source, collection, row.id)
        future.add_done_callback(_log_failure)
        return row.id

    def wait(self) -> None:
        """Return when every job submitted so far has ended."""
        if self._thread is not None:
            self._thread.submit(lambda: None).result()

    def stop(self) -> None:
        """End the running job after its present batch, as INTERRUPTED, and wait for the thread.

        Jobs still queued stay QUEUED; the next opening of the data folder marks them INTERRUPTED.
        """
        self._stopping.set()
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
            self._thread = None

    def _run(self, source: Path, collection: str, job_id: str) -> IngestReport:
        return ingest(
            self._indexes,
            source,
            collection=collection,
            settings=self._settings,
            progress=self._check,
            job_id=job_id,
        )

    def _check(self, progress: Progress) -> None:
        if self._stopping.is_set():
            raise JobStopped


def _log_failure(future: Future[IngestReport]) -> None:
    """What ended a job is in the catalogue already; the log says it too."""
    if not future.cancelled() and (error := future.exception()) is not None:
        _log.warning("ingestion ended early: %s", error)
