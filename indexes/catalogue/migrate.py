"""Brings a catalogue of an older form up to the present one, step by step; what a step adds has a default.

A new form needs an entry in STEPS, a higher `schema.SCHEMA`, and a test on a folder that the form before wrote.
"""

from __future__ import annotations

import json
import os
import re

from sqlalchemy import Connection

STEPS: dict[str, tuple[str, ...]] = {
    "1": (
        """create table about (
            document_id varchar not null primary key references documents (id), author varchar not null,
            created varchar, modified varchar, tags varchar not null, valid_from varchar, attached varchar not null)""",
        "insert into about select id, '', null, null, '[]', null, '[]' from documents",
        "create index documents_version on documents (version)",
    ),
    "2": (
        "alter table about add column language varchar not null default ''",
        "alter table about add column sketch blob not null default x''",
    ),
    "3": (
        """create table embeddings (
            number integer not null primary key references chunks (number), vector blob not null)""",
        "insert into embeddings select number, embedding from chunks",
        "drop trigger if exists chunk_words_added",
        "drop trigger if exists chunk_words_removed",
        "drop table if exists chunk_terms",
        "drop table if exists chunk_words",
        "alter table chunks drop column embedding",
        "drop index if exists ix_chunks_document_id",
        "create index chunks_of_document on chunks (document_id, id)",
        "create index documents_scope on documents (collection, groups, chunks, id, document)",
    ),
    "4": (
        """create table structures (
            document_id varchar not null primary key references documents (id), pipeline varchar not null,
            titled boolean not null, parsed blob not null)""",
    ),
    "5": (
        """create table keys (
            id varchar not null primary key, name varchar not null, digest varchar not null, scopes varchar not null,
            groups varchar not null, created varchar not null, expires varchar, revoked varchar, last_used varchar)""",
    ),
    "6": ("create index documents_sha256 on documents (sha256)",),
}
"""What makes the next form out of each one."""

_ADMINS = """(select name from keys group by name having min(scopes like '%"admin"%') = 1)"""
"""Names of which every key is an admin's."""
TO_7 = (
    # Whoever asked for a job with groups and may have been no admin: with these groups it works on.
    f"""update jobs set caller_groups = groups
        where coalesce(begun_by, '') <> '' and groups is not null and begun_by not in {_ADMINS}""",
    # An owner's idempotency key could be taken for a key of somebody else.
    "update jobs set request_key = ' ' || request_key where coalesce(begun_by, '') = '' and request_key is not null",
    # A document belongs to a caller who is no admin when nobody else ever brought it in.
    """create temp table bringers (
        collection text, document text, name text, primary key (collection, document)) without rowid""",
    """insert into bringers select jobs.collection, job_documents.document, min(jobs.begun_by)
        from job_documents join jobs on jobs.id = job_documents.job_id where job_documents.status = 'indexed'
        group by 1, 2 having count(*) = count(jobs.caller_groups) and count(distinct jobs.begun_by) = 1""",
    """update about set brought_by = coalesce((
        select bringers.name from documents join bringers using (collection, document)
        where documents.id = about.document_id), '')""",
    "drop table bringers",
    "update about set groups_from = 'caller' where groups_from = 'ingestion' and brought_by <> ''",
)
"""What form 7 has otherwise, once every column is there."""
_UPLOADS = re.compile(r".*/(uploads/[^/]+|uploads-of-keys/@[^/]+/[^/]+)")
"""A folder of uploads in some data folder."""


def migrate(connection: Connection) -> str | None:
    """Take every step from the stored form on, in the caller's transaction; a new or newer file is left as it is.

    Returns the form that was stored, None in a new file.
    """
    tables = connection.exec_driver_sql("select name from sqlite_master where name in ('meta', 'documents')").all()
    if len(tables) < 2:
        return None
    form = before = connection.exec_driver_sql("select value from meta where key = 'schema'").scalar()
    while form in STEPS:
        for statement in STEPS[form]:
            connection.exec_driver_sql(statement)
        form = str(int(form) + 1)
        connection.exec_driver_sql("update meta set value = ? where key = 'schema'", (form,))
    return before


def bring_up(connection: Connection, form: str | None, data: str) -> None:
    """What a file of this form says, as the present one says it; `data`: the data folder, absolute.

    Form 7 has sources below the data folder relative to it, those too that a folder that moved since has no longer.
    """
    if form not in STEPS:
        return
    for statement in TO_7:
        connection.exec_driver_sql(statement)
    for table in ("documents", "jobs"):
        for (source,) in connection.exec_driver_sql(f"select distinct source from {table}").all():
            if (place := _place(source, data)) is not None:
                connection.exec_driver_sql(f"update {table} set source = ? where source = ?", (place, source))
                if table == "jobs":
                    told = "update jobs set report = replace(report, ?, ?) where source = ?"
                    connection.exec_driver_sql(told, (json.dumps(source)[1:-1], json.dumps(place)[1:-1], place))


def _place(source: str, data: str) -> str | None:
    """Where in the data folder an absolute source lies, or lay before the folder moved; None: it is none of it."""
    if source.startswith(f"{data}/"):
        return source[len(data) + 1 :]
    uploads = _UPLOADS.fullmatch(source)
    moved = uploads and not os.path.exists(source) and os.path.isdir(os.path.join(data, uploads[1]))
    return uploads[1] if uploads and moved else None
