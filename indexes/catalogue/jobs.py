"""Ingestion jobs in the catalogue.

QUEUED -> RUNNING -> COMPLETED | COMPLETED_WITH_ERRORS | CANCELLED | FAILED
             └-> INTERRUPTED      its process ended; a service takes its own jobs up again when it starts
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from core.errors import JobConflict, KeyReused, UnknownJob
from indexes.catalogue import mapping, schema, statements
from indexes.catalogue.rows import JobRow, JobState
from indexes.catalogue.schema import attempts, jobs

AT_WORK: tuple[JobState, ...] = ("QUEUED", "RUNNING")
TO_COME: tuple[JobState, ...] = (*AT_WORK, "INTERRUPTED")


class Jobs:
    """The table `jobs`. Safe to call from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # Asked for

    def add(self, job: JobRow, *, beside: bool = False) -> JobRow:
        """Store a new job and return it; with the request key of an earlier job, return that one.

        `beside`: it brings files of its own, so that it may wait behind others on its source.

        Raises:
            KeyReused: the earlier job with the key came from another request.
            JobConflict: another job is running on the source; or waiting for it, if this one would wait too.
        """
        states = AT_WORK if job.state == "QUEUED" else ("RUNNING",)
        with schema.transaction(self._engine, write=True) as connection:
            if job.request_key is not None:
                asked = connection.execute(select(jobs).where(jobs.c.request_key == job.request_key)).mappings().first()
                if asked is not None:
                    return _same_request(_row(asked), job.request_digest)
            others = select(jobs).where(_on(job.source, job.collection, states))
            for row in () if beside else connection.execute(others).mappings():
                raise JobConflict(_busy(_row(row)))
            number = select(func.coalesce(func.max(jobs.c.number), 0) + 1).scalar_subquery()
            connection.execute(insert(jobs).values(**asdict(job), number=number))
        return job

    def requested(self, key: str, digest: str) -> JobRow | None:
        """The job that was asked for with this key, None when there is none. Raises KeyReused like `add`."""
        for row in self._rows(select(jobs).where(jobs.c.request_key == key)):
            return _same_request(_row(row), digest)
        return None

    def take_up(self, job: JobRow, *, beside: bool = False) -> JobRow:
        """Begin another attempt at a job, in the state and with the runner that `job` gives; `beside` as for `add`.

        Raises:
            JobConflict: it, or another job on its source, waits or runs; or it left nothing to do.
        """
        again: dict[str, Any] = {
            "state": job.state,
            "runner": job.runner,
            "attempt": jobs.c.attempt + 1,
            "only_failed": jobs.c.state == "COMPLETED_WITH_ERRORS",
            "cancelling": False,
            "finished": None,
            "report": None,
        }
        with schema.transaction(self._engine, write=True) as connection:
            stands_in_the_way = jobs.c.id == job.id if beside else true()
            busy = select(jobs).where(_on(job.source, job.collection, AT_WORK), stands_in_the_way)
            for row in connection.execute(busy).mappings():
                raise JobConflict(_busy(_row(row)))
            left = (jobs.c.id == job.id) & (jobs.c.state != "COMPLETED")
            if not connection.execute(update(jobs).where(left).values(again)).rowcount:
                raise JobConflict(f"Job {job.id} completed without a failure: there is nothing to retry.")
        return self.find(job.id)

    def cancel(self, job_id: str) -> JobRow:
        """End a job that waits; ask a running one to end.

        Raises:
            UnknownJob: there is none of that id.
            JobConflict: it has ended already.
        """
        report = {"error": {"code": "cancelled", "detail": "Cancelled while it waited."}}
        ended = {"state": "CANCELLED", "finished": mapping.now(), "report": report}
        this = jobs.c.id == job_id
        with schema.transaction(self._engine, write=True) as connection:
            waited = connection.execute(
                update(jobs).where(this, jobs.c.state.in_(("QUEUED", "INTERRUPTED"))).values(ended)
            )
            runs = connection.execute(update(jobs).where(this, jobs.c.state == "RUNNING").values(cancelling=True))
        job = self.find(job_id)
        if not waited.rowcount + runs.rowcount:
            raise JobConflict(f"Job {job_id} has ended ({in_words(job.state)}): there is nothing to cancel.")
        return job

    # Looked at

    def find(self, job_id: str, *, begun_by: str | None = None) -> JobRow:
        """One job; `begun_by`: only if it is one of this caller's. Raises UnknownJob."""
        for row in self._rows(select(jobs).where(jobs.c.id == job_id, _of(begun_by))):
            return _row(row)
        raise UnknownJob(f"There is no job {job_id!r}. `touchstone jobs list` shows those that there are.")

    def latest(self, limit: int = 50, *, begun_by: str | None = None) -> list[JobRow]:
        """The latest jobs, newest first; `begun_by`: only those of this caller."""
        query = (
            select(jobs)
            .where(_of(begun_by))
            .order_by(jobs.c.number.desc().nulls_last(), jobs.c.created.desc(), jobs.c.id)
        )
        return [_row(row) for row in self._rows(query.limit(limit))]

    def last_success(self, job: JobRow) -> str | None:
        """When a job on the same source last ended without a failure."""
        done = _on(job.source, job.collection, ("COMPLETED",))
        return next((row["at"] for row in self._rows(select(func.max(jobs.c.finished).label("at")).where(done))), None)

    def last_ended(self, source: str, collection: str, states: tuple[JobState, ...]) -> datetime | None:
        """When a job on this source of the collection last ended in one of the states."""
        ended = select(func.max(jobs.c.finished).label("at")).where(_on(source, collection, states))
        at = next((row["at"] for row in self._rows(ended)), None)
        return datetime.fromisoformat(at) if at else None

    def last_on(self, source: str, collection: str) -> JobRow | None:
        """The latest job on a source."""
        these = (jobs.c.source == source) & (jobs.c.collection == collection)
        query = select(jobs).where(these).order_by(jobs.c.number.desc()).limit(1)
        return next((_row(row) for row in self._rows(query)), None)

    def of_the_service(self) -> list[JobRow]:
        """The jobs that wait for a service or run in it, in the order they were asked for."""
        these = (jobs.c.runner == "service") & jobs.c.state.in_(AT_WORK)
        return [_row(row) for row in self._rows(select(jobs).where(these).order_by(jobs.c.number))]

    def states(self, among: Collection[str]) -> dict[str, JobState]:
        """The states of those of these jobs that there are."""
        query = select(jobs.c.id, jobs.c.state).where(statements.in_list(jobs.c.id, among))
        return {row["id"]: row["state"] for row in self._rows(query)}

    def left(self) -> list[JobRow]:
        """The jobs that did not get to their end: they wait, run, were interrupted or failed as a whole."""
        return [_row(row) for row in self._rows(select(jobs).where(jobs.c.state.in_((*TO_COME, "FAILED"))))]

    def to_come_on(self, connection: Connection, source: str, collection: str) -> list[JobRow]:
        """The jobs on a source that wait, run or go on when the service starts, as they are in this transaction."""
        query = select(jobs).where(_on(source, collection, TO_COME))
        return [_row(row) for row in connection.execute(query).mappings()]

    def counts(self) -> dict[JobState, int]:
        """How many jobs are in each state."""
        query = select(jobs.c.state, func.count().label("number")).group_by(jobs.c.state)
        return {row["state"]: row["number"] for row in self._rows(query)}

    def oldest_waiting(self) -> datetime | None:
        """Since when the job that has waited longest has."""
        rows = self._rows(select(func.min(jobs.c.created).label("at")).where(jobs.c.state == "QUEUED"))
        return datetime.fromisoformat(rows[0]["at"]) if rows[0]["at"] else None

    # On its way

    def run(self, job_id: str) -> bool:
        """A job begins, or goes on; False when it has ended meanwhile."""
        now = mapping.now()
        values = {"state": "RUNNING", "heartbeat": now, "finished": None, "report": None}
        left = (jobs.c.id == job_id) & jobs.c.state.in_((*AT_WORK, "INTERRUPTED"))
        with schema.transaction(self._engine, write=True) as connection:
            begun = update(jobs).where(left).values(**values, started=func.coalesce(jobs.c.started, now))
            return bool(connection.execute(begun).rowcount)

    def begin_anew(self, job_id: str) -> JobRow:
        """Another attempt at a job that waits."""
        self._set(job_id, attempt=jobs.c.attempt + 1)
        return self.find(job_id)

    def heartbeat(self, job_id: str) -> None:
        """Note that the process that runs the job is alive."""
        self._set(job_id, heartbeat=mapping.now())

    def cancelling(self, job_id: str) -> bool:
        """Whether a running job was asked to end."""
        return any(row["cancelling"] for row in self._rows(select(jobs.c.cancelling).where(jobs.c.id == job_id)))

    def finish(self, job_id: str, state: JobState, report: Mapping[str, Any]) -> None:
        """A job ends, one way or another. Its report names places in the data folder from there, as its source is."""
        folder = json.dumps(f"{schema.folder_of(self._engine)}/")[1:-1]
        told = json.loads(json.dumps(dict(report)).replace(folder, ""))
        self._set(job_id, state=state, finished=mapping.now(), report=told, cancelling=False)

    def interrupt(self) -> int:
        """Mark the jobs whose process is gone as INTERRUPTED, or CANCELLED if that was asked for; returns how many.

        What waits for a service goes on waiting.
        """
        gone = or_(jobs.c.state == "RUNNING", (jobs.c.state == "QUEUED") & jobs.c.runner.is_distinct_from("service"))
        now = mapping.now()
        with schema.transaction(self._engine, write=True) as connection:
            asked = update(jobs).where(gone, jobs.c.cancelling.is_(True))
            ended = connection.execute(asked.values(state="CANCELLED", finished=now, cancelling=False)).rowcount
            return (
                ended + connection.execute(update(jobs).where(gone).values(state="INTERRUPTED", finished=now)).rowcount
            )

    def requeue(self) -> list[JobRow]:
        """The jobs that a service has left to do, QUEUED from now on, in the order they were asked for."""
        left = (jobs.c.runner == "service") & jobs.c.state.in_(("QUEUED", "INTERRUPTED"))
        with schema.transaction(self._engine, write=True) as connection:
            connection.execute(update(jobs).where(left).values(state="QUEUED", finished=None, report=None))
            return [
                _row(row) for row in connection.execute(select(jobs).where(left).order_by(jobs.c.number)).mappings()
            ]

    def _set(self, job_id: str, **values: Any) -> None:  # noqa: ANN401 -- column values
        with schema.transaction(self._engine, write=True) as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))

    def _rows(self, query: Select[Any]) -> list[RowMapping]:
        with schema.transaction(self._engine) as connection:
            return list(connection.execute(query).mappings())


