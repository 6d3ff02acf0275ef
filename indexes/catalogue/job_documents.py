"""What a job is to do with every document, and what became of it.

What a job did to a document is recorded in the transaction that did it (`Catalogue.replace`, `Catalogue.remove`), so a
job that was killed anywhere has it on record exactly. Documents that needed no reading are counted, not listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
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
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from core.access import OWNER, Access
from indexes.catalogue import schema, statements
from indexes.catalogue.rows import DocumentStatus, JobDocument, JobRow, Tally
from indexes.catalogue.schema import documents, job_documents, jobs
from indexes.catalogue.scope import readable

TO_REMOVE = -1
"""The batch of the documents that are to be removed."""
_TABLE = job_documents.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A plan in the form in which it goes on record: `batches` and `vanished` are paths of documents."""

    decided: Sequence[JobDocument]
    batches: Sequence[Sequence[str]]
    vanished: Sequence[str]
    unchanged: Collection[str]


class JobDocuments:
    """The table `job_documents`. Safe to call from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def lay_out(self, job: JobRow, layout: Layout) -> None:
        """Put a plan on record, in one transaction; what an earlier attempt indexed or removed stays there.

        An attempt at what failed adds to the record; any other takes the place of the plan before it.
        """
        with schema.transaction(self._engine, write=True) as connection:
            if not job.only_failed:
                kept = _TABLE.status.in_(("indexed", "removed")) & ~_TABLE.document.contains("!/")
                connection.execute(delete(job_documents).where(_TABLE.job_id == job.id, ~func.coalesce(kept, False)))
                connection.execute(update(job_documents).where(_TABLE.job_id == job.id).values(todo=None))
                indexed = _indexed(connection, job.id)
                count = sum(document not in indexed for document in layout.unchanged)
                connection.execute(update(jobs).where(jobs.c.id == job.id).values(unchanged=count))
            for entry in layout.decided:
                connection.execute(statements.recorded(job.id, entry))
            _put_on_list(connection, job.id, [(TO_REMOVE, layout.vanished), *enumerate(layout.batches)])

    def todo(self, job_id: str, batch: int) -> list[str]:
        """What is left of a batch, by name; `TO_REMOVE`: what is left to remove."""
        query = select(_TABLE.document).where(_TABLE.job_id == job_id, _TABLE.todo == batch)
        return [row["document"] for row in self._rows(query.order_by(_TABLE.document))]

    def record(self, job_id: str, entries: Iterable[JobDocument]) -> None:
        """What became of documents that the catalogue was not changed for.

        One found as stored stays on the list until its batch is settled: others may be attached to it.
        """
        with schema.transaction(self._engine, write=True) as connection:
            for entry in entries:
                connection.execute(statements.recorded(job_id, entry, settled=entry.status in ("skipped", "failed")))

    def settle(self, job_id: str, batch: int) -> None:
        """Nothing is left of a batch."""
        with schema.transaction(self._engine, write=True) as connection:
            these = (_TABLE.job_id == job_id) & (_TABLE.todo == batch)
            connection.execute(update(job_documents).where(these).values(todo=None))

    def listed(
        self,
        job_id: str,
        statuses: Collection[DocumentStatus | None] = (),
        *,
        limit: int = -1,
        offset: int = 0,
        access: Access = OWNER,
    ) -> list[JobDocument]:
        """The documents on a job's record by name, or those of some statuses; None is to be read; limit -1: all.

        Those that are stored and may not be read are left out, and files that were closed to whoever asked for the job.
        """
        query = select(_TABLE.document, _TABLE.status, _TABLE.code, _TABLE.reason, _TABLE.chunks)
        query = (
            query.where(_of(job_id, statuses), _seen(job_id, access))
            .order_by(_TABLE.document)
            .limit(limit)
            .offset(offset)
        )
        return [JobDocument(**row) for row in self._rows(query)]

    def noted(self, job_id: str, *, access: Access = OWNER) -> list[JobDocument]:
        """The indexed documents of which something was not turned into text, by name; `reason` says what."""
        query = select(_TABLE.document, _TABLE.status, _TABLE.code, _TABLE.reason, _TABLE.chunks)
        query = query.where(_TABLE.job_id == job_id, _TABLE.status == "indexed", _TABLE.reason.is_not(None))
        query = query.where(_seen(job_id, access))
        return [JobDocument(**row) for row in self._rows(query.order_by(_TABLE.document))]

    def count(self, job_id: str, statuses: Collection[DocumentStatus | None] = (), *, access: Access = OWNER) -> int:
        """How many `listed` lists."""
        query = select(func.count().label("n")).where(_of(job_id, statuses), _seen(job_id, access))
        return sum(row["n"] for row in self._rows(query))

    def tally(self, job_id: str, *, access: Access = OWNER) -> Tally:
        """The job in numbers, as it stands, without the documents that `listed` leaves out."""
        waiting = case((_TABLE.todo == TO_REMOVE, "to remove"), else_="pending")
        status = func.coalesce(_TABLE.status, waiting).label("status")
        counts = (func.count().label("documents"), func.sum(_TABLE.chunks).label("chunks"))
        columns: list[ColumnElement[Any]] = [status, *counts]
        rows = self._rows(select(*columns).where(_TABLE.job_id == job_id, _seen(job_id, access)).group_by(status))
        numbers = Counter({row["status"]: row["documents"] for row in rows})
        left_alone = self._rows(select(jobs.c.unchanged).where(jobs.c.id == job_id))
        numbers["unchanged"] += sum(row["unchanged"] or 0 for row in left_alone)
        present = ("indexed", "unchanged", "skipped", "failed", "pending")
        return Tally(
            found=sum(numbers[name] for name in present),
            removed=numbers["removed"],
            chunks=sum(row["chunks"] for row in rows if row["status"] == "indexed"),
            **{name: numbers[name] for name in present},
        )

    def _rows(self, query: Select[Any]) -> list[RowMapping]:
        with schema.transaction(self._engine) as connection:
            return list(connection.execute(query).mappings())


def _of(job_id: str, statuses: Collection[DocumentStatus | None]) -> ColumnElement[bool]:
    """The documents of a job, or those of some statuses; those that are only to be removed have none."""
    this = (_TABLE.job_id == job_id) & (_TABLE.status.is_not(None) | (_TABLE.todo != TO_REMOVE))
    if not statuses:
        return this
    known = _TABLE.status.in_([status for status in statuses if status is not None])
    return this & (known | _TABLE.status.is_(None) if None in statuses else known)


def _seen(job_id: str, access: Access) -> ColumnElement[bool]:
    """Whether a document on a job's record is not one that is stored and may not be read, nor a file that was closed
    to whoever asked for the job: for them there is no such file."""
    if access.everything:
        return true()
    open_to_all = _TABLE.code.is_distinct_from("closed")
    collection = select(jobs.c.collection).where(jobs.c.id == job_id).scalar_subquery()
    this = (documents.c.collection == collection) & (documents.c.document == _TABLE.document)
    hidden = select(1).select_from(documents).where(this, ~readable(access)).correlate(job_documents).exists()
    return open_to_all & ~hidden


def _indexed(connection: Connection, job_id: str) -> set[str]:
    query = select(_TABLE.document).where(_TABLE.job_id == job_id, _TABLE.status == "indexed")
    return set(connection.execute(query).scalars())


def _put_on_list(connection: Connection, job_id: str, batches: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Give every document its batch; one that was indexed before and is read again keeps that on record until then."""
    rows = [
        {"job_id": job_id, "document": document, "todo": number, "chunks": 0}
        for number, documents in batches
        for document in documents
    ]
    if not rows:
        return
    statement = upsert(job_documents)
    todo = statement.excluded.todo
    kept = (_TABLE.status == "indexed") & (todo != TO_REMOVE)
    before = {name: case((kept, _TABLE[name]), else_=null()) for name in ("status", "reason")}
    values = {"todo": todo, **before, "code": None}
    connection.execute(statement.on_conflict_do_update(index_elements=["job_id", "document"], set_=values), rows)
