"""Putting small documents into an open data folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from core.documents import Chunk, Parsed
from indexes.catalogue.duplicates import sketch
from indexes.catalogue.rows import NewDocument, Version
from indexes.indexes import Indexes
from indexes.write import write_documents


def new_document(
    name: str, text: str, *, version: str, collection: str = "default", groups: Sequence[str] = (), **fields: object
) -> NewDocument:
    return NewDocument(
        collection=collection,
        document=name,
        version=version,
        sha256=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(),
        size=len(text),
        mtime_ns=1,
        media_type="text/plain",
        parsed=Parsed(text=text, elements=(), title=str(fields.pop("title", ""))),
        groups=frozenset(groups),
        sketch=sketch(text),
        **fields,  # type: ignore[arg-type]
    )


def store(indexes: Indexes, name: str, *passages: str, **fields: object) -> None:
    """Write a document of which every passage is a chunk."""
    write_documents(indexes, [version(indexes, name, *passages, **fields)])  # type: ignore[arg-type]


def version(indexes: Indexes, name: str, *passages: str, version: str = "v1", **fields: object) -> Version:
    """A document of which every passage is a chunk."""
    text = "\n\n".join(passages)
    document = new_document(name, text, version=version, **fields)  # type: ignore[arg-type]
    parts, start = [], 0
    for ordinal, passage in enumerate(passages):
        parts.append(Chunk(ordinal=ordinal, text=passage, index_text=passage, start=start, end=start + len(passage)))
        start += len(passage) + 2
    return Version(document, parts, indexes.embedder.embed_passages(passages))


def agree(indexes: Indexes, collection: str = "default") -> bool:
    """Whether the vector index holds exactly the catalogue's chunks, and no intent is open."""
    same = indexes.vectors.ids(collection) == indexes.catalogue.chunk_ids(collection)
    return same and not indexes.catalogue.intents()
