"""A backup that is taken while others write is of one moment."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.access import OWNER
from core.errors import DataFolderOwned, InsufficientStorage, UsageError
from core.settings.load import Settings
from indexes import versions
from indexes.backup import restore, take
from indexes.indexes import Indexes
from indexes.open import open_indexes
from indexes.search.search import search
from indexes.write import write_documents
from tests.indexes.store import store, version


def test_what_belongs_together_is_there_together(indexes: Indexes, data: Settings, tmp_path: Path) -> None:
    """Two documents are always written at once: no backup holds one without the other."""
    ended = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not ended.is_set():
            number = len(written)
            pair = [version(indexes, f"{side} {number}", f"passage {number}", "another") for side in "ab"]
            write_documents(indexes, pair)
            written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        held = []
        for number in range(3):
            while len(written) < 3 * (number + 1):
                ended.wait(0.01)
            held.append(take(data.data, tmp_path / f"{number}.tar").documents)
    finally:
        ended.set()
        writer.join()
    for number in range(3):
        elsewhere = data.model_copy(update={"data": tmp_path / f"restored {number}"})
        manifest = restore(elsewhere, tmp_path / f"{number}.tar")
        assert manifest.documents == held[number] >= 6 * (number + 1)
        with open_indexes(elsewhere) as restored:
            names = set(restored.catalogue.known("default"))
            assert {f"a {name[2:]}" for name in names} | {f"b {name[2:]}" for name in names} == names
            assert search(restored, "passage 1", access=OWNER, limit=1).hits


def test_a_folder_at_work_is_not_restored_into(indexes: Indexes, data: Settings, tmp_path: Path) -> None:
    store(indexes, "a.txt", "words")
    take(data.data, tmp_path / "backup.tar")
    with pytest.raises(DataFolderOwned):
        restore(data, tmp_path / "backup.tar", force=True)


def test_what_was_restored_is_a_folder_of_its_own(indexes: Indexes, data: Settings, tmp_path: Path) -> None:
    """Its jobs are not those of the original, which may go on and share a jobs database with it."""
    indexes.catalogue.remember("folder", "the original")
    store(indexes, "a.txt", "words")
    take(data.data, tmp_path / "backup.tar")
    elsewhere = data.model_copy(update={"data": tmp_path / "elsewhere"})
    restore(elsewhere, tmp_path / "backup.tar")
    with open_indexes(elsewhere) as restored:
        assert restored.catalogue.recall("folder") is None


@contextmanager
def no_room() -> Iterator[None]:
    """Inside, no file can grow beyond some bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_without_room_is_said_and_no_half_version_is_left(
    indexes: Indexes, data: Settings, tmp_path: Path
) -> None:
    store(indexes, "a.txt", "words")
    take(data.data, tmp_path / "backup.tar")
    elsewhere = data.model_copy(update={"data": tmp_path / "elsewhere"})
    with no_room(), pytest.raises(UsageError, match="cannot be unpacked"):
        restore(elsewhere, tmp_path / "backup.tar")
    assert versions.present(elsewhere.data) == []
    restore(elsewhere, tmp_path / "backup.tar")
    with no_room(), pytest.raises(InsufficientStorage, match="was not taken"):
        take(data.data, tmp_path / "second.tar")
    assert not (tmp_path / "second.tar").exists()
