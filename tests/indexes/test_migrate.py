"""A data folder that an earlier version wrote is brought up to date when it is opened."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.access import ANONYMOUS, OWNER
from core.errors import IndexBroken
from indexes import migrate, schema
from indexes.catalogue import Catalogue
from indexes.rows import Description

FORM_1, FORM_3 = (Path(__file__).with_name(f"form_{form}.sql").read_text() for form in (1, 3))


def written(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def shape(path: Path) -> dict[str, list[tuple[str, str, int, int]]]:
    """Tables with their columns: name, type, whether NOT NULL, place in the primary key."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        columns = {name: connection.execute(f"pragma table_info('{name}')").fetchall() for name in names}
    return {
        name: [(column[1], column[2].upper(), column[3], column[5]) for column in found]
        for name, found in columns.items()
    }


def test_what_form_1_held_is_there_with_its_groups(tmp_path: Path) -> None:
    with closing(Catalogue(written(tmp_path / "c.sqlite3", FORM_1))) as catalogue:
        assert catalogue.recall("schema") == schema.SCHEMA
        assert catalogue.documents("default", access=ANONYMOUS) == []
        (row,) = catalogue.documents("default", access=OWNER)
        assert (row.title, row.author, row.created, row.tags, row.valid_from) == ("Pay", "", None, (), None)
        assert catalogue.known("default")["pay.txt"].description == Description(groups=frozenset({"hr"}))
        assert [hit.text for hit in catalogue.chunks("default", "pay.txt", access=OWNER)] == ["the pay of everybody"]
        assert catalogue.remove("default", "pay.txt") is not None


def test_a_folder_of_form_1_gets_the_very_tables_of_a_new_one(tmp_path: Path) -> None:
    old, new = written(tmp_path / "old.sqlite3", FORM_1), tmp_path / "new.sqlite3"
    for path in (old, new, old):
        Catalogue(path).close()
    assert shape(old) == shape(new)


def test_a_folder_of_form_3_gets_the_very_tables_of_a_new_one_and_keeps_its_documents_and_jobs(tmp_path: Path) -> None:
    old, new = written(tmp_path / "old.sqlite3", FORM_3), tmp_path / "new.sqlite3"
    Catalogue(new).close()
    with closing(Catalogue(old)) as catalogue:
        assert [row.document for row in catalogue.documents("default", access=OWNER)] == ["leave.md", "shop.txt"]
        assert catalogue.known("default")["leave.md"].description == Description(groups=frozenset({"staff"}))
        assert [job.state for job in catalogue.jobs.latest(9)] == ["COMPLETED"]
    assert shape(old) == shape(new)


def test_every_form_before_the_present_one_has_a_step() -> None:
    assert sorted(migrate.STEPS) == [str(number) for number in range(1, int(schema.SCHEMA))]


def test_a_step_that_fails_leaves_the_old_form_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "c.sqlite3", FORM_1 + "create index documents_version on documents (title);")
    with pytest.raises(IndexBroken):
        Catalogue(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select value from meta where key = 'schema'").fetchone() == ("1",)
        assert "about" not in shape(path)
