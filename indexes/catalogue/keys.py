"""Keys to the service, in the catalogue. Nothing is remembered between two looks: what is revoked is refused next.

That a key was ever made is noted in the data folder, beside the versions of the index: no version and no backup from
before the first key opens the service again.
"""

from __future__ import annotations

import hmac
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine, RowMapping, Select, String, Table, bindparam, insert, select, update

from core import keys as text
from core.errors import DatabaseBusy, IndexBroken, Unauthorized, UnknownKey
from core.files import sync
from indexes import versions
from indexes.catalogue import mapping, schema
from indexes.catalogue.rows import KeyRow
from indexes.catalogue.schema import Json

logger = logging.getLogger(__name__)

keys = Table(
    "keys",
    schema.metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("groups", Json, nullable=False),
    Column("created", String, nullable=False),
    Column("expires", String),
    Column("revoked", String),
    Column("last_used", String),
)
"""By the public part; `digest` is the SHA-256 of the whole key, which is stored nowhere."""

_ONE = select(keys).where(keys.c.id == bindparam("key_id"))
"""Every request runs it: building it anew took as long as running it."""
NOBODY = KeyRow(id="", name="", digest=text.digest(""), scopes=(), groups=(), created="")
MARK = "keys-were-made"
"""The file in a data folder that says so. Whoever owns the folder may remove it, and so open the service again."""


class Keys:
    """The table `keys`. Safe to call from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._folder = Path(schema.folder_of(engine))
        self._noted: set[tuple[str, str]] = set()
        self._some = False
        self._making = threading.Lock()

    def make(self, row: KeyRow) -> tuple[KeyRow, str]:
        """Store a new key to what `row` says; returns the row and the key itself, which is not to be had again."""
        key_id, key = text.new_key()
        made = replace(row, id=key_id, digest=text.digest(key), created=mapping.now())
        with self._marked(), schema.transaction(self._engine, write=True) as connection:
            connection.execute(insert(keys).values(asdict(made)))
        return made, key

    @contextmanager
    def _marked(self) -> Iterator[None]:
        """The data folder says that a key was made before one is: killed in between, the service asks for one that is
        still to be made. When the first one cannot be stored, the folder says so no longer."""
        with self._making:
            is_first = not is_marked(self._folder)
            mark(self._folder)
            try:
                yield
            except (IndexBroken, DatabaseBusy):
                if is_first and not self._rows(select(keys.c.id).limit(1)):
                    (self._folder / MARK).unlink()
                    self._some = False
                raise

    def any(self) -> bool:
        """Whether a key was ever made for the data folder: that is never undone."""
        self._some = self._some or is_marked(self._folder) or bool(self._rows(select(keys.c.id).limit(1)))
        return self._some

    def any_good(self) -> bool:
        """Whether there is a key that is neither revoked nor expired."""
        return any(row.revoked is None and not _expired(row) for row in self.all())

    def all(self) -> list[KeyRow]:
        """Every key that was ever made, the oldest first."""
        return [_row(row) for row in self._rows(select(keys).order_by(keys.c.created, keys.c.id))]

    def checked(self, key: str) -> KeyRow:
        """What is known of a key that is good now.

        Raises:
            Unauthorized: it is not; as much is said only to whoever has the whole key.
        """
        rows = self._rows(_ONE, key_id=text.id_of(key) or "")
        row = _row(rows[0]) if rows else NOBODY
        if not hmac.compare_digest(text.digest(key), row.digest) or row is NOBODY:
            raise Unauthorized(f"The key is not one of this service's. {text.ANOTHER}")
        if row.revoked:
            raise Unauthorized(f"The key was revoked. {text.ANOTHER}")
        if _expired(row):
            raise Unauthorized(f"The key expired at {row.expires}. {text.ANOTHER}")
        return row

    def revoke(self, name: str) -> list[KeyRow]:
        """Revoke the key of this id, or every key of this name; returns them. Raises UnknownKey."""
        these = (keys.c.id == name) | (keys.c.name == name)
        with schema.transaction(self._engine, write=True) as connection:
            connection.execute(update(keys).where(these, keys.c.revoked.is_(None)).values(revoked=mapping.now()))
        found = [_row(row) for row in self._rows(select(keys).where(these).order_by(keys.c.created, keys.c.id))]
        if not found:
            raise UnknownKey(
                f"No key has the id or the name {name!r}. `touchstone keys list` shows those that there are."
            )
        return found

    def due(self, row: KeyRow) -> bool:
        """Whether it is to be noted that a key was used: once a day at most."""
        day = mapping.now()[:10]
        return row.last_used != day and (row.id, day) not in self._noted

    def note_use(self, row: KeyRow) -> None:
        """Note that a key was used today; not being able to is no reason to refuse anybody."""
        day = mapping.now()[:10]
        self._noted.add((row.id, day))
        try:
            with schema.transaction(self._engine, write=True) as connection:
                connection.execute(update(keys).where(keys.c.id == row.id).values(last_used=day))
        except (IndexBroken, DatabaseBusy) as error:
            logger.warning("the use of a key could not be noted", extra={"reason": str(error)})

    def _rows(self, query: Select[Any], **given: str) -> list[RowMapping]:
        with schema.transaction(self._engine) as connection:
            return list(connection.execute(query, given).mappings())


def _row(row: RowMapping) -> KeyRow:
    return KeyRow(**{**row, "scopes": tuple(row["scopes"]), "groups": tuple(row["groups"])})


def _expired(row: KeyRow) -> bool:
    return row.expires is not None and datetime.fromisoformat(row.expires) <= datetime.now(UTC)


def is_marked(data: Path) -> bool:
    """Whether the data folder says that a key was made for it."""
    return os.path.lexists(data / MARK)


def mark(data: Path) -> None:
    """Have the data folder say so from now on, through a power failure too."""
    if is_marked(data):
        return
    descriptor = os.open(data / MARK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync(data)


def mark_if_any(data: Path) -> None:
    """The same when one of the folder's versions has keys, or cannot be read: before another takes its place."""
    for name in versions.present(data):
        path = versions.folder_of(data, name) / versions.CATALOGUE
        try:
            found = path.is_file() and bool(_read(path, "select 1 from keys limit 1"))
        except sqlite3.Error as error:
            found = "no such table" not in str(error)  # an earlier release had no keys
        if found:
            mark(data)


def is_keyless(data: Path) -> bool:
    """Whether the service asks for a key and its owner has to make one first: none is good. Nobody may own the folder.

    Raises:
        IndexBroken: no version is live.
    """
    path = versions.folder_of(data, versions.pointer(data).live) / versions.CATALOGUE
    now = datetime.now(UTC).isoformat(timespec="seconds")
    good = "select 1 from keys where revoked is null and (expires is null or expires > ?) limit 1"
    return is_marked(data) and not _read(path, good, now)


def _read(path: Path, query: str, *given: str) -> list[Any]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
        return connection.execute(query, given).fetchall()