def in_words(state: JobState) -> str:
    """`completed with errors`."""
    return state.lower().replace("_", " ")


def _on(source: str, collection: str, states: tuple[JobState, ...]) -> ColumnElement[bool]:
    """Jobs on this source of this collection that are in one of the states."""
    return (jobs.c.source == source) & (jobs.c.collection == collection) & jobs.c.state.in_(states)


def _of(begun_by: str | None) -> ColumnElement[bool]:
    """Jobs that this caller began; None: all of them."""
    return true() if begun_by is None else jobs.c.begun_by == begun_by


def _row(row: RowMapping) -> JobRow:
    """A job; what an older version did not store has its default."""
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "number" and value is not None}
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return JobRow(**{**values, **lists})


def _same_request(job: JobRow, digest: str | None) -> JobRow:
    if job.request_digest != digest:
        raise KeyReused(f"The idempotency key was used for another request: job {job.id}. Send a new key.")
    return job


def _busy(job: JobRow) -> str:
    where = "is waiting to ingest" if job.state == "QUEUED" else "is ingesting"
    return (
        f"Job {job.id} {where} {job.source} into {job.collection!r} already. "
        f"Wait for it to end, or stop it: touchstone jobs cancel {job.id}"
    )


# Work that was begun and that no process has lived to end: what a file that takes the whole service down leaves.
#
# A row is written before the work and deleted after it, however it ended; only a process that dies leaves it there.


