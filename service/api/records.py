"""The wire form of what the catalogue and the settings keep: documents, collections, jobs, models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from core.settings import ModelSettings, Settings
from service.api.schemas import Reply, printable

if TYPE_CHECKING:
    from indexes.catalogue import CollectionRow, DocumentRow, JobRow


STATES = ("COMPLETED", "QUEUED", "RUNNING", "COMPLETED_WITH_ERRORS", "INTERRUPTED", "FAILED")
"""From the best to the worst."""
COUNTS = ("found", "indexed", "unchanged", "removed", "skipped", "failed", "chunks")


class DocumentOut(Reply):
    """One document of a collection."""

    id: str
    collection: str
    document: str = Field(description="path relative to the source root")
    title: str
    media_type: str
    size: int = Field(description="bytes")
    page_count: int | None
    characters: int = Field(description="length of the extracted text")
    chunks: int
    version: str
    indexed_at: str
    author: str = ""
    created: str | None = Field(None, description="when it was made, or the mail sent, as the file says")
    modified: str | None = None
    tags: tuple[str, ...] = Field((), description="from its metadata file")
    valid_from: str | None = Field(None, description="a date, from its metadata file")

    @classmethod
    def of(cls, row: DocumentRow) -> DocumentOut:
        """The catalogue's row as it goes over the wire."""
        return cls(
            id=row.id,
            collection=row.collection,
            document=printable(row.document),
            title=printable(row.title),
            media_type=row.media_type,
            size=row.size,
            page_count=row.page_count,
            characters=row.characters,
            chunks=row.chunks,
            version=row.version,
            indexed_at=row.indexed_at,
            author=printable(row.author),
            created=row.created,
            modified=row.modified,
            tags=tuple(map(printable, row.tags)),
            valid_from=row.valid_from,
        )


class DocumentsOut(Reply):
    """A page of a collection's documents; `total` counts all of them."""

    documents: tuple[DocumentOut, ...]
    total: int


class DocumentTextOut(Reply):
    """A document's extracted text, into which every offset points."""

    id: str
    document: str
    version: str
    text: str


class CollectionOut(Reply):
    """One collection."""

    name: str
    documents: int
    chunks: int

    @classmethod
    def of(cls, row: CollectionRow) -> CollectionOut:
        """The catalogue's row as it goes over the wire."""
        return cls(name=row.name, documents=row.documents, chunks=row.chunks)


class CollectionsOut(Reply):
    """Every collection that has a document."""

    collections: tuple[CollectionOut, ...]


class NotIndexed(Reply):
    """A file that was found and is not indexed, or a document that was removed."""

    document: str
    status: str
    code: str | None = None
    reason: str | None = None


class JobError(Reply):
    """What ended a job before its documents were all looked at."""

    code: str
    detail: str


class JobOut(Reply):
    """An ingestion job. `found = indexed + unchanged + skipped + failed` once it has ended."""

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
    documents: tuple[NotIndexed, ...] = Field((), description="those not indexed or unchanged")
    error: JobError | None = Field(
        None, exclude_if=lambda error: error is None, description="of a job that failed as a whole; else left out"
    )

    @classmethod
    def of(cls, row: JobRow) -> JobOut:
        """The catalogue's row as it goes over the wire; a job that still runs has no counts."""
        counts = row.report or {}
        known = {name: counts[name] for name in cls.model_fields if name in counts}
        return cls.model_validate(
            _printable({**known, "job_id": row.id, "collection": row.collection, "state": row.state})
        )

    @classmethod
    def of_report(cls, report: Mapping[str, Any]) -> JobOut:
        """A report of this process as it goes over the wire."""
        return cls.model_validate(_printable(report))

    @classmethod
    def of_all(cls, jobs: Sequence[JobOut]) -> JobOut:
        """Several jobs of one command as one: counts add up, ids stand side by side, the worst state wins."""
        worst = max(jobs, key=lambda job: STATES.index(job.state))
        counts = {name: sum(getattr(job, name) for job in jobs) for name in COUNTS}
        return cls.model_validate(
            {
                "job_id": ",".join(job.job_id for job in jobs),
                "collection": worst.collection,
                "state": worst.state,
                **counts,
                "seconds": round(sum(job.seconds for job in jobs), 3),
                "documents": [document.model_dump() for job in jobs for document in job.documents],
            }
        )


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
            collection=row.collection,
            source=printable(row.source),
            state=row.state,
            created=row.created,
            finished=row.finished,
        )


class JobsOut(Reply):
    """The latest jobs, newest first."""

    jobs: tuple[JobLine, ...]


class ModelOut(Reply):
    """A model that questions can be put to; `id` is what a request names."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "touchstone"
    kind: str
    default: bool
    priced: bool = Field(description="whether the settings give it a price")

    @classmethod
    def of(cls, name: str, model: ModelSettings, *, default: str) -> ModelOut:
        """The settings' model as it goes over the wire."""
        return cls(id=name, kind=model.kind, default=name == default, priced=model.price is not None)


class ModelsOut(Reply):
    """The models named in the settings."""

    object: Literal["list"] = "list"
    data: tuple[ModelOut, ...]

    @classmethod
    def of(cls, settings: Settings) -> ModelsOut:
        """The settings' models as they go over the wire, the built-in one first."""
        default = settings.default_model()
        models = settings.all_models().items()
        return cls(data=tuple(ModelOut.of(name, model, default=default) for name, model in models))


def _printable(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON can hold
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(key)): _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value
