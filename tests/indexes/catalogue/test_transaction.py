"""What the catalogue's database refuses is told by its kind: full, held by others, or a bug."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, insert
from sqlalchemy.exc import IntegrityError

from core.errors import DatabaseBusy, IndexBroken, InsufficientStorage
from indexes.catalogue.schema import collections, meta, open_database, transaction


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(tmp_path / "catalogue.sqlite3", tmp_path)
    yield opened
    opened.dispose()


@contextmanager
def every_connection(engine: Engine, pragma: str) -> Iterator[None]:
    def set_up(connection: sqlite3.Connection, record: object, proxy: object) -> None:
        del record, proxy
        connection.execute(f"pragma {pragma}")

    event.listen(engine, "checkout", set_up)
    try:
        yield
    finally:
        event.remove(engine, "checkout", set_up)


def test_a_full_disk_is_no_damage(engine: Engine) -> None:
    with (
        every_connection(engine, "max_page_count = 1"),
        pytest.raises(InsufficientStorage, match="no room"),
        transaction(engine, write=True) as connection,
    ):
        connection.execute(insert(meta).values(key="a", value="x" * 1_000_000))
    with transaction(engine, write=True) as connection:
        connection.exec_driver_sql("pragma max_page_count = 1000000")
        connection.execute(insert(meta).values(key="a", value="x" * 1_000_000))


def test_a_database_that_others_hold_is_busy_and_no_damage(engine: Engine, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite3", isolation_level=None)) as other:
        other.execute("begin immediate")
        with (
            every_connection(engine, "busy_timeout = 10"),
            pytest.raises(DatabaseBusy, match="Try again") as busy,
            transaction(engine, write=True),
        ):
            pass
        other.execute("rollback")
    assert busy.value.retry_after > 0


def test_a_value_that_breaks_a_rule_is_a_bug_and_no_damage(engine: Engine) -> None:
    with transaction(engine, write=True) as connection:
        connection.execute(insert(collections).values(name="a"))
    with pytest.raises(IntegrityError), transaction(engine, write=True) as connection:
        connection.execute(insert(collections).values(name="a"))


def test_a_damaged_database_is_still_said_to_be_one(engine: Engine) -> None:
    with pytest.raises(IndexBroken, match="restore"), transaction(engine) as connection:
        connection.exec_driver_sql("select * from no_such_table")
