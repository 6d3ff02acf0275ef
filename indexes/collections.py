"""Collections: made empty, and removed with everything in them."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from core.access import OWNER
from core.errors import CollectionExists, JobConflict
from indexes.catalogue import schema, statements
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.jobs import AT_WORK
from indexes.catalogue.rows import CollectionRow
from indexes.catalogue.schema import attempts, collections, documents, job_documents, jobs
from indexes.indexes import Indexes
from indexes.uploads import changing
from indexes.write import finish

BATCH = 200
"""Documents taken out in one transaction; others may write between two."""


def add_collection(catalogue: Catalogue, name: str) -> CollectionRow:
    """Make a collection without documents.

    Raises:
        CollectionExists: there is one of that name.
    """
    with schema.transaction(catalogue.engine, write=True) as connection:
        if connection.execute(select(collections).where(collections.c.name == name)).first() is not None:
            raise CollectionExists(f"There is a collection called {name!r} already.")
        connection.execute(insert(collections).values(name=name))
    return CollectionRow(name=name, documents=0, chunks=0)


def remove_collection(indexes: Indexes, name: str) -> None:
    """Remove the documents a few at a time, then the jobs, the collection itself, and what anybody uploaded to it.

    Killed on the way, it leaves whole documents with their files and the collection: remove it again.

    Raises:
        UnknownCollection: there is none.
        JobConflict: a job waits for the collection or works on it; one that came meanwhile keeps what it wrote.
    """
    indexes.catalogue.require_collection(name, access=OWNER)
    while _took_out_some(indexes, name):
        pass


def _took_out_some(indexes: Indexes, name: str) -> bool:
    """Remove a few documents with their uploaded files; False when there was none left, and the collection is gone."""
    catalogue, uploads = indexes.catalogue, indexes.uploads
    own_jobs = select(jobs.c.id).where(jobs.c.collection == name)
    columns = (documents.c.id, documents.c.document, documents.c.source)
    with changing:
        with schema.transaction(catalogue.engine, write=True) as connection:
            for row in connection.execute(own_jobs.where(jobs.c.state.in_(AT_WORK))):
                raise JobConflict(
                    f"Job {row.id} works on the collection {name!r}. Wait for its end, or cancel it; then try again."
                )
            rows = list(connection.execute(select(*columns).where(documents.c.collection == name).limit(BATCH)))
            files = [uploads.file_of(row.document, row.source) for row in rows]
            uploads.note(connection, [file for file in files if file is not None])
            intents = [gone for row in rows if (gone := statements.take_out(connection, row.id)) is not None]
            if not rows:
                uploads.note_collection(connection, name, list(connection.execute(own_jobs).scalars()))
                for table in (job_documents, attempts):
                    connection.execute(delete(table).where(table.c.job_id.in_(own_jobs)))
                connection.execute(delete(jobs).where(jobs.c.collection == name))
                connection.execute(delete(collections).where(collections.c.name == name))
        uploads.finish()
    finish(catalogue, indexes.vectors, indexes.keyword, intents)
    return bool(rows)
