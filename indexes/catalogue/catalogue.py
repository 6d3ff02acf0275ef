"""The catalogue: documents, chunks, access and jobs in one SQLite file. What it holds is true.

Whoever reads text passes an `Access`; `indexes.catalogue.scope.readable` is the one place where it becomes SQL.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Engine, RowMapping, Select, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from core import ids
from core.access import Access
from core.answers import Hit
from core.errors import IndexBroken, UnknownCollection, UnknownDocument
from core.filters import UNFILTERED, Filters
from indexes.catalogue import exact, mapping, schema, statements
from indexes.catalogue.job_documents import JobDocuments
from indexes.catalogue.jobs import Attempts, Jobs
from indexes.catalogue.keys import MARK, Keys, mark
from indexes.catalogue.rows import (
    CollectionRow,
    Description,
    DocumentRow,
    Entry,
    Intent,
    JobDocument,
    JobRow,
    Known,
    NewDocument,
    Outline,
    Version,
)
from indexes.catalogue.schema import about, chunks, documents, embeddings, intents, meta
from indexes.catalogue.scope import Outlines, Scope, Scopes, readable
from indexes.embedders.protocol import Vectors

__all__ = ["Catalogue", "CollectionRow", "DocumentRow", "Intent", "JobRow", "Known", "NewDocument"]

BATCH = 2048
SAID_BESIDE = ("tags", "valid_from", "groups_from", "brought_by")
"""What the table `about` has of a description."""
V = TypeVar("V")

_IDS = func.json_each(bindparam("ids")).table_valued("value")
_NAMED = chunks.c.id.in_(select(_IDS.c.value))
_HITS = mapping.hit_query().where(_NAMED)
_VECTORS = select(chunks.c.id, embeddings.c.vector).join(embeddings).where(_NAMED)


class Catalogue:
    """Owns the SQLite file. Safe to call from several threads; one transaction at a time writes.

    Names may hold any character; a lone surrogate is stored as "?".
    """

    def __init__(self, path: Path, data: Path | None = None, *, reading: bool = False) -> None:
        """`data`: the data folder that it belongs to; None: the one that it lies in.

        `reading`: another process owns the file; nothing can be written, and what is not there yet is not made.
        """
        self.engine: Engine = schema.open_database(path, data or path.parent, reading=reading)
        self.jobs = Jobs(self.engine)
        self.job_documents = JobDocuments(self.engine)
        self.attempts = Attempts(self.engine)
        self.keys = Keys(self.engine)
        self._scopes = Scopes(self.engine)
        self._outlines = Outlines(self.engine)
        found = self.recall("schema") if reading else self.remember("schema", schema.SCHEMA)
        if found != schema.SCHEMA:
            self.close()
            raise IndexBroken(
                f"{path} has the form {found}, and this version of Touchstone reads form {schema.SCHEMA}. "
                "Use the version that made it, or name another folder with --data."
            )

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @property
    def folder(self) -> str:
        """The data folder that it belongs to, absolute and without links."""
        return schema.folder_of(self.engine)

    def note_keys(self) -> None:
        """Have the data folder say that keys were made when this catalogue does, and this one when the folder does.

        A folder of an earlier release does not say it yet, and a backup without a key is to say it elsewhere too.
        """
        if self.keys.any() or self.recall(MARK) is not None:
            mark(Path(self.folder))
            self.remember(MARK, "yes")

    # What is stored

    def known(self, collection: str, among: Collection[str] | None = None) -> dict[str, Known]:
        """Every document of the collection by its path, or those `among` the named ones, for planning; no text."""
        these = (documents.c.collection == collection) & statements.within_documents(collection, among)
        return {row["document"]: mapping.known(row) for row in self._rows(mapping.known_query().where(these))}

    def collections(self, *, access: Access) -> list[CollectionRow]:
        """The collections by name, with how much of each may be read; those of which nothing may be are left out."""
        rows = self._rows(statements.collection_sizes(readable(access)))
        return [CollectionRow(**row) for row in rows if row["documents"] or access.everything]

    def require_collection(self, name: str, *, access: Access) -> None:
        """Raise UnknownCollection, with the names that there are for the caller, unless this is one of them."""
        names = [row.name for row in self.collections(access=access)]
        if name in names:
            return
        known = f"There are: {', '.join(names)}." if names else "Nothing is indexed yet: ingest a folder first."
        raise UnknownCollection(f"No collection is called {name!r}. {known}")

    def documents(
        self, collection: str, *, access: Access, limit: int | None = None, offset: int = 0
    ) -> list[DocumentRow]:
        """The documents that may be read, by path: all, or `limit` of them after the first `offset`."""
        query = mapping.document_query().where(documents.c.collection == collection, readable(access))
        page = query.order_by(documents.c.document).limit(limit).offset(offset)
        return [mapping.document_row(row) for row in self._rows(page)]

    def number_of_documents(self, collection: str, *, access: Access) -> int:
        """How many documents may be read."""
        query = select(func.count().label("number")).select_from(documents)
        return int(self._rows(query.where(documents.c.collection == collection, readable(access)))[0]["number"])

    def document(self, collection: str, document: str, *, access: Access) -> DocumentRow:
        """One document. Raises UnknownDocument when there is none, or none that may be read."""
        return mapping.document_row(self._one(mapping.document_query(), collection, document, access))

    def document_with_id(self, document_id: str, *, access: Access) -> DocumentRow:
        """One document by its id. Raises UnknownDocument like `document`."""
        for row in self._rows(mapping.document_query().where(documents.c.id == document_id, readable(access))):
            return mapping.document_row(row)
        raise UnknownDocument(f"You may read no document with the id {document_id!r}. A list of them has their ids.")

    def text(self, collection: str, document: str, *, access: Access) -> str:
        """The extracted text that every offset refers to. Raises UnknownDocument like `document`."""
        return str(self._one(select(documents.c.text), collection, document, access)["text"])

    def chunks(self, collection: str, document: str, *, access: Access) -> list[Hit]:
        """A document's chunks in their order, with score 0. Raises UnknownDocument like `document`."""
        key = ids.document_id(collection, document)
        query = mapping.hit_query().where(readable(access), documents.c.id == key).order_by(chunks.c.ordinal)
        found = [mapping.hit(row) for row in self._rows(query)]
        if not found:
            self.document(collection, document, access=access)
        return found

    def hits(self, chunk_ids: Collection[str], *, access: Access) -> dict[str, Hit]:
        """The chunks of these ids, with score 0; ids that are unknown or may not be read are left out."""
        query, _ = _reading(access)
        with schema.transaction(self.engine) as connection:
            rows = connection.execute(query, _given(chunk_ids)).mappings()
            return {row["id"]: mapping.hit(row) for row in rows}

    # Searching

    def scope(self, collection: str, *, access: Access, filters: Filters = UNFILTERED) -> Scope | None:
        """The documents of a collection that a search may use; None: all of them."""
        return self._scopes.find(collection, access, filters)

    def vectors(self, chunk_ids: Collection[str], *, access: Access) -> tuple[list[str], Vectors]:
        """The ids among these that may be read, in order, and their vectors: float32 (n, dimension), or (0, 0)."""
        _, query = _reading(access)
        with schema.transaction(self.engine) as connection:
            return mapping.columns(sorted(connection.execute(query, _given(chunk_ids)).all(), key=itemgetter(0)))

    def outlines(self, document_ids: Collection[str]) -> dict[str, Outline]:
        """What ranking needs to know of documents, by their ids."""
        return self._outlines.find(document_ids)

    def nearest(
        self, collection: str, vector: Vectors, limit: int, *, within: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """(chunk id, cosine) of the nearest chunks of the documents with these ids, by comparing with every one.

        None: all of the collection. Whoever asks works out the ids by `scope`.
        """
        return exact.nearest(self.engine, collection, vector[None, :], limit, within=within)[0]

    # Filling the derived indexes

    def entries(self, collection: str) -> Iterator[list[Entry]]:
        """What the keyword index holds of every chunk, in batches."""
        query = select(chunks.c.id, chunks.c.document_id, chunks.c.index_text).join(documents)
        query = query.where(documents.c.collection == collection).order_by(chunks.c.number)
        with schema.transaction(self.engine) as connection:
            for rows in connection.execute(query).partitions(BATCH):
                yield [Entry(*row) for row in rows]

    def chunk_ids(self, collection: str) -> set[str]:
        """The id of every chunk, for comparing with the vector index."""
        query = select(chunks.c.id).join(documents).where(documents.c.collection == collection)
        return {row["id"] for row in self._rows(query)}

    def embeddings(self, collection: str, *, since: str = "") -> Iterator[tuple[list[str], Vectors]]:
        """Every chunk's id and vector in batches, for filling the vector index; of documents indexed `since` a time."""
        query = statements.stored(collection).where(documents.c.indexed_at >= since)
        yield from self._vectors(query.order_by(chunks.c.number))

    def latest(self) -> str:
        """When the last document was indexed; empty when there is none."""
        return next((row["at"] or "" for row in self._rows(select(func.max(documents.c.indexed_at).label("at")))), "")

    def sample(self, collection: str, size: int) -> Vectors:
        """Up to `size` of the collection's vectors, evenly spaced: float32 (n, dimension)."""
        query = select(chunks.c.number).join(documents).where(documents.c.collection == collection)
        numbers = [row["number"] for row in self._rows(query.order_by(chunks.c.number))]
        chosen = numbers[:: max(1, len(numbers) // size)][:size]
        batches = list(self._vectors(statements.stored(collection).where(chunks.c.number.in_(chosen))))
        return batches[0][1] if batches else np.empty((0, 0), dtype=np.float32)

    # Writing: called by indexes/write.py, in its order

    def intend(self, promised: Sequence[Intent]) -> None:
        """Note that vectors of versions are about to be written, and must go unless the catalogue gets them."""
        with schema.transaction(self.engine, write=True) as connection:
            statements.note(connection, promised)

    def replace(self, versions: Sequence[Version], *, job: str | None = None) -> list[Intent]:
        """Commit versions: chunks, vectors and row of each in place of the old ones, and no intent for it.

        The same transaction puts them on the job's record; a document that holds others is not settled there yet.
        Returns the intents, noted in it too, to remove the old versions' vectors.
        """
        with schema.transaction(self.engine, write=True) as connection:
            return [gone for version in versions if (gone := statements.put_in(connection, version, job)) is not None]

    def remove(self, collection: str, document: str, *, job: str | None = None) -> list[Intent]:
        """Take a document out; returns the noted intent to remove its vectors, none when there is no such document."""
        with schema.transaction(self.engine, write=True) as connection:
            outdated = statements.take_out(connection, ids.document_id(collection, document))
            if job is not None:
                connection.execute(statements.recorded(job, JobDocument(document=document, status="removed")))
        return [outdated] if outdated is not None else []

    def touch(self, collection: str, document: str, *, size: int, mtime_ns: int) -> None:
        """Note the size and time of a file whose content is as stored."""
        self.touch_all(collection, {document: (size, mtime_ns)})

    def touch_all(self, collection: str, seen: Mapping[str, tuple[int, int]]) -> None:
        """As `touch`, of many documents: (size, mtime_ns) by their paths, BATCH of them in a transaction."""
        statement = update(documents).where(documents.c.id == bindparam("key"))
        statement = statement.values(size=bindparam("new_size"), mtime_ns=bindparam("new_time"))
        for part in _parts(seen):
            rows = [
                {"key": ids.document_id(collection, document), "new_size": size, "new_time": mtime_ns}
                for document, (size, mtime_ns) in part
            ]
            with schema.transaction(self.engine, write=True) as connection:
                connection.execute(statement, rows)

    def describe(self, collection: str, document: str, description: Description) -> None:
        """Change who may read a document, and what else is said about it beside its file."""
        self.describe_all(collection, {document: description})

    def describe_all(self, collection: str, said: Mapping[str, Description]) -> None:
        """As `describe`, of many documents by their paths: in their order, BATCH of them in a transaction."""
        for part in _parts(said):
            with schema.transaction(self.engine, write=True) as connection:
                for document, description in part:
                    key = ids.document_id(collection, document)
                    groups = update(documents).where(documents.c.id == key).values(groups=sorted(description.groups))
                    connection.execute(groups)
                    rest = {name: getattr(description, name) for name in SAID_BESIDE}
                    connection.execute(update(about).where(about.c.document_id == key).values(rest))

    def intents(self) -> list[Intent]:
        """What must still be removed from the vector index."""
        return [Intent(**row) for row in self._rows(select(intents).order_by(intents.c.document_id))]

    def unheld(self, intent: Intent) -> list[str]:
        """The ids of the intent's version that the catalogue does not hold."""
        held = {row["id"] for row in self._rows(select(chunks.c.id).where(chunks.c.document_id == intent.document_id))}
        every = (ids.chunk_id(intent.document_id, intent.version, ordinal) for ordinal in range(intent.chunks))
        return [chunk_id for chunk_id in every if chunk_id not in held]

    def forget(self, fulfilled: Sequence[Intent]) -> None:
        """Drop intents that are fulfilled."""
        if fulfilled:
            with schema.transaction(self.engine, write=True) as connection:
                for intent in fulfilled:
                    connection.execute(statements.dropped(intent.document_id, intent.version))

    def remember(self, key: str, value: str) -> str:
        """Store a fact about the whole catalogue unless it is known; returns what is stored now."""
        with schema.transaction(self.engine, write=True) as connection:
            connection.execute(upsert(meta).values(key=key, value=value).on_conflict_do_nothing())
        return self.recall(key) or value

    def unlearn(self, key: str) -> None:
        """Drop a fact stored by `remember`."""
        with schema.transaction(self.engine, write=True) as connection:
            connection.execute(delete(meta).where(meta.c.key == key))

    def recall(self, key: str) -> str | None:
        """A fact stored by `remember`."""
        return next((str(row["value"]) for row in self._rows(select(meta.c.value).where(meta.c.key == key))), None)

    # Reading

    def _rows(self, query: Select[Any]) -> list[RowMapping]:
        with schema.transaction(self.engine) as connection:
            return list(connection.execute(query).mappings())

    def _one(self, query: Select[Any], collection: str, document: str, access: Access) -> RowMapping:
        key = ids.document_id(collection, document)
        for row in self._rows(query.where(documents.c.id == key, readable(access))):
            return row
        raise UnknownDocument(
            f"The collection {collection!r} has no document {document!r} that you may read. "
            "`touchstone documents list` shows those that there are."
        )

    def _vectors(self, query: Select[Any]) -> Iterator[tuple[list[str], Vectors]]:
        with schema.transaction(self.engine) as connection:
            for rows in connection.execute(query).partitions(BATCH):
                yield mapping.columns(rows)


@lru_cache(512)
def _reading(access: Access) -> tuple[Select[Any], Select[Any]]:
    """What selects hits, and what selects vectors: every search runs both, and building them takes as long as that."""
    if access.everything:
        return _HITS, _VECTORS
    return _HITS.where(readable(access)), _VECTORS.join(documents).where(readable(access))


def _parts(entries: Mapping[str, V]) -> Iterator[list[tuple[str, V]]]:
    """The entries in their order, BATCH at a time."""
    every = list(entries.items())
    return (every[start : start + BATCH] for start in range(0, len(every), BATCH))


def _given(chunk_ids: Collection[str]) -> dict[str, str]:
    return {"ids": json.dumps(list(chunk_ids))}
