"""A data folder that an earlier version wrote is brought up to date when it is opened."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.access import ANONYMOUS, OWNER
from core.errors import IndexBroken
from indexes.catalogue import migrate, schema
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.rows import Description

FORM_1, FORM_3, FORM_6 = ((Path(__file__).parents[1] / f"form_{form}.sql").read_text() for form in (1, 3, 6))


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


def form_6(data: Path, *, lay_at: str | None = None) -> Catalogue:
    """A data folder of form 6 that lay here, or somewhere else before it moved here, opened."""
    data.mkdir()
    script = FORM_6.replace("/srv/form6/data", lay_at or str(data))
    for name in ("uploads/default/admin.md", "uploads-of-keys/@wiki/default/@wiki/mine.md"):
        (data / name).parent.mkdir(parents=True)
        (data / name).write_text("Uploaded.")
    return Catalogue(written(data / "catalogue.sqlite3", script), data)


def test_a_folder_of_form_6_gets_the_very_tables_of_a_new_one(tmp_path: Path) -> None:
    form_6(tmp_path / "data").close()
    new = tmp_path / "new.sqlite3"
    Catalogue(new).close()
    old = shape(tmp_path / "data/catalogue.sqlite3")
    assert "bringers" not in old
    assert old == shape(new)


def test_what_form_6_held_is_there_and_says_who_brought_it_in(tmp_path: Path) -> None:
    with closing(form_6(tmp_path / "data")) as catalogue:
        known = catalogue.known("default")
        said = {name: (sorted(row.description.groups), row.description.groups_from) for name, row in known.items()}
        assert said == {
            "open.md": ([], ""),
            "pay.md": (["hr"], "ingestion"),
            "hand.md": (["board"], "hand"),
            "policies/leave.md": (["staff"], ""),
            "admin.md": ([], ""),
            "@wiki/mine.md": (["staff"], "caller"),
            "note.md": (["staff"], "caller"),
        }
        brought = {name for name, row in known.items() if row.description.brought_by}
        assert brought == {"@wiki/mine.md", "note.md"}
        assert known["note.md"].description.brought_by == "wiki"
        own = [(job.caller, job.access.everything) for job in catalogue.jobs.latest()]
        assert own == [("wiki", False), ("wiki", False), ("", True), ("", True), ("", True)]
        assert [job.request_key for job in catalogue.jobs.latest() if job.request_key] == ["wiki 1", " 7"]
        assert catalogue.keys.any()


@pytest.mark.parametrize("lay_at", [None, "/srv/form6/data"])
def test_uploads_of_form_6_are_those_of_their_folder_where_it_lies_now_and_where_it_moves(
    tmp_path: Path, lay_at: str | None
) -> None:
    form_6(tmp_path / "data", lay_at=lay_at).close()
    (tmp_path / "data").rename(tmp_path / "moved")
    with closing(Catalogue(tmp_path / "moved/catalogue.sqlite3")) as catalogue:
        moved = tmp_path / "moved"
        sources = {name: row.source for name, row in catalogue.known("default").items()}
        assert sources["admin.md"] == f"{moved}/uploads/default"
        assert sources["@wiki/mine.md"] == f"{moved}/uploads-of-keys/@wiki/default"
        assert sources["pay.md"] == "/srv/form6/docs"
        assert catalogue.jobs.last_on(f"{moved}/uploads/default", "default") is not None


def test_every_form_before_the_present_one_has_a_step() -> None:
    assert sorted(migrate.STEPS) == [str(number) for number in range(1, int(schema.SCHEMA))]


def test_a_step_that_fails_leaves_the_old_form_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "c.sqlite3", FORM_1 + "create index documents_version on documents (title);")
    with pytest.raises(IndexBroken):
        Catalogue(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select value from meta where key = 'schema'").fetchone() == ("1",)
        assert "about" not in shape(path)
