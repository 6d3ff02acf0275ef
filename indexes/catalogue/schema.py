"""The catalogue's tables, and how its SQLite file is opened.

collections 1-n documents 1-n chunks 1-1 embeddings      documents 1-1 about, structures
jobs 1-n job_documents    ingestion runs, and what became of each document in them;  attempts: begun and never ended
intents   what must still be removed from the vector index      meta   schema, manifest      keys   keys.py
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Dialect,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Pool,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
    literal_column,
)
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.types import TypeDecorator

from core.errors import DatabaseBusy, IndexBroken
from core.files import write_fault
from core.sources import scheme_of
from core.text import encodable
from indexes.catalogue.migrate import bring_up, migrate

SCHEMA = "7"
BUSY_MS = 30_000
BANDS = tuple(f"substr(sketch, {first}, 16)" for first in range(1, 256, 32))
"""The stretches of a sketch by which documents that are nearly the same are looked up (duplicates.py). Of pairs that
agree on three quarters of their places, all but one in 700 agree on the first two of one of these."""
_changes: WeakKeyDictionary[Pool, int] = WeakKeyDictionary()
_counting = threading.Lock()
_folders: WeakKeyDictionary[Dialect, str] = WeakKeyDictionary()
"""The data folder that an engine's catalogue belongs to."""


class AnyText(TypeDecorator[str]):
    """Text that may hold lone surrogates, which SQLite cannot store: they become "?", the length stays."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it is stored."""
        return None if value is None else encodable(value)


class Source(TypeDecorator[str]):
    """The name of a source. One in the data folder is stored relative to it, so that the folder can move."""

    impl = AnyText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The name as it is stored."""
        within = f"{_folders[dialect]}{os.sep}"
        return value.removeprefix(within) if value is not None and value.startswith(within) else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The name again: a URL, an absolute path, or empty."""
        if not value or scheme_of(value):
            return value
        return os.path.join(_folders[dialect], value)


