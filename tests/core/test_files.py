"""Files are there whole or not at all, and what the disk refuses is told apart from bugs."""

from __future__ import annotations

import ast
import errno
import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from core.errors import IndexBroken, InsufficientStorage, NotWritable
from core.files import put_in_place, write_fault, write_whole

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "indexes", "ingest", "service", "evaluation", "app", "cli", "touchstone", "demo")
RENAMES: dict[str, str] = {"core/files.py": "the one place: it syncs before and after"}


def renames(tree: ast.Module) -> list[int]:
    """Lines with os.rename, os.replace, shutil.move, Path.rename or Path.replace, told by the number of arguments."""
    found = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            name, given = call.func.attr, len(call.args)
            path = name == "rename" or (name == "replace" and given == 1 and not call.keywords)
            module = isinstance(call.func.value, ast.Name) and call.func.value.id in ("os", "shutil")
            if path or (module and name in ("rename", "renames", "replace", "move")):
                found.append(call.lineno)
    return found


def test_files_are_renamed_into_place_by_one_function_that_syncs_them() -> None:
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix(): renames(ast.parse(path.read_text())) for path in sources}
    assert {name for name, lines in found.items() if lines} == set(RENAMES), found


def test_the_scan_sees_every_way_to_rename() -> None:
    ways = "os.replace(a, b)\nos.rename(a, b)\nshutil.move(a, b)\npath.rename(b)\npath.replace(b)\nfile().replace(b)"
    assert renames(ast.parse(ways)) == [1, 2, 3, 4, 5, 6]
    assert renames(ast.parse("text.replace('a', 'b')\nmoment.replace(tzinfo=UTC)\nreplace(job, state=1)")) == []


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_whole(path, "one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_whole(path, "one")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "two \ud800")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", "two")
    assert path.read_text() == "one"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder", "run.json"]


def test_a_folder_is_put_in_place_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "next/deep").mkdir(parents=True)
    (tmp_path / "next/deep/file").write_text("x")
    (tmp_path / "next/link").symlink_to("nowhere")
    put_in_place(tmp_path / "next", tmp_path / "index")
    assert (tmp_path / "index/deep/file").read_text() == "x"
    assert not (tmp_path / "next").exists()


def full(message: str) -> Exception:
    """A library's error that was raised from what the system said."""
    error = RuntimeError("could not write")
    error.__cause__ = OSError(errno.ENOSPC, message)
    return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        full("No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
        OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full")),
        RuntimeError("error returned from database: (code: 13) database or disk is full"),
        ValueError("An IO error occurred: 'No space left on device (os error 28) at path \"/x\"'"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_full_disk_is_told_whoever_says_it(error: Exception) -> None:
    assert isinstance(write_fault(error), InsufficientStorage)


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("x")
    with pytest.raises(NotADirectoryError) as met:
        (tmp_path / "uploads/default").mkdir(parents=True)
    fault = write_fault(met.value)
    assert isinstance(fault, NotWritable)
    assert "uploads/default" in str(fault)
    assert str(tmp_path) not in str(fault)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, os.strerror(errno.EACCES), "/x"),
        OperationalError("insert 'database or disk is full'", {}, sqlite3.OperationalError("no such table: jobs")),
        IndexBroken("The catalogue cannot be read."),
        KeyError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_faults_are_not_taken_for_those_of_the_disk(error: Exception) -> None:
    assert write_fault(error) is None
