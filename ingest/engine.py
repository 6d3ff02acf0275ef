"""Ingestion jobs that outlive their process, on DBOS Transact. The only file that imports dbos.

    ingest(job, attempt)      a workflow; its id is `job.attempt`
      plan                    a step: the plan goes on record in the catalogue; returns how many batches it has
      batch 0, 1, 2, ...      steps: read, embed and write what is left of a batch
      sweep                   a step: what is gone from the source, and what interrupted writes left behind

The catalogue is the only record of documents; DBOS remembers which steps are done, and runs the one that a dead process
left half done again, which skips what is committed. What went wrong with a document is on record there; what went
wrong with a store is raised, so that DBOS tries the step again.

DBOS is started by the first job: a service without jobs has none of it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import IndexBroken, Unavailable
from core.settings import Settings
from core.sources import EVERYTHING, Patterns
from indexes import uploads
from indexes.open import Indexes
from indexes.rows import UNASKED, JobRow, Order
from ingest.jobs import RecordedJob, new_job
from ingest.pipeline import lay_out, plan_of, process, reader, sweep
from ingest.work import STANDING_SECONDS, JobCancelled, JobStopped, Work, watchful

VERSION = "1"
"""Raised when the order of a job's steps changes: DBOS continues only jobs of its own version."""
BATCH = 128
"""Files in a step."""
TRIES = 4
"""Of a step that a store failed."""
OVER = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait: before the queue is looked at again, and before a step is tried again, twice as long each time.

    A look costs a few milliseconds, all the time that the service runs. `standing_seconds`: before a file is begun that
    processes died over.
    """

    poll_seconds: float = 0.5
    pause_seconds: float = 1.0
    standing_seconds: tuple[float, ...] = STANDING_SECONDS


class JobEngine:
    """Owns DBOS, of which a process can have one. Jobs run one at a time, in the order they were submitted."""

    def __init__(self, indexes: Indexes, settings: Settings, *, pace: Pace = Pace()) -> None:
        self._indexes = indexes
        self._settings = settings
        self._pace = pace
        self._jobs = indexes.catalogue.jobs
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._turn = threading.Lock()
        self._dbos: Any = None
        self._workflow: Callable[[str, int], None] = self._ingest
        self._folder = indexes.catalogue.remember("folder", uuid.uuid4().hex)

    def start(self) -> None:
        """Go on with the jobs that an earlier process left, if there are any.

        Raises:
            Unavailable: the jobs database cannot be opened.
        """
        for job in self._jobs.requeue():
            self._enqueue(job)

    def submit(
        self,
        source: str | Path,
        collection: str,
        *,
        patterns: Patterns = EVERYTHING,
        order: Order = UNASKED,
    ) -> JobRow:
        """Queue a job and return it; with the idempotency key of an earlier one, return that one.

        Raises:
            JobConflict: a job waits for the source or runs on it, and this one brings no files of its own.
            KeyReused: the key came with another request.
            SourceError: the source is a URL of a kind that is not read.
            Unavailable: the jobs database cannot be opened.
        """
        self._launched()
        asked = new_job(source, collection, "QUEUED", "service", patterns)
        asked = replace(
            asked,
            id=order.upload or asked.id,
            request_key=order.key,
            request_digest=order.digest,
            begun_by=order.begun_by,
            groups=order.groups,
        )
        with uploads.turn:
            job = self._jobs.add(asked, beside=bool(order.upload))
        if job.id == asked.id:
            self._enqueue(job)
        return job

    def cancel(self, job_id: str) -> JobRow:
        """End a job that waits; a running one ends before its next document. Raises UnknownJob, JobConflict."""
        return self._jobs.cancel(job_id)

    def retry(self, job_id: str) -> JobRow:
        """Queue another attempt at what a job did not get done. Raises UnknownJob, JobConflict, Unavailable."""
        job = self._jobs.find(job_id)
        self._launched()
        uploaded = uploads.is_place(self._settings.data, job.source)
        with uploads.turn:
            job = self._jobs.take_up(replace(job, state="QUEUED", runner="service"), beside=uploaded)
        self._enqueue(job)
        return job

    def stop(self) -> None:
        """End the running job before its next document, as INTERRUPTED; what is left goes on at the next start."""
        self._stopping.set()
        with self._turn, self._starting:
            if self._dbos is not None:
                self._dbos.destroy(destroy_registry=True)
                self._dbos = None

    # The workflow

    def _ingest(self, job_id: str, attempt: int) -> None:
        """A job, from its plan to its end. A step that was done before this process began is not done again."""
        with self._in_turn():
            job = self._jobs.find(job_id)
            if job.attempt != attempt or job.state not in ("QUEUED", "INTERRUPTED", "RUNNING"):
                return
            standing = self._pace.standing_seconds
            work = Work(indexes=self._indexes, settings=self._settings.ingest, job=job, standing=standing)
            try:
                self._steps(watchful(work, stopping=self._stopping.is_set))
            except JobCancelled:
                _log.info("ingestion cancelled")

    def _steps(self, work: Work) -> None:
        with RecordedJob(work) as record, reader(work) as pool:
            batches = self._step("plan", lambda: lay_out(work, plan_of(work), batch=BATCH))
            steps = {f"batch {number}": partial(process, work, number, pool) for number in range(batches)}
            for name, step in {**steps, "sweep": partial(sweep, work)}.items():
                if not self._step(name, partial(_unless_cancelled, step)):
                    raise JobCancelled
            record.finish()

    def _step(self, name: str, body: Callable[[], int]) -> int:
        """Run a step unless it is done, and again after a pause when a store failed it."""
        from dbos import DBOS, StepOptions, error

        options = StepOptions(
            name=name,
            retries_allowed=True,
            max_attempts=TRIES,
            interval_seconds=self._pace.pause_seconds,
            should_retry=lambda met: isinstance(met, IndexBroken | Unavailable | OSError),
        )
        try:
            return int(DBOS.run_step(options, body))  # a job that is recovered runs before `_launch` has returned
        except error.DBOSMaxStepRetriesExceeded as failed:
            raise failed.errors[-1] from failed

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """One job at a time: DBOS starts those it recovers beside the one that its queue gives out."""
        while not self._turn.acquire(timeout=0.1):
            if self._stopping.is_set():
                raise JobStopped
        try:
            if self._stopping.is_set():
                raise JobStopped
            yield
        finally:
            self._turn.release()

    # DBOS

    def _enqueue(self, job: JobRow) -> None:
        """Hand a QUEUED job to DBOS, unless DBOS has it and goes on with it by itself."""
        from dbos import SetWorkflowID

        dbos = self._launched()
        status = dbos.get_workflow_status(_workflow_id(job))
        if status is not None:
            if status.status not in OVER and status.app_version == self._version:
                return
            dbos.cancel_workflow(status.workflow_id)
            job = self._jobs.begin_anew(job.id)
        with SetWorkflowID(_workflow_id(job)):
            dbos.enqueue_workflow(self._queue, self._workflow, job.id, job.attempt)

    def _launched(self) -> Any:  # noqa: ANN401 -- the class DBOS, imported late
        with self._starting:
            if self._stopping.is_set():
                raise Unavailable("The service is stopping. Send the request again when it is back.")
            if self._dbos is None:
                self._dbos = self._launch()
            return self._dbos

    def _launch(self) -> Any:  # noqa: ANN401 -- as above
        """Start DBOS with names of this data folder's own, since folders may share a database.

        The executor id is one of them, so that it goes on with what the folder's last owner left.
        """
        from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, error
        from sqlalchemy.exc import SQLAlchemyError

        logging.getLogger("dbos").addHandler(logging.NullHandler())  # else it adds one that writes to the terminal
        config = DBOSConfig(
            name=f"touchstone-{self._folder}",
            executor_id=self._folder,
            application_version=self._version,
            system_database_url=self._database_url(),
            serializer=DBOSPortableJSONSerializer(),
            use_listen_notify=False,
            notification_listener_polling_interval_sec=0.1,  # nothing is asked; it is how long stopping takes
            enable_otlp=False,
            log_level="ERROR",
        )

        def ingest(job_id: str, attempt: int) -> None:
            self._ingest(job_id, attempt)

        try:
            DBOS(config=config)
            self._workflow = DBOS.workflow(name="ingest", max_recovery_attempts=None)(ingest)
            DBOS.launch()
            DBOS.register_queue(self._queue, worker_concurrency=1, polling_interval_sec=self._pace.poll_seconds)
            over = DBOS.list_workflows(status=sorted(OVER), load_input=False, load_output=False)
            DBOS.delete_workflows([workflow.workflow_id for workflow in over])
        except (SQLAlchemyError, OSError, error.DBOSException) as met:
            DBOS.destroy(destroy_registry=True)
            reason = str(getattr(met, "orig", met)).splitlines()[0]
            raise Unavailable(
                f"The jobs database cannot be opened: {reason}. Look at the setting jobs.database_url."
            ) from met
        return DBOS

    @property
    def _queue(self) -> str:
        return f"jobs-{self._folder}"

    @property
    def _version(self) -> str:
        return f"{VERSION}-{self._folder}"

    def _database_url(self) -> str:
        """Where DBOS keeps its tables: as the settings say, or a SQLite file in the data folder."""
        if self._settings.jobs.database_url:
            return self._settings.jobs.database_url
        path = self._settings.data.absolute() / "jobs.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("pragma journal_mode = wal")  # stays with the file; DBOS does not set it: 5 times faster
        return f"sqlite:///{path}"


def _workflow_id(job: JobRow) -> str:
    return f"{job.id}.{job.attempt}"


def _unless_cancelled(step: Callable[[], None]) -> bool:
    """Whether the step got to its end: being cancelled is an outcome that DBOS may remember, not an error."""
    try:
        step()
    except JobCancelled:
        return False
    return True
