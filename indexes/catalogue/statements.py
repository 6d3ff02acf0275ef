"""Pieces of SQL that several operations of the catalogue and the keyword index share."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Select, delete, func, insert, select, true
from sqlalchemy.dialects.sqlite import insert as upsert

from core import ids
from indexes.catalogue import mapping
from indexes.catalogue.rows import Intent, JobDocument, Version
from indexes.catalogue.schema import (
    about,
    chunks,
    collections,
    documents,
    embeddings,
    intents,
    job_documents,
    structures,
)

BLOCK = 256
"""Rows given to SQLite at once: it takes the interpreter lock back between two rows before anybody else can have it."""


def within_documents(collection: str, paths: Collection[str] | None) -> ColumnElement[bool]:
    """True for the collection's documents at these paths; None: for every document."""
    if paths is None:
        return true()
    return in_list(documents.c.id, [ids.document_id(collection, path) for path in paths])


def in_list(column: ColumnElement[Any], values: Collection[str]) -> ColumnElement[bool]:
    """`column in values`, with the values as one bound parameter, however many they are."""
    return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))


def collection_sizes(readable: ColumnElement[bool]) -> Select[Any]:
    """Selects every collection by name, with the numbers of its documents that are readable and of their chunks."""
    counts = (func.count(documents.c.id), func.coalesce(func.sum(documents.c.chunks), 0))
    query = select(collections.c.name, counts[0].label("documents"), counts[1].label("chunks"))
    these = (documents.c.collection == collections.c.name) & readable
    query = query.select_from(collections.outerjoin(documents, these)).group_by(collections.c.name)
    return query.order_by(collections.c.name)


def stored(collection: str) -> Select[Any]:
    """Selects the ids and vectors of a collection's chunks, joined with their documents."""
    query = select(chunks.c.id, embeddings.c.vector).join(embeddings).join(documents)
    return query.where(documents.c.collection == collection)


def note(connection: Connection, promised: Sequence[Intent]) -> None:
    """Notes intents; one that is there for the version keeps the greater number of chunks."""
    statement = upsert(intents)
    more = func.max(intents.c.chunks, statement.excluded.chunks)
    statement = statement.on_conflict_do_update(index_elements=["document_id", "version"], set_={"chunks": more})
    if promised:
        connection.execute(statement, [asdict(intent) for intent in promised])


def dropped(document_id: str, version: str) -> Executable:
    """Deletes the intent of a version."""
    return delete(intents).where((intents.c.document_id == document_id) & (intents.c.version == version))


def recorded(job_id: str, entry: JobDocument, *, settled: bool = True) -> Executable:
    """Records what became of a document in a job; `settled`: nothing is left to do for it.

    A document that the job indexed stays "indexed" when it is read again and found unchanged.
    """
    values = {**asdict(entry), **({"todo": None} if settled else {})}
    better = job_documents.c.status.is_distinct_from("indexed") if entry.status == "unchanged" else true()
    return (
        upsert(job_documents)
        .values(job_id=job_id, **values)
        .on_conflict_do_update(index_elements=["job_id", "document"], set_=values, where=better)
    )


def put_in(connection: Connection, version: Version, job: str | None) -> Intent | None:
    """Puts a version in place of the old one, and on a job's record; returns as `take_out`."""
    document, key = version.document, version.id
    outdated = take_out(connection, key)
    connection.execute(dropped(key, document.version))
    connection.execute(upsert(collections).values(name=document.collection).on_conflict_do_nothing())
    connection.execute(insert(documents), mapping.document_values(key, document, len(version.chunks)))
    connection.execute(insert(about), mapping.about_values(key, document))
    if document.pipeline:
        connection.execute(insert(structures), mapping.structure_values(key, document))
    if version.chunks:
        first = connection.execute(select(func.coalesce(func.max(chunks.c.number), 0) + 1)).scalar_one()
        for start in range(0, len(version.chunks), BLOCK):
            part = slice(start, start + BLOCK)
            connection.execute(insert(chunks), mapping.chunk_values(key, document, first, version.chunks[part]))
            connection.execute(insert(embeddings), mapping.embedding_values(first + start, version.vectors[part]))
    if job is not None:
        noted = "; ".join(document.parsed.notes) or None
        entry = JobDocument(document=document.document, status="indexed", reason=noted, chunks=len(version.chunks))
        connection.execute(recorded(job, entry, settled=not document.attached))
    return outdated


def take_out(connection: Connection, key: str) -> Intent | None:
    """Deletes a document's rows; returns the intent, noted, that its vectors now need, None when there are none."""
    columns = documents.c
    query = select(columns.collection, columns.id.label("document_id"), columns.version, columns.chunks)
    row = connection.execute(query.where(columns.id == key)).mappings().one_or_none()
    if row is None:
        return None
    own = select(chunks.c.number).where(chunks.c.document_id == key)
    connection.execute(delete(embeddings).where(embeddings.c.number.in_(own)))
    connection.execute(delete(chunks).where(chunks.c.document_id == key))
    connection.execute(delete(about).where(about.c.document_id == key))
    connection.execute(delete(structures).where(structures.c.document_id == key))
    connection.execute(delete(documents).where(columns.id == key))
    outdated = Intent(**row)
    note(connection, [outdated])
    return outdated
