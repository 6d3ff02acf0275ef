"""Brings a catalogue of an older form up to the present one, step by step; what a step adds has a default.

A new form needs an entry in STEPS, a higher `schema.SCHEMA`, and a test on a folder that the form before wrote.
"""

from __future__ import annotations

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
}
"""What makes the next form out of each one."""


def migrate(connection: Connection) -> None:
    """Take every step from the stored form on, in the caller's transaction; a new or newer file is left as it is."""
    tables = connection.exec_driver_sql("select name from sqlite_master where name in ('meta', 'documents')").all()
    if len(tables) < 2:
        return
    form = connection.exec_driver_sql("select value from meta where key = 'schema'").scalar()
    while form in STEPS:
        for statement in STEPS[form]:
            connection.exec_driver_sql(statement)
        form = str(int(form) + 1)
        connection.exec_driver_sql("update meta set value = ? where key = 'schema'", (form,))