class Json(TypeDecorator[Any]):
    """A JSON value in ASCII, so that any string comes back as it was."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401 -- any JSON value
        """The value as JSON."""
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ANN401 -- any JSON value
        """The value again; arrays come as lists."""
        return None if value is None else json.loads(value)


metadata = MetaData()

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", String, nullable=False))

collections = Table("collections", metadata, Column("name", AnyText, primary_key=True))

documents = Table(
    "documents",
    metadata,
    Column("id", String, primary_key=True),
    Column("collection", AnyText, ForeignKey("collections.name"), nullable=False),
    Column("document", AnyText, nullable=False),
    Column("version", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("media_type", AnyText, nullable=False),
    Column("title", AnyText, nullable=False),
    Column("page_count", Integer),
    Column("chunks", Integer, nullable=False),
    Column("groups", Json, nullable=False),
    Column("indexed_at", String, nullable=False),
    Column("source", Source, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("text", AnyText, nullable=False),
    UniqueConstraint("collection", "document"),
    Index("documents_version", "version"),
    Index("documents_sha256", "sha256"),
    Index("documents_scope", "collection", "groups", "chunks", "id", "document"),
)

about = Table(
    "about",
    metadata,
    Column("document_id", ForeignKey("documents.id"), primary_key=True),
    Column("author", AnyText, nullable=False),
    Column("created", String),
    Column("modified", String),
    Column("tags", Json, nullable=False),
    Column("valid_from", String),
    Column("attached", Json, nullable=False),
    Column("language", AnyText, nullable=False, server_default=""),
    Column("sketch", LargeBinary, nullable=False, server_default=literal_column("x''")),
    Column("notes", Json),
    Column("groups_from", String),
    Column("brought_by", AnyText),
)
"""One row a document; apart from it, because a column behind a long text is slow to read."""

chunks = Table(
    "chunks",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("document_id", ForeignKey("documents.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("title", AnyText, nullable=False),
    Column("text", AnyText, nullable=False),
    Column("index_text", AnyText, nullable=False),
    Column("headings", Json, nullable=False),
    Column("header", AnyText, nullable=False),
    Column("pages", Json, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Index("chunks_of_document", "document_id", "id"),
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("number", ForeignKey("chunks.number"), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)
"""One row a chunk; apart from it, because a column behind texts is slow to read: a search reads some hundred."""

structures = Table(
    "structures",
    metadata,
    Column("document_id", ForeignKey("documents.id"), primary_key=True),
    Column("pipeline", String, nullable=False),
    Column("titled", Boolean, nullable=False),
    Column("parsed", LargeBinary, nullable=False),
)
"""How a document was read (`indexes.structures`); one that was written before there was this table has no row."""

intents = Table(
    "intents",
    metadata,
    Column("document_id", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("collection", AnyText, nullable=False),
    Column("chunks", Integer, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("collection", AnyText, nullable=False),
    Column("source", Source, nullable=False),
    Column("state", String, nullable=False),
    Column("created", String, nullable=False),
    Column("finished", String),
    Column("report", Json),
    Column("number", Integer),
    Column("runner", String),
    Column("attempt", Integer),
    Column("started", String),
    Column("heartbeat", String),
    Column("cancelling", Boolean),
    Column("only_failed", Boolean),
    Column("unchanged", Integer),
    Column("request_key", String),
    Column("request_digest", String),
    Column("include", Json),
    Column("exclude", Json),
    Column("begun_by", AnyText),
    Column("groups", Json),
    Column("caller_groups", Json),
)
"""`number` counts jobs in the order they were asked for."""

job_documents = Table(
    "job_documents",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), primary_key=True),
    Column("document", AnyText, primary_key=True),
    Column("todo", Integer),
    Column("status", String),
    Column("code", String),
    Column("reason", AnyText),
    Column("chunks", Integer, nullable=False, default=0),
    Index("job_documents_to_do", "job_id", "todo"),
)
"""`todo`: the batch in which the document is still to be read; -1: it is still to be removed; null: nothing is left."""

attempts = Table(
    "attempts",
    metadata,
    Column("job_id", String, primary_key=True),
    Column("document", AnyText, primary_key=True),
    Column("starts", Integer, nullable=False),
    Column("left", Integer, nullable=False),
)
"""`document` empty: a batch."""


def open_database(path: Path, data: Path, *, reading: bool = False) -> Engine:
    """An engine on the SQLite file, made with its tables when it is new, brought up to this form when it is older.

    `data` is the data folder that it belongs to. `reading`: another process owns the file, which is left as it is.
    Every connection syncs each commit to the disk; reading never waits for the writer (WAL); what is deleted is
    overwritten. Raises IndexBroken when the file is not a readable database.
    """
    given: dict[str, Any] = {"check_same_thread": False, "timeout": BUSY_MS / 1000}
    read_only = f"file:{quote(os.fsencode(path))}?mode=ro"
    connect = {"creator": lambda: sqlite3.connect(read_only, uri=True, **given)} if reading else {"connect_args": given}
    engine = create_engine(f"sqlite:///{path}", pool_size=32, max_overflow=-1, **connect)
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    _folders[engine.dialect] = os.path.realpath(data)
    if reading:
        return engine
    with transaction(engine, write=True) as connection:
        form = migrate(connection)
        metadata.create_all(connection)
        for table in (jobs, about):
            _add_columns(connection, table)
        bring_up(connection, form, folder_of(engine))
        for number, band in enumerate(BANDS):
            connection.exec_driver_sql(f"create index if not exists about_band_{number} on about ({band})")
    return engine


def folder_of(engine: Engine) -> str:
    """The data folder that a catalogue belongs to, absolute and without links."""
    return _folders[engine.dialect]


def _add_columns(connection: Connection, table: Table) -> None:
    """Columns that a table of an older file lacks, empty."""
    present = {row[1] for row in connection.exec_driver_sql(f"pragma table_info({table.name})")}
    for column in table.columns:
        if column.name not in present:
            kind = column.type.compile(connection.dialect)
            connection.exec_driver_sql(f'alter table {table.name} add column "{column.name}" {kind}')


@contextmanager
def transaction(engine: Engine, *, write: bool = False) -> Iterator[Connection]:
    """One transaction: what is read inside is of one moment; what is written is there as a whole, or not at all.

    One that writes takes the write lock when it begins, so it never fails half-way because another one wrote.

    Raises:
        DatabaseBusy: another process held the lock for longer than BUSY_MS.
        InsufficientStorage: the disk is full.
        NotWritable: the file system is read-only.
        IndexBroken: the database cannot be read or written.
    """
    chosen = engine.execution_options(touchstone_begin="BEGIN IMMEDIATE") if write else engine
    try:
        with chosen.begin() as connection:
            yield connection
    except IntegrityError:  # what was to be written cannot be right: a bug, and no fault of the disk
        raise
    except DatabaseError as error:
        if (fault := write_fault(error)) is not None:
            raise fault from error
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise DatabaseBusy("The catalogue is held by another process. Try again in a few seconds.") from error
        raise IndexBroken(
            f"The catalogue {engine.url.database} cannot be {'written' if write else 'read'}: {error.orig}. "
            "Look at the disk's free space and health; `touchstone index restore BACKUP` puts a backup in its place."
        ) from error
    finally:
        if write:  # whatever became of it: what ends a thread between the commit and here leaves nothing old remembered
            with _counting:
                _changes[engine.pool] = changes(engine) + 1


def checkpoint(engine: Engine) -> None:
    """Put everything that was committed into the file itself, and leave its log empty."""
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
        connection.rollback()


def changes(engine: Engine) -> int:
    """A number that differs after every transaction that wrote; the folder's one owner has one engine on it."""
    return _changes.get(engine.pool, 0)


def _set_up_connection(connection: Any, record: object) -> None:  # noqa: ANN401 -- a sqlite3.Connection
    connection.isolation_level = None  # transactions begin in `_begin`, not when sqlite3 thinks fit
    for pragma in (
        "journal_mode = wal",
        "synchronous = full",
        "foreign_keys = on",
        "secure_delete = on",
        f"busy_timeout = {BUSY_MS}",
    ):
        connection.execute(f"pragma {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("touchstone_begin", "BEGIN"))
