"""The wire form of what the catalogue and the settings keep: documents, collections, models; jobs.py has the jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from core.access import OWNER, Access
from core.settings.load import Settings
from core.settings.sections import Name
from service.api.wire.message import MAX_LIMIT, Reply, Request, Text, printable

if TYPE_CHECKING:
    from indexes.catalogue.rows import CollectionRow, DocumentRow


MAX_CHARACTERS = 1 << 31


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
    language: str = Field("", description="as the file declares it")
    near_duplicate_of: str | None = Field(None, description="the document that is nearly, not quite, the same")
    groups: tuple[str, ...] = Field(
        (),
        description="who may read it; none: everybody. Without the scope admin, those of the caller's own among them",
    )
    notes: tuple[str, ...] = Field((), description="what was not turned into text, such as a page without any")

    @classmethod
    def of(cls, row: DocumentRow, near_duplicates: Mapping[str, str], access: Access = OWNER) -> DocumentOut:
        """The catalogue's row on the wire; `near_duplicates` as `indexes.catalogue.duplicates` finds them."""
        near = near_duplicates.get(row.document)
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
            language=printable(row.language),
            near_duplicate_of=None if near is None else printable(near),
            groups=tuple(sorted(map(printable, row.groups if access.everything else row.groups & access.groups))),
            notes=tuple(map(printable, row.notes)),
        )


class DocumentIn(Request):
    """What is to be changed of a document."""

    groups: tuple[Name, ...] = Field(max_length=MAX_LIMIT, description="who may read it from now on; none: everybody")


class DocumentsOut(Reply):
    """A page of a collection's documents; `total` counts all of them."""

    documents: tuple[DocumentOut, ...]
    total: int


MAX_PART_LENGTH = 100_000
"""Characters that an assistant can read of a document in one go."""


class ReadIn(Request):
    """A stretch of a document to read."""

    document: Text = Field(description="its name, as search results and citations have it, or its id")
    collection: Text = Field("default", description="where it is")
    start: int = Field(0, ge=0, le=MAX_CHARACTERS, description="the first character to read")
    length: int = Field(20_000, ge=1, le=MAX_PART_LENGTH, description="most characters to read")


class DocumentTextOut(Reply):
    """A document's extracted text, into which every offset points, or a stretch of it."""

    id: str
    document: str
    version: str
    text: str
    start: int = Field(0, description="where the text begins in that of the document")
    characters: int = Field(0, description="length of the document's whole text")


class CollectionIn(Request):
    """A collection to make."""

    name: Text = Field(description="what to call it, as ingestion and questions name it", examples=["contracts"])


class CollectionOut(Reply):
    """One collection."""

    name: str
    documents: int
    chunks: int

    @classmethod
    def of(cls, row: CollectionRow) -> CollectionOut:
        """The catalogue's row as it goes over the wire."""
        return cls(name=printable(row.name), documents=row.documents, chunks=row.chunks)


class CollectionsOut(Reply):
    """Every collection."""

    collections: tuple[CollectionOut, ...]


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
    def of(cls, settings: Settings, name: str) -> ModelOut:
        """The settings' model as it goes over the wire. Raises UnknownModel."""
        _, model = settings.model(name)
        return cls(id=name, kind=model.kind, default=name == settings.default_model(), priced=model.price is not None)


class ModelsOut(Reply):
    """The models named in the settings."""

    object: Literal["list"] = "list"
    data: tuple[ModelOut, ...]

    @classmethod
    def of(cls, settings: Settings) -> ModelsOut:
        """The settings' models as they go over the wire, the built-in one first."""
        return cls(data=tuple(ModelOut.of(settings, name) for name in settings.all_models()))
