"""Versions of an index lie beside each other, and a small file says which one is live."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import IndexBroken
from indexes import versions
from indexes.versions import Pointer


def put(data: Path, name: str) -> None:
    folder = versions.folder_of(data, name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / versions.CATALOGUE).write_text("x")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    put(tmp_path, versions.FIRST)
    (tmp_path / "chroma").mkdir()
    (tmp_path / "chroma.writing").touch()
    (tmp_path / "jobs.db").touch()
    return tmp_path


def test_without_the_file_the_data_folder_itself_is_live(data: Path) -> None:
    assert versions.pointer(data) == Pointer("", None)
    assert versions.folder_of(data, versions.pointer(data).live) == data


def test_what_was_begun_for_the_same_goes_on_and_what_was_begun_for_something_else_goes(data: Path) -> None:
    first = versions.begin(data, "one")
    assert versions.begin(data, "one") == first
    second = versions.begin(data, "two")
    assert versions.present(data) == ["", second]
    assert (versions.purpose(data, second), versions.pointer(data).live) == ("two", "")


def test_the_live_version_and_the_one_before_stay_until_they_are_pruned(data: Path) -> None:
    for expected in (Pointer("2", ""), Pointer("3", "2"), Pointer("4", "3")):
        put(data, name := versions.begin(data, "x"))
        assert versions.make_live(data, name) == versions.pointer(data) == expected
    assert versions.remove_others(data) == ["", "2"]
    assert sorted(path.name for path in data.iterdir()) == ["jobs.db", "live", "versions"]
    assert versions.make_live(data, "3") == Pointer("3", "4")
    assert versions.forget_previous(data) == ["4"]
    assert (versions.pointer(data), versions.present(data)) == (Pointer("3", None), ["3"])
    assert versions.size_of(data, "3") == 1


@pytest.mark.parametrize("content", ["", "{}", '{"live": "9", "previous": null}', "\x00\x01"])
def test_a_pointer_that_points_nowhere_is_refused(data: Path, content: str) -> None:
    (data / versions.POINTER).write_text(content)
    with pytest.raises(IndexBroken, match="Restore a backup"):
        versions.pointer(data)
