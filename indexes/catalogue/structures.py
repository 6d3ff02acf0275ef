"""How documents were read, kept beside their text, so that they can be cut anew without the file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import RowMapping, select

from core import ids
from core.documents import Chunk, Parsed
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.mapping import SAID, unpacked
from indexes.catalogue.rows import NewDocument
from indexes.catalogue.schema import about, chunks, documents, embeddings, structures, transaction
from indexes.embedders.protocol import Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a stored document came to be: by which pipeline, and whether its title was given beside the file.

    `pipeline` is empty for a document that an earlier release wrote: then its structure is not stored either.
    """

    title: str
    pipeline: str
    titled: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the catalogue has it, with its chunks; `structured` False: `parsed.elements` are not known."""

    document: NewDocument
    chunks: list[Chunk]
    structured: bool


def origins(catalogue: Catalogue, collection: str) -> dict[str, Origin]:
    """Of every document of a collection, how it came to be."""
    query = select(documents.c.document, documents.c.title, structures.c.pipeline, structures.c.titled)
    query = query.select_from(documents.outerjoin(structures)).where(documents.c.collection == collection)
    with transaction(catalogue.engine) as connection:
        rows = connection.execute(query).all()
    return {row.document: Origin(title=row.title, pipeline=row.pipeline or "", titled=bool(row.titled)) for row in rows}


def stored_document(catalogue: Catalogue, collection: str, name: str) -> Stored | None:
    """A document with everything that is needed to write it again; None when it is gone."""
    key = ids.document_id(collection, name)
    said = (column for column in about.c if column.name != "document_id")
    query = select(documents, *said, structures.c.parsed, structures.c.pipeline, structures.c.titled)
    query = query.select_from(documents.join(about).outerjoin(structures)).where(documents.c.id == key)
    cut = select(*(chunks.c[field] for field in _CHUNK)).where(chunks.c.document_id == key).order_by(chunks.c.ordinal)
    with transaction(catalogue.engine) as connection:
        row = connection.execute(query).mappings().one_or_none()
        parts = [_chunk(part) for part in connection.execute(cut).mappings()] if row is not None else []
    if row is None:
        return None
    return Stored(_document(row), parts, row["parsed"] is not None)


def vectors_by_text(catalogue: Catalogue, collection: str, name: str) -> dict[str, Vectors]:
    """What a document's chunks were embedded as, by the text that was embedded."""
    query = select(chunks.c.index_text, embeddings.c.vector).join(embeddings)
    query = query.where(chunks.c.document_id == ids.document_id(collection, name))
    with transaction(catalogue.engine) as connection:
        return {row.index_text: np.frombuffer(row.vector, dtype="<f4") for row in connection.execute(query)}


_CHUNK = ("ordinal", "text", "index_text", "start", "end", "headings", "header", "pages")
_SAME = ("collection", "document", "version", "sha256", "size", "mtime_ns", "media_type", "source", "valid_from")


def _document(row: RowMapping) -> NewDocument:
    if row["parsed"] is not None:
        parsed = unpacked(row["parsed"], row["text"])
    else:
        said = {name: row[name] for name in SAID if name != "notes"}
        parsed = Parsed(text=row["text"], elements=(), notes=tuple(row["notes"] or ()), **said)
    return NewDocument(
        **{name: row[name] for name in _SAME},
        parsed=parsed,
        groups=frozenset(row["groups"]),
        tags=tuple(row["tags"]),
        attached=tuple((name, sha256) for name, sha256 in row["attached"]),
        sketch=row["sketch"],
        pipeline=row["pipeline"] or "",
        titled=bool(row["titled"]),
        groups_from=row["groups_from"] or "",
        brought_by=row["brought_by"] or "",
    )


def _chunk(row: RowMapping) -> Chunk:
    lists = {
        "headings": tuple(row["headings"]),
        "pages": tuple((offset, page) for offset, page in row["pages"]),
    }
    return Chunk(**{**row, **lists})