_TABLE = attempts.c


class Attempts:
    """The table `attempts`. Safe to call from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def begun(self, job_id: str, document: str = "", *, left: int = 0) -> Iterator[int]:
        """Work inside on a document, or on whatever there is; yields how often that was begun and not lived through.

        This time counts: 1 is the first. When another number of documents is `left`, the last time got somewhere.
        """
        statement = upsert(attempts).values(job_id=job_id, document=document, starts=1, left=left)
        again = case((_TABLE.left == left, _TABLE.starts + 1), else_=1)
        values = {"starts": again, "left": left}
        this = (_TABLE.job_id == job_id) & (_TABLE.document == document)
        with schema.transaction(self._engine, write=True) as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["job_id", "document"], set_=values))
            starts = connection.execute(select(_TABLE.starts).where(this)).scalar_one()
        try:
            yield starts
        finally:
            with schema.transaction(self._engine, write=True) as connection:
                connection.execute(delete(attempts).where(this))

    def deaths(self, job_id: str) -> dict[str, int]:
        """How many processes died over each single document of the job, of those that none has lived through since."""
        with schema.transaction(self._engine) as connection:
            these = select(_TABLE.document, _TABLE.starts).where(_TABLE.job_id == job_id, _TABLE.document != "")
            return {row.document: row.starts for row in connection.execute(these)}
