"""What the steps of an ingestion job share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from core.errors import SourceError
from core.settings.sections import IngestSettings
from indexes.catalogue.rows import JobRow
from indexes.indexes import Indexes
from ingest.sources.reach import is_public

HEARTBEAT_SECONDS = 5.0
CRASH_BACKOFF_SECONDS = (0.0, 5.0, 60.0)
"""Seconds that a process must have had the job before it begins a file over which none, one, two processes died, each
while it worked on that file alone. After one more such death the file is given up. A program that is killed from
outside again and again dies while it waits, too, and no file is blamed; one that always dies over the same file does
not."""


class JobCancelled(Exception):
    """Somebody asked for the job to end; raised between two documents."""


class JobStopped(BaseException):
    """The process is about to end, and the job goes on when it starts again; raised between two documents.

    Not an Exception: nothing may take it for the outcome of the work.
    """


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingestion is. `found` grows when a mail turns out to have attachments."""

    done: int
    found: int
    document: str
    chunks: int


Watch = Callable[[Progress], None]
PLAN, SWEEP = "/plan", "/sweep"
"""The steps of a job that are about no single document, as their beginnings are counted."""


def silent(progress: Progress) -> None:
    """Reports nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One job at work. `check` is called between two documents and raises to end the job there."""

    indexes: Indexes
    settings: IngestSettings
    job: JobRow
    progress: Watch = silent
    check: Callable[[], None] = lambda: None
    roots: tuple[str, ...] = ()
    """`server.sources`: where the files of a caller who is no admin come from, and from where rules name them."""
    refused: set[str] = field(default_factory=set)
    """Files whose content turned out to be closed to the caller: what came in them is not brought in either."""
    public: Callable[[str], bool] = is_public
    """Which addresses URLs may lead to; another rule than this one is for tests."""
    crash_backoff: tuple[float, ...] = CRASH_BACKOFF_SECONDS
    began: float = field(default_factory=time.monotonic)
    """When this process took the job up."""

    @property
    def source(self) -> str:
        """The name of what is ingested: a path or a URL."""
        return self.job.source


def wait_out(work: Work, seconds: float) -> None:
    """Wait until this process has had the job for so long."""
    while (left := work.began + seconds - time.monotonic()) > 0:
        work.check()
        time.sleep(min(left, 0.1))


@contextmanager
def counting_crashes(work: Work, step: str) -> Iterator[None]:
    """A step of a job that is about no single document inside: it is given up like a file.

    Raises:
        SourceError: as many processes died over it as may. It counts anew when the job is taken up again.
    """
    attempts = work.indexes.catalogue.attempts
    most, died = len(work.crash_backoff), attempts.deaths(work.job.id).get(step, 0)
    if died < most:
        wait_out(work, work.crash_backoff[died])
    with attempts.begun(work.job.id, step):
        if died >= most:
            raise SourceError(
                f"The job is given up: the whole program ended {most} times while it worked on {work.source} as a "
                "whole. Look at what the source holds, and ingest a part of it."
            )
        yield


def with_heartbeat(work: Work, *, stopping: Callable[[], bool]) -> Work:
    """The work, checked between two documents for being cancelled or stopped, with a heartbeat now and then."""
    jobs, last = work.indexes.catalogue.jobs, time.monotonic()

    def check() -> None:
        nonlocal last
        if stopping():
            raise JobStopped
        if jobs.cancelling(work.job.id):
            raise JobCancelled
        if time.monotonic() - last >= HEARTBEAT_SECONDS:
            last = time.monotonic()
            jobs.heartbeat(work.job.id)

    return replace(work, check=check)
