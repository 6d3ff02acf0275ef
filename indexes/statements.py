"""Pieces of SQL that several operations of the catalogue and the keyword index share."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Select, delete, func, select, true
from sqlalchemy.dialects.sqlite import insert as upsert

from core import ids
from indexes.rows import Intent, JobDocument
from indexes.schema import about, chunks, documents, intents, job_documents


def within_documents(collection: str, paths: Collection[str] | None) -> ColumnElement[bool]:
    """True for the collection's documents at these paths; None: for every document."""
    if paths is None:
        return true()
    return in_list(documents.c.id, [ids.document_id(collection, path) for path in paths])


def in_list(column: ColumnElement[Any], values: Collection[str]) -> ColumnElement[bool]:
    """`column in values`, with the values as one bound parameter, however many they are."""
    return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))


def stored(collection: str) -> Select[Any]:
    """Selects the ids and vectors of a collection's chunks, joined with their documents."""
    query = select(chunks.c.id, chunks.c.embedding).join(documents)
    return query.where(documents.c.collection == collection)


def noted(intent: Intent) -> Executable:
    """Inserts an intent; one that is there for the version keeps the greater number of chunks."""
    values = asdict(intent)
    more = func.max(intents.c.chunks, intent.chunks)
    return (
        upsert(intents)
        .values(values)
        .on_conflict_do_update(index_elements=["document_id", "version"], set_={"chunks": more})
    )


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


def take_out(connection: Connection, key: str) -> Intent | None:
    """Deletes a document's rows; returns the intent that its vectors now need, None when there are none."""
    columns = documents.c
    query = select(columns.collection, columns.id.label("document_id"), columns.version, columns.chunks)
    row = connection.execute(query.where(columns.id == key)).mappings().one_or_none()
    if row is None:
        return None
    connection.execute(delete(chunks).where(chunks.c.document_id == key))
    connection.execute(delete(about).where(about.c.document_id == key))
    connection.execute(delete(documents).where(columns.id == key))
    return Intent(**row)
