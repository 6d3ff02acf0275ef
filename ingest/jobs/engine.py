"""Ingestion jobs that outlive their process, on DBOS Transact. The only file that imports dbos.

    ingest(job, attempt)      a workflow; its id is `job.attempt`
      plan                    a step: the plan goes on record in the catalogue; returns how many batches it has
      batch 0, 1, 2, ...      steps: read, embed and write what is left of a batch
      sweep                   a step: what is gone from the source, and what interrupted writes left behind

The catalogue is the only record of documents; DBOS remembers which steps are done, and runs the one that a dead process
left half done again, which skips what is committed. What went wrong with a document is on record there; what went
wrong with a store is raised, so that DBOS tries the step again.

DBOS is started by the first job: a service without jobs has none of it. From then on a thread looks every few seconds
for jobs that nobody works on, though they are on record as waiting or running: when the disk is full, neither the
catalogue nor DBOS may be able to write down how a job ended, or that it waits.
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

from core.errors import IndexBroken, TouchstoneError, Unavailable
from core.files import write_fault
from core.settings.load import Settings
from core.sources import EVERYTHING, Patterns
from indexes import uploads
from indexes.catalogue.rows import UNASKED, JobRow, JobState, Order
from indexes.indexes import Indexes
from ingest.pipeline import steps
from ingest.record import RecordedJob, new_job
from ingest.work import CRASH_BACKOFF_SECONDS, JobCancelled, JobStopped, Work, with_heartbeat

VERSION = "1"
"""Raised when the order of a job's steps changes: DBOS continues only jobs of its own version."""
BATCH = 128
"""Files in a step."""
CALLED_OFF = -1
"""In place of its number, of a step that was cancelled."""
TRIES = 4
"""Of a step that a store failed."""
LOST = {
    "error": {"code": "lost", "detail": "It ended, and how could not be put on record. Retry it: what is done is done."}
}
OVER = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait: before the queue is looked at again, and before a step is tried again, twice as long each time.

    A look costs a few milliseconds, all the time that the service runs. `look_seconds`: between two looks for jobs that
    nobody works on. `crash_backoff_seconds`: before a file is begun that processes died over.
    """

    poll_seconds: float = 0.5
    pause_seconds: float = 1.0
    look_seconds: float = 5.0
    crash_backoff_seconds: tuple[float, ...] = CRASH_BACKOFF_SECONDS


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
        self._watcher = threading.Thread(target=self._watch, name="touchstone-jobs", daemon=True)
        self._changing = threading.Lock()  # held while a workflow begins or ends, and while a job is taken for lost
        self._working: set[str] = set()
        """The workflows that this process is at work on, or that wait here for their turn."""
        self._unwritten: dict[str, tuple[JobState, dict[str, Any]]] = {}
        """How workflows ended whose end could not be put on record: state and report."""
        self._missing: set[str] = set()
        """The workflows that were missing at the last look."""
        self._workflow: Callable[[str, int], None] = self._ingest
        self._folder = indexes.catalogue.remember("folder", uuid.uuid4().hex)

    def start(self) -> None:
        """Go on with the jobs that an earlier process left, if there are any.

        Raises:
            Unavailable: the jobs database cannot be opened.
        """
        left = self._jobs.requeue()
        if left:
            self._launched()
        for job in left:
            self._hand_over(job)

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
        asked = new_job(source, collection, "QUEUED", "service", patterns, order)
        with uploads.changing:
            job = self._jobs.add(asked, beside=bool(order.upload))
        if job.id == asked.id:
            self._hand_over(job)
        return job

    def cancel(self, job_id: str) -> JobRow:
        """End a job that waits, or that nobody works on; a running one ends before its next document.

        Raises UnknownJob, JobConflict.
        """
        job = self._jobs.cancel(job_id)
        if job.state == "RUNNING" and self._bring_back(job):
            return self._jobs.find(job_id)
        return job

    def retry(self, job_id: str) -> JobRow:
        """Queue another attempt at what a job did not get done. Raises UnknownJob, JobConflict, Unavailable."""
        job = self._jobs.find(job_id)
        self._launched()
        uploaded = uploads.is_place(self._settings.data, job.source)
        with uploads.changing:
            job = self._jobs.take_up(replace(job, state="QUEUED", runner="service"), beside=uploaded)
        self._hand_over(job)
        return job

    def stop(self) -> None:
        """End the running job before its next document, as INTERRUPTED; what is left goes on at the next start."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        with self._turn, self._starting:
            if self._dbos is not None:
                self._dbos.destroy(destroy_registry=True)
                self._dbos = None

    # The workflow

    def _ingest(self, job_id: str, attempt: int) -> None:
        """A job, from its plan to its end. A step that was done before this process began is not done again."""
        with self._at_work(f"{job_id}.{attempt}"), self._in_turn():
            job = self._jobs.find(job_id)
            if job.attempt != attempt or job.state not in ("QUEUED", "INTERRUPTED", "RUNNING"):
                return
            work = Work(
                indexes=self._indexes,
                settings=self._settings.ingest,
                job=job,
                crash_backoff=self._pace.crash_backoff_seconds,
                roots=self._settings.server.sources,
            )
            record = RecordedJob(work := with_heartbeat(work, stopping=self._stopping.is_set))
            try:
                self._steps(work, record)
            except JobCancelled:
                _log.info("ingestion cancelled")
            finally:
                if record.unwritten is not None:
                    self._unwritten[_workflow_id(job)] = record.unwritten

    def _steps(self, work: Work, record: RecordedJob) -> None:
        with record:
            steps(work, self._step, batch=BATCH)
            record.finish()

    def _step(self, name: str, body: Callable[[], int]) -> int:
        """Run a step unless it is done, and again after a pause when a store failed it. Raises JobCancelled."""
        from dbos import DBOS, StepOptions, error

        options = StepOptions(
            name=name,
            retries_allowed=True,
            max_attempts=TRIES,
            interval_seconds=self._pace.pause_seconds,
            should_retry=lambda met: isinstance(met, IndexBroken | Unavailable | OSError),
        )
        try:
            # A job that is recovered runs before `_launch` has returned.
            done = int(DBOS.run_step(options, partial(_unless_cancelled, body)))
        except error.DBOSMaxStepRetriesExceeded as failed:
            raise failed.errors[-1] from failed
        if done == CALLED_OFF:
            raise JobCancelled
        return done

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

    # Jobs that nobody works on

    @contextmanager
    def _at_work(self, workflow: str) -> Iterator[None]:
        with self._changing:
            self._working.add(workflow)
        try:
            yield
        finally:
            with self._changing:
                self._working.discard(workflow)

    def _watch(self) -> None:
        while not self._stopping.wait(self._pace.look_seconds):
            try:
                self._look()
            except TouchstoneError as error:
                _log.warning("jobs that nobody works on could not be looked for", extra={"code": error.code})
            except Exception:  # noqa: BLE001 -- whatever it is, the next look may go well
                _log.exception("jobs that nobody works on could not be looked for")

    def _look(self) -> None:
        """Bring back what is missing now and was at the last look: DBOS takes a moment to begin what it took up."""
        missing = {_workflow_id(job): job for job in self._jobs.of_the_service() if self._is_missing(job)}
        for workflow in self._missing & missing.keys():
            self._bring_back(missing[workflow])
        self._missing = set(missing)

    def _is_missing(self, job: JobRow) -> bool:
        if _workflow_id(job) in self._working:
            return False
        return job.state == "RUNNING" or self._status_of(job) != "ENQUEUED"

    def _bring_back(self, job: JobRow) -> bool:
        """End a running job that has no workflow, enqueue a waiting one; False when it has one after all."""
        workflow = _workflow_id(job)
        with self._changing:
            now = self._jobs.find(job.id)
            if workflow in self._working or (now.state, now.attempt) != (job.state, job.attempt):
                return False
            if now.state == "QUEUED":
                self._enqueue(now)
                _log.warning("a waiting job was enqueued again")
                return True
            state, report = self._unwritten.get(workflow, ("FAILED", LOST))
            if now.cancelling:
                state, report = "CANCELLED", {}
            self._jobs.finish(job.id, state, report)
            self._unwritten.pop(workflow, None)
            _log.warning("a job that nobody worked on was ended", extra={"state": state})
            return True

    # DBOS

    def _hand_over(self, job: JobRow) -> None:
        """Enqueue a job that is on record; when that fails, it is tried again with the next look."""
        try:
            self._enqueue(job)
        except TouchstoneError as error:
            _log.warning("a job could not be enqueued yet", extra={"code": error.code, "reason": str(error)})

    def _status_of(self, job: JobRow) -> str | None:
        with _translated():
            status = self._launched().get_workflow_status(_workflow_id(job))
        return status.status if status is not None and status.app_version == self._version else None

    def _enqueue(self, job: JobRow) -> None:
        """Hand a QUEUED job to DBOS, unless DBOS has it and goes on with it by itself.

        Raises:
            Unavailable, InsufficientStorage: the jobs database cannot be written.
        """
        from dbos import SetWorkflowID

        dbos = self._launched()
        with _translated():
            status = dbos.get_workflow_status(_workflow_id(job))
            if status is not None:
                lost = _workflow_id(job) in self._missing  # DBOS took it up, and it ended without a trace
                if status.status not in OVER and status.app_version == self._version and not lost:
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
                self._watcher.start()
            return self._dbos

    def _launch(self) -> Any:  # noqa: ANN401 -- as above
        """Start DBOS with names of this data folder's own, since folders may share a database.

        The executor id is one of them, so that it goes on with what the folder's last owner left.
        """
        from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, error
        from sqlalchemy.exc import SQLAlchemyError

        logging.getLogger("dbos").addHandler(logging.NullHandler())  # else it adds one that writes to the terminal

        def ingest(job_id: str, attempt: int) -> None:
            self._ingest(job_id, attempt)

        try:
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
            DBOS(config=config)
            self._workflow = DBOS.workflow(name="ingest", max_recovery_attempts=None)(ingest)
            DBOS.launch()
            DBOS.register_queue(self._queue, worker_concurrency=1, polling_interval_sec=self._pace.poll_seconds)
            over = DBOS.list_workflows(status=sorted(OVER), load_input=False, load_output=False)
            DBOS.delete_workflows([workflow.workflow_id for workflow in over])
        except (SQLAlchemyError, sqlite3.Error, OSError, error.DBOSException) as met:
            DBOS.destroy(destroy_registry=True)
            if (fault := write_fault(met)) is not None:
                raise fault from met
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


@contextmanager
def _translated() -> Iterator[None]:
    """What DBOS says of its database, as one of our errors."""
    from dbos import error
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, error.DBOSException) as met:
        reason = str(getattr(met, "orig", met)).splitlines()[0]
        raise write_fault(met) or Unavailable(f"The jobs database does not answer: {reason}. Try again.") from met


def _unless_cancelled(step: Callable[[], int]) -> int:
    """The step's number, or CALLED_OFF: being cancelled is an outcome that DBOS may remember, not an error."""
    try:
        return step()
    except JobCancelled:
        return CALLED_OFF
