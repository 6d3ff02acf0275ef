from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import SourceError
from indexes.indexes import Indexes
from ingest.discover import Discovery, discover
from ingest.outcomes import Failed, Skipped
from tests.ingest.conftest import Ingest

MB = 1_000_000


def decided(discovery: Discovery) -> dict[str, str]:
    return {outcome.document: outcome.code for outcome in discovery.outcomes}


def test_files_are_named_by_their_posix_path_in_order(folder: Path) -> None:
    assert [item.document for item in discover(folder, max_bytes=MB).items] == ["policies/leave.md", "prices.csv"]


@pytest.mark.parametrize("name", [".DS_Store", "~$leave.docx", ".git", "Thumbs.db"])
def test_hidden_and_lock_files_are_left_alone(name: str, folder: Path) -> None:
    (folder / name).write_text("x")
    assert decided(discover(folder, max_bytes=MB)) == {name: "hidden"}


def test_a_hidden_folder_is_one_entry(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("x")
    assert decided(discover(folder, max_bytes=MB)) == {".git": "hidden"}


def test_a_data_folder_inside_the_source_is_left_alone(folder: Path) -> None:
    (folder / "touchstone-data").mkdir()
    (folder / "touchstone-data/catalogue.sqlite3").write_text("x")
    assert decided(discover(folder, max_bytes=MB)) == {"touchstone-data": "hidden"}


def test_a_pipe_is_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert decided(discover(folder, max_bytes=MB)) == {"pipe.txt": "special_file"}


def test_links_are_followed_only_to_files_inside_the_source(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "broken.txt").symlink_to(folder / "nothing")
    (folder / "loop").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    (folder / "inside.csv").symlink_to(folder / "prices.csv")
    discovery = discover(folder, max_bytes=MB)
    expected = {"out.txt": "outside_source", "broken.txt": "unreadable", "loop": "linked_folder", "self": "unreadable"}
    assert decided(discovery) == expected
    assert [item.document for item in discovery.items] == ["inside.csv", "policies/leave.md", "prices.csv"]


def test_a_name_that_is_not_utf8_is_reported_in_escapes(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt"))).write_text("x")
    (outcome,) = discover(folder, max_bytes=MB).outcomes
    assert outcome == Failed("caf\\xe9.txt", "bad_name", "The name is not valid UTF-8. Rename the file.")


def test_a_file_over_the_limit_is_skipped_unread(folder: Path) -> None:
    (folder / "big.txt").write_bytes(b"x" * 2_000)
    (outcome,) = discover(folder, max_bytes=1_000).outcomes
    assert isinstance(outcome, Skipped)
    assert (outcome.document, outcome.code) == ("big.txt", "too_large")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "There is no file or folder"),
        (lambda path: path.mkdir(), "is empty"),
        (lambda path: (path.mkdir(), (path / ".DS_Store").write_text("x")), "holds no file that can be ingested"),
        (lambda path: os.mkfifo(path), "neither a folder nor a regular file"),
        (lambda path: path.symlink_to(path), "cannot be read"),
    ],
)
def test_a_source_that_holds_nothing_to_read_is_one_clear_sentence(make, says: str, tmp_path: Path) -> None:
    path = tmp_path / "source"
    make(path)
    with pytest.raises(SourceError, match=says):
        discover(path, max_bytes=MB)


def test_nothing_is_removed_below_a_place_that_cannot_be_looked_into(
    run: Ingest, folder: Path, indexes: Indexes, tmp_path: Path
) -> None:
    run()
    (folder / "policies").rename(tmp_path / "unmounted")
    (folder / "policies").symlink_to(folder / "gone")
    report = run()
    assert (report.removed, report.failed) == (0, 1)
    assert "policies/leave.md" in indexes.catalogue.known("c")
