"""Sources that the service ingests again and again, as the settings say."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import TracebackType

from core.errors import TouchstoneError
from core.settings.sections import ScheduledSource
from core.sources import Patterns, named
from indexes.catalogue.jobs import AT_WORK, Jobs
from ingest.jobs.engine import JobEngine

LOOK_SECONDS = 10.0
_log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Schedule:
    """Owns a thread that queues a job for each source whose time has come; used as a context manager.

    A source is due so many minutes after its last job was asked for, whoever asked, and never while one waits or runs.
    """

    def __init__(
        self,
        engine: JobEngine,
        jobs: Jobs,
        sources: Iterable[ScheduledSource],
        *,
        now: Callable[[], datetime] = _now,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """Raises SourceError when a source is a URL of a kind that is not read."""
        self._engine = engine
        self._jobs = jobs
        self._sources = [(named(entry.source), entry) for entry in sources]
        self._now = now
        self._look_seconds = look_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="touchstone-schedule", daemon=True)

    def __enter__(self) -> Schedule:
        if self._sources:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._sources:
            self._thread.join()

    def submit_due(self) -> int:
        """Queue a job for each source that is due; returns how many. One that is refused is tried again."""
        submitted = 0
        for source, entry in self._sources:
            try:
                submitted += self._submit_if_due(source, entry)
            except TouchstoneError as error:
                _log.warning("a scheduled ingestion was not queued", extra={"code": error.code})
            except Exception:  # noqa: BLE001 -- whatever it is, it stops neither other sources nor the next look
                _log.exception("a scheduled ingestion was not queued")
        return submitted

    def _submit_if_due(self, source: str, entry: ScheduledSource) -> bool:
        last = self._jobs.last_on(source, entry.collection)
        if last is not None:
            due = datetime.fromisoformat(last.created) + timedelta(minutes=entry.every_minutes)
            if last.state in AT_WORK or self._now() < due:
                return False
        self._engine.submit(source, entry.collection, patterns=Patterns(entry.include, entry.exclude))
        return True

    def _run(self) -> None:
        while not self._ended.is_set():
            self.submit_due()
            self._ended.wait(self._look_seconds)
