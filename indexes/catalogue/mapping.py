"""Between the catalogue's rows and the values of the program."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import RowMapping, Select, func, select

from core import ids
from core.answers import Hit
from core.documents import Chunk, Element, Parsed
from indexes.catalogue.rows import Description, DocumentRow, Known, NewDocument
from indexes.catalogue.schema import about, chunks, documents
from indexes.embedders.protocol import Vectors

document_day = func.substr(func.coalesce(about.c.valid_from, about.c.modified, about.c.created), 1, 10)
"""The date of a document: from when it holds, or else when it was modified, or made."""


def now() -> str:
    """The time in UTC, to the millisecond, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def document_query() -> Select[Any]:
    """Selects what `document_row` reads: everything but the text."""
    own = (column for column in documents.c if column.name != "text")
    said = (about.c[name] for name in ("author", "created", "modified", "tags", "valid_from", "language", "notes"))
    return select(*own, *said).join(about)


def document_row(row: RowMapping) -> DocumentRow:
    """A row of `document_query` as a value."""
    lists = {"groups": frozenset(row["groups"]), "tags": tuple(row["tags"]), "notes": tuple(row["notes"] or ())}
    return DocumentRow(**{**row, **lists})


def known_query() -> Select[Any]:
    """Selects what `known` reads."""
    own = ("document", "version", "sha256", "size", "mtime_ns", "source", "groups")
    said = ("tags", "valid_from", "attached", "groups_from", "brought_by")
    return select(*(documents.c[name] for name in own), *(about.c[name] for name in said)).join(about)


def known(row: RowMapping) -> Known:
    """A row of `known_query` as a value."""
    return Known(
        version=row["version"],
        sha256=row["sha256"],
        size=row["size"],
        mtime_ns=row["mtime_ns"],
        source=row["source"],
        description=Description(
            groups=frozenset(row["groups"]),
            tags=tuple(row["tags"]),
            valid_from=row["valid_from"],
            groups_from=row["groups_from"] or "",
            brought_by=row["brought_by"] or "",
        ),
        attached=tuple((name, sha256) for name, sha256 in row["attached"]),
    )


def hit_query() -> Select[Any]:
    """Selects what `hit` reads, of chunks joined with their documents."""
    fields = ("id", "text", "start", "end", "title", "headings", "header", "pages")
    own = (chunks.c[field] for field in fields)
    day = document_day.label("day")
    return select(documents.c.document, day, *own).select_from(documents.join(chunks).join(about))


def hit(row: RowMapping) -> Hit:
    """A row of `hit_query` as a hit with score 0."""
    return Hit(
        chunk_id=row["id"],
        document=row["document"],
        score=0.0,
        text=row["text"],
        start=row["start"],
        end=row["end"],
        title=row["title"],
        headings=tuple(row["headings"]),
        header=row["header"],
        pages=tuple((offset, page) for offset, page in row["pages"]),
        day=row["day"],
    )


def document_values(key: str, document: NewDocument, parts: int) -> dict[str, Any]:
    """The row of a document that is indexed now."""
    return {
        "id": key,
        "collection": document.collection,
        "document": document.document,
        "version": document.version,
        "sha256": document.sha256,
        "size": document.size,
        "source": document.source,
        "mtime_ns": document.mtime_ns,
        "media_type": document.media_type,
        "title": document.parsed.title,
        "page_count": document.parsed.page_count,
        "chunks": parts,
        "groups": sorted(document.groups),
        "indexed_at": now(),
        "characters": len(document.parsed.text),
        "text": document.parsed.text,
    }


def about_values(key: str, document: NewDocument) -> dict[str, Any]:
    """The row that says more about a document."""
    return {
        "document_id": key,
        "author": document.parsed.author,
        "created": document.parsed.created,
        "modified": document.parsed.modified,
        "tags": document.tags,
        "valid_from": document.valid_from,
        "attached": document.attached,
        "language": document.parsed.language,
        "sketch": document.sketch,
        "notes": document.parsed.notes,
        "groups_from": document.groups_from,
        "brought_by": document.brought_by,
    }


def structure_values(key: str, document: NewDocument) -> dict[str, Any]:
    """The row that says how a document was read."""
    return {
        "document_id": key,
        "pipeline": document.pipeline,
        "titled": document.titled,
        "parsed": packed(document.parsed),
    }


def chunk_values(key: str, document: NewDocument, first: int, parts: Sequence[Chunk]) -> list[dict[str, Any]]:
    """The rows of a document's chunks, numbered from `first` on."""
    return [
        {
            "number": first + part.ordinal,
            "id": ids.chunk_id(key, document.version, part.ordinal),
            "document_id": key,
            "ordinal": part.ordinal,
            "title": document.parsed.title,
            "text": part.text,
            "index_text": part.index_text,
            "headings": part.headings,
            "header": part.header,
            "pages": part.pages,
            "start": part.start,
            "end": part.end,
        }
        for part in parts
    ]


def embedding_values(first: int, vectors: Vectors) -> list[dict[str, Any]]:
    """The rows of the chunks' vectors, as little-endian float32."""
    found = np.asarray(vectors, dtype="<f4")
    return [{"number": first + place, "vector": vector.tobytes()} for place, vector in enumerate(found)]


def columns(rows: Sequence[Any]) -> tuple[list[str], Vectors]:
    """Rows of (id, vector) as ids and float32 (n, dimension)."""
    joined = np.frombuffer(b"".join([row[1] for row in rows]), dtype="<f4")
    return [row[0] for row in rows], joined.reshape(len(rows), -1) if rows else joined.reshape(0, 0)


# What a parser returned, but for the text, in a few bytes.


BLOCK = 2000
"""Elements written as JSON at once: a millisecond or two in which no other thread runs."""
SAID = ("title", "author", "created", "language", "modified", "page_count", "notes")


def packed(parsed: Parsed) -> bytes:
    """What a parser returned, but for the text."""
    fields: dict[str, Any] = {name: getattr(parsed, name) for name in SAID}
    elements = [[e.kind, e.start, e.end, e.level, e.header_rows] for e in parsed.elements]
    said = json.dumps({"pages": parsed.pages, **fields})
    return zlib.compress(f'{{"elements": [{", ".join(_in_blocks(elements))}], {said[1:]}'.encode("ascii"))


def _in_blocks(values: Sequence[Any]) -> Iterator[str]:
    """The values as they stand inside a JSON array. Other threads wait for one block, not for all of them."""
    for start in range(0, len(values), BLOCK):
        yield json.dumps(values[start : start + BLOCK])[1:-1]


def unpacked(content: bytes, text: str) -> Parsed:
    """What `packed` was given."""
    said = json.loads(zlib.decompress(content))
    elements = tuple(
        Element(kind=kind, start=start, end=end, level=level, header_rows=rows)
        for kind, start, end, level, rows in said.pop("elements")
    )
    pages = tuple((offset, page) for offset, page in said.pop("pages"))
    return Parsed(text=text, elements=elements, pages=pages, **{**said, "notes": tuple(said["notes"])})
