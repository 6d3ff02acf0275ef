"""That a key was made belongs to the data folder: nothing that takes the place of its index opens the service again."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import StatementError

from core.settings.load import Settings
from indexes import versions
from indexes.backup import restore, take
from indexes.catalogue import keys
from indexes.catalogue.rows import KeyRow
from indexes.open import open_indexes
from tests.indexes.store import store

WIKI = KeyRow(id="", name="wiki", digest="", scopes=("admin",), groups=(), created="")


def filled(data: Settings, backup: Path, *, key: bool) -> None:
    """A data folder with a document and maybe a key, and a backup of it."""
    with open_indexes(data) as indexes:
        store(indexes, "a.txt", "words")
        if key:
            indexes.catalogue.keys.make(WIKI)
    take(data.data, backup)


def asks(data: Settings) -> bool:
    with open_indexes(data) as indexes:
        return indexes.catalogue.keys.any()


def test_a_backup_from_before_the_first_key_does_not_open_a_folder_that_had_one(data: Settings, tmp_path: Path) -> None:
    filled(data, tmp_path / "before.tar", key=False)
    with open_indexes(data) as indexes:
        indexes.catalogue.keys.make(WIKI)
    restore(data, tmp_path / "before.tar", force=True)
    assert keys.is_keyless(data.data)
    assert asks(data)
    with open_indexes(data) as indexes:
        assert indexes.catalogue.keys.all() == []
        indexes.catalogue.keys.make(WIKI)
    assert not keys.is_keyless(data.data)


def test_a_folder_of_an_earlier_release_says_so_once_it_is_opened_and_when_it_is_restored_into(
    data: Settings, tmp_path: Path
) -> None:
    filled(data, tmp_path / "before.tar", key=False)
    with open_indexes(data) as indexes:
        indexes.catalogue.keys.make(WIKI)
    (data.data / keys.MARK).unlink()
    assert asks(data)
    assert keys.is_marked(data.data)
    (data.data / keys.MARK).unlink()
    restore(data, tmp_path / "before.tar", force=True)
    assert asks(data)


def test_an_index_that_cannot_be_read_may_have_had_keys(data: Settings, tmp_path: Path) -> None:
    filled(data, tmp_path / "before.tar", key=False)
    (data.data / versions.CATALOGUE).write_bytes(b"damaged " * 1000)
    restore(data, tmp_path / "before.tar", force=True)
    assert asks(data)


def test_a_backup_with_keys_and_one_of_a_folder_that_asks_for_them_close_a_new_folder(
    data: Settings, tmp_path: Path
) -> None:
    filled(data, tmp_path / "with.tar", key=True)
    elsewhere = data.model_copy(update={"data": tmp_path / "elsewhere"})
    restore(elsewhere, tmp_path / "with.tar")
    assert keys.is_marked(elsewhere.data)
    with closing(sqlite3.connect(versions.folder_of(elsewhere.data, "2") / versions.CATALOGUE)) as catalogue:
        catalogue.execute("delete from keys")
        catalogue.commit()
    take(elsewhere.data, tmp_path / "without.tar")
    third = data.model_copy(update={"data": tmp_path / "third"})
    restore(third, tmp_path / "without.tar")
    assert asks(third)


def test_a_folder_without_a_key_stays_without_one(data: Settings, tmp_path: Path) -> None:
    filled(data, tmp_path / "before.tar", key=False)
    restore(data, tmp_path / "before.tar", force=True)
    assert not asks(data)
    assert not keys.is_marked(data.data)


def test_a_process_that_dies_while_it_makes_the_first_key_leaves_the_folder_closed(
    data: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note is on the disk before the key can be used: what dies after it, here at the key itself, opens nothing."""
    synced: list[bool] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append(keys.is_marked(data.data))

    with open_indexes(data) as indexes:
        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(StatementError):
            indexes.catalogue.keys.make(KeyRow(id="", name="x", digest="", scopes=object(), groups=(), created=""))  # type: ignore[arg-type]
        assert synced == [True, True]
        assert indexes.catalogue.keys.any()
        assert indexes.catalogue.keys.all() == []
    assert asks(data)
