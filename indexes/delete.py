"""Deleting a document for good: with all that is in it and, when it was uploaded, with its file."""

from __future__ import annotations

from sqlalchemy import Connection, or_, select

from core.errors import JobConflict, UsageError
from indexes.catalogue import schema, statements
from indexes.catalogue.groups import INSIDE
from indexes.catalogue.rows import DocumentRow
from indexes.catalogue.schema import documents, job_documents
from indexes.indexes import Indexes
from indexes.uploads import changing
from indexes.write import finish


def delete_document(indexes: Indexes, row: DocumentRow) -> None:
    """Remove a document, what is in it, and its uploaded file with the metadata file, if it was uploaded.

    Killed on the way, it leaves all of it or nothing. A document of a folder that is not Touchstone's keeps its file,
    and comes back with the next ingestion of that folder.

    Raises:
        UsageError: it came in another document, with which it would come back.
        JobConflict: a job is about to read the uploaded file again.
    """
    holder = row.document.partition(INSIDE)[0]
    if holder != row.document and indexes.catalogue.known(row.collection, [holder]):
        raise UsageError(f"{row.document} is a part of {holder} and would come back with it. Delete {holder}.")
    inside = documents.c.document.startswith(f"{row.document}{INSIDE}", autoescape=True)
    these = select(documents.c.id).where(
        documents.c.collection == row.collection, or_(documents.c.id == row.id, inside)
    )
    file = indexes.uploads.file_of(row.document, row.source)
    with changing:
        with schema.transaction(indexes.catalogue.engine, write=True) as connection:
            if file is not None:
                _refuse_while_read(connection, indexes, row)
                indexes.uploads.note(connection, [file])
            keys = list(connection.execute(these).scalars())
            intents = [gone for key in keys if (gone := statements.take_out(connection, key)) is not None]
        if file is not None:
            indexes.uploads.finish()
    finish(indexes.catalogue, indexes.vectors, indexes.keyword, intents)


def _refuse_while_read(connection: Connection, indexes: Indexes, row: DocumentRow) -> None:
    """Raise JobConflict when a job that is not over may still read the file: it would bring the document back."""
    for job in indexes.catalogue.jobs.to_come_on(connection, row.source, row.collection):
        this = (job_documents.c.job_id == job.id) & (job_documents.c.document == row.document)
        entry = connection.execute(select(job_documents.c.status, job_documents.c.todo).where(this)).first()
        read = entry is not None and entry.status is not None and entry.todo is None
        if job.patterns.admit(row.document) and not read:
            raise JobConflict(
                f"Job {job.id} is about to read {row.document} again. Wait for its end, or cancel it; then delete it."
            )
