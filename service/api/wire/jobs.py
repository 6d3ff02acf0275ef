"""The wire form of ingestion jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Self

from pydantic import ConfigDict, Field

from core.access import OWNER, Access
from service.api.wire.message import Reply, printable

if TYPE_CHECKING:
    from indexes.catalogue.catalogue import Catalogue
    from indexes.catalogue.rows import DocumentStatus, JobDocument, JobRow

STATES = ("COMPLETED", "QUEUED", "RUNNING", "COMPLETED_WITH_ERRORS", "CANCELLED", "INTERRUPTED", "FAILED")
"""From the best to the worst."""
COUNTS = ("found", "indexed", "unchanged", "removed", "skipped", "failed", "chunks")
NAMED: tuple[DocumentStatus, ...] = ("removed", "skipped", "failed")
"""Documents of these statuses are named in a job's report."""

Status = Literal["pending", "indexed", "unchanged", "removed", "skipped", "failed"]


class JobDocumentOut(Reply):
    """What became of a document in a job."""

    document: str
    status: str = Field(description="pending, indexed, unchanged, removed, skipped or failed")
    code: str | None = None
    reason: str | None = Field(
        None, description="a sentence; of an indexed one, what in it was not turned into text, such as a blank page"
    )

    @classmethod
    def of(cls, entry: JobDocument) -> JobDocumentOut:
        """The catalogue's row as it goes over the wire."""
        reason = None if entry.reason is None else printable(entry.reason)
        document = printable(entry.document)
        return cls(document=document, status=entry.status or "pending", code=entry.code, reason=reason)


class JobDocumentsOut(Reply):
    """A page of the documents on a job's record; `total` counts all of them. Files that needed no reading have none."""

    documents: tuple[JobDocumentOut, ...]
    total: int


class JobError(Reply):
    """What ended a job before its documents were all looked at."""

    code: str
    detail: str


class JobOut(Reply):
    """An ingestion job. `found = indexed + unchanged + skipped + failed` once it has got to its end."""

    job_id: str
    collection: str
    state: str
    found: int = 0
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: int = 0
    failed: int = 0
    chunks: int = 0
    seconds: float = 0.0
    documents: tuple[JobDocumentOut, ...] = Field((), description="those not indexed or unchanged")
    notes: tuple[JobDocumentOut, ...] = Field(
        (),
        exclude_if=lambda notes: not notes,
        description="those indexed with a page, sheet or slide that holds no text; left out when there is none",
    )
    pending: int = Field(
        0, exclude_if=lambda number: not number, description="found and not looked at yet; left out when there is none"
    )
    error: JobError | None = Field(
        None, exclude_if=lambda error: error is None, description="of a job that failed as a whole; else left out"
    )

    @classmethod
    def of(cls, catalogue: Catalogue, job: JobRow, access: Access = OWNER) -> Self:
        """What the catalogue has on record, as it goes over the wire to somebody with this access."""
        named = catalogue.job_documents.listed(job.id, NAMED, access=access)
        documents = [JobDocumentOut.of(entry) for entry in named]
        fields = {"job_id": job.id, "collection": printable(job.collection), "state": job.state, "documents": documents}
        notes = [JobDocumentOut.of(entry) for entry in catalogue.job_documents.noted(job.id, access=access)]
        counts = asdict(catalogue.job_documents.tally(job.id, access=access))
        return cls.model_validate(
            {**counts, **cls._more(catalogue, job), **(job.report or {}), **fields, "notes": notes}
        )

    @classmethod
    def _more(cls, catalogue: Catalogue, job: JobRow) -> dict[str, object]:
        return {}

    @classmethod
    def of_all(cls, jobs: Sequence[JobOut]) -> JobOut:
        """Several jobs of one command as one: counts add up, ids stand side by side, the worst state wins."""
        worst = max(jobs, key=lambda job: STATES.index(job.state))
        counts = {name: sum(getattr(job, name) for job in jobs) for name in (*COUNTS, "pending")}
        return JobOut.model_validate(
            {
                "job_id": ",".join(job.job_id for job in jobs),
                "collection": worst.collection,
                "state": worst.state,
                **counts,
                "seconds": round(sum(job.seconds for job in jobs), 3),
                "documents": [document.model_dump() for job in jobs for document in job.documents],
                "notes": [note.model_dump() for job in jobs for note in job.notes],
                "error": worst.error.model_dump() if worst.error else None,
            }
        )


class JobDetail(JobOut):
    """An ingestion job with its history. Times are UTC in ISO 8601."""

    source: str
    created: str
    started: str | None
    finished: str | None
    heartbeat: str | None = Field(description="last sign of life of whoever runs it")
    queued_seconds: float = Field(description="how long it waited, or has waited so far")
    attempt: int = Field(description="1, and one more for every time it was taken up again")
    cancelling: bool = Field(description="it was asked to end and does so before its next document")
    last_success: str | None = Field(description="when a job on this source last ended without a failure")

    @classmethod
    def _more(cls, catalogue: Catalogue, job: JobRow) -> dict[str, object]:
        until = datetime.fromisoformat(job.started or job.finished or datetime.now(UTC).isoformat())
        return {
            "source": printable(job.source),
            "created": job.created,
            "started": job.started,
            "finished": job.finished,
            "heartbeat": job.heartbeat,
            "queued_seconds": round((until - datetime.fromisoformat(job.created)).total_seconds(), 3),
            "attempt": job.attempt,
            "cancelling": job.cancelling,
            "last_success": catalogue.jobs.last_success(job),
        }


class MovedOut(Reply):
    """A file that lies elsewhere now, with the content that it had."""

    model_config = ConfigDict(serialize_by_alias=True)

    old: str = Field(alias="from")
    new: str = Field(alias="to")


class PlanOut(Reply):
    """What an ingestion would do, from names, sizes and hashes. What is inside mails and archives is not counted."""

    source: str
    found: int = Field(description="files in the source, those skipped included")
    added: tuple[str, ...]
    changed: tuple[str, ...]
    moved: tuple[MovedOut, ...]
    described: tuple[str, ...] = Field(description="of which only what is said about them changed")
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    skipped: tuple[JobDocumentOut, ...] = Field(description="left alone on purpose, or not to be read, with the reason")
    sizes: dict[str, int] = Field(description="bytes of each file that would be read, by its name")


class JobLine(Reply):
    """A job in a list."""

    job_id: str
    collection: str
    source: str
    state: str
    created: str
    finished: str | None

    @classmethod
    def of(cls, row: JobRow) -> JobLine:
        """The catalogue's row as it goes over the wire."""
        return cls(
            job_id=row.id,
            collection=printable(row.collection),
            source=printable(row.source),
            state=row.state,
            created=row.created,
            finished=row.finished,
        )


class JobsOut(Reply):
    """The latest jobs, newest first."""

    jobs: tuple[JobLine, ...]
