"""Opening a data folder: what a dead or broken predecessor left is put in order."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.access import OWNER
from core.errors import DataFolderOwned, IndexBroken
from core.settings.load import Settings
from indexes import recipe
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.rows import JobRow
from indexes.embedders.hashing import HashingEmbedder
from indexes.open import open_indexes
from indexes.search.search import search
from indexes.upkeep.refill import finds_itself
from indexes.upkeep.state import Record, State, StateFile
from tests.indexes.store import agree, store


class OtherEmbedder(HashingEmbedder):
    name = "other-384"


@pytest.fixture
def filled(data: Settings) -> Settings:
    with open_indexes(data) as indexes:
        store(indexes, "a.txt", "alpha", "beta")
        store(indexes, "b.txt", "gamma", collection="second")
    return data


def test_what_was_written_is_there_when_it_is_opened_again(filled: Settings) -> None:
    with open_indexes(filled) as indexes:
        assert search(indexes, "beta", access=OWNER, limit=1).hits[0].text == "beta"
        assert agree(indexes)
        assert agree(indexes, "second")


def test_a_folder_can_be_opened_once_at_a_time(filled: Settings) -> None:
    with open_indexes(filled), pytest.raises(DataFolderOwned), open_indexes(filled):
        pass


def damage_file(folder: Path) -> None:
    (folder / "chroma" / "chroma.sqlite3").write_bytes(b"not a database")


def cut_off(folder: Path) -> None:
    (folder / "chroma.writing").touch()
    (folder / "chroma" / "mark of the old one").touch()


@pytest.mark.parametrize("unsealed", [False, True])
@pytest.mark.parametrize("harm", [lambda folder: shutil.rmtree(folder / "chroma"), damage_file, cut_off])
def test_a_broken_vector_index_is_answered_around_and_made_again(
    filled: Settings, harm: Callable[[Path], None], unsealed: bool
) -> None:
    harm(filled.data)
    if unsealed:
        (filled.data / "seal.json").unlink()
    with open_indexes(filled) as indexes:
        for _ in range(4):
            assert search(indexes, "beta", access=OWNER, limit=1).hits[0].text == "beta"
        gone = state_of(filled) is not State.BROKEN
        assert len(indexes.caretaker.troubles()) == (0 if gone else 1)
        assert indexes.caretaker.repair() == (() if gone else ("vector index",))
        assert indexes.caretaker.troubles() == ()
        assert agree(indexes)
        assert agree(indexes, "second")
    assert not (filled.data / "chroma" / "mark of the old one").exists()
    assert not (filled.data / "chroma.writing").exists()


def test_missing_vectors_are_added_and_unknown_ones_removed(filled: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with open_indexes(filled) as indexes:
        names = sorted(indexes.vectors.ids("default"))
        indexes.vectors.delete("default", names[:1])
        indexes.vectors.upsert("default", ["stranger"], indexes.embedder.embed_passages(["stranger"]))
    (filled.data / "seal.json").unlink()
    with caplog.at_level(logging.WARNING), open_indexes(filled) as indexes:
        assert sorted(indexes.vectors.ids("default")) == names
    assert "mended" in caplog.text


def test_a_vector_that_cannot_be_found_shows_though_its_id_is_there(filled: Settings) -> None:
    with open_indexes(filled) as indexes:
        (name,) = indexes.vectors.ids("second")
        assert finds_itself(indexes.catalogue, indexes.vectors)
        indexes.vectors.upsert("second", [name], -np.ones((1, 384), np.float32) / np.sqrt(384).astype(np.float32))
        assert not finds_itself(indexes.catalogue, indexes.vectors)
    with open_indexes(filled) as indexes:
        assert finds_itself(indexes.catalogue, indexes.vectors)


def test_after_a_death_vectors_that_are_not_found_are_written_again(filled: Settings) -> None:
    left_by_dead_processes(filled, opened=1)
    with open_indexes(filled) as indexes:
        store(indexes, "c.txt", "delta", collection="third")
        store(indexes, "d.txt", "epsilon", collection="fourth")
        (name,) = indexes.vectors.ids("third")
        indexes.vectors.upsert("third", [name], -np.ones((1, 384), np.float32) / np.sqrt(384).astype(np.float32))
        indexes.vectors.delete("fourth", sorted(indexes.vectors.ids("fourth")))
        assert state_of(filled) is State.REOPENED
        assert indexes.caretaker.rewrite_lost() == 2
        assert agree(indexes, "third")
        assert agree(indexes, "fourth")
        assert finds_itself(indexes.catalogue, indexes.vectors)
        assert state_of(filled) is State.OPEN
        assert indexes.caretaker.rewrite_lost() == 0
    assert state_of(filled) is State.CLOSED


def left_by_dead_processes(settings: Settings, *, opened: int) -> None:
    """The folder as processes leave it that die, so many of them with the vector index open."""
    if opened:
        state_file(settings).write(Record(State.OPEN if opened == 1 else State.REOPENED))
    (settings.data / "owner.lock").write_text('{"pid": 1}')
    (settings.data / "seal.json").unlink()


def state_file(settings: Settings) -> StateFile:
    with closing(Catalogue(settings.data / "catalogue.sqlite3")) as catalogue:
        return StateFile(settings.data / "chroma", catalogue)


def state_of(settings: Settings) -> State:
    """Of the vector index, as the next process would meet it."""
    return state_file(settings).read().state


@pytest.mark.parametrize("opened", range(3))
def test_a_vector_index_is_distrusted_when_two_processes_in_a_row_died_with_it_open(
    filled: Settings, opened: int
) -> None:
    left_by_dead_processes(filled, opened=opened)
    with open_indexes(filled) as indexes:
        assert len(indexes.caretaker.troubles()) == (opened == 2)


def test_a_death_long_ago_says_nothing_once_the_index_was_closed_in_order(filled: Settings) -> None:
    left_by_dead_processes(filled, opened=1)
    with open_indexes(filled) as indexes:
        indexes.caretaker.prepare()
    assert state_of(filled) is State.DOUBTFUL
    with open_indexes(filled) as indexes:
        indexes.caretaker.prepare()
        assert state_of(filled) is State.OPEN
    assert state_of(filled) is State.DOUBTFUL
    with open_indexes(filled) as indexes:
        assert indexes.caretaker.rewrite_lost() == 0
    assert state_of(filled) is State.CLOSED


def test_what_processes_died_with_says_nothing_of_the_vector_index_that_took_its_place(filled: Settings) -> None:
    left_by_dead_processes(filled, opened=2)
    with open_indexes(filled) as indexes:
        assert state_of(filled) is State.BROKEN
        indexes.caretaker.remake()
        assert state_of(filled) is State.OPEN
    assert state_of(filled) is State.CLOSED


@pytest.mark.parametrize(
    ("noted", "meant"),
    [
        ({}, State.CLOSED),
        ({"sound until": "2026-01-01"}, State.CLOSED),
        ({"doubt": "a process died"}, State.DOUBTFUL),
        ({"doubt": "a process died", "vector index opened": "once"}, State.OPEN),
        ({"doubt": "a process died", "vector index opened": "again"}, State.REOPENED),
    ],
)
def test_a_folder_that_has_no_file_of_states_yet_is_understood(
    filled: Settings, noted: dict[str, str], meant: State
) -> None:
    (filled.data / "chroma.state").unlink()
    with closing(Catalogue(filled.data / "catalogue.sqlite3")) as catalogue:
        for key, value in noted.items():
            catalogue.remember(key, value)
        file = StateFile(filled.data / "chroma", catalogue)
        assert file.read() == Record(meant, noted.get("sound until", ""))
        (filled.data / "chroma.broken").touch()
        assert file.read() == Record(State.BROKEN)
        file.write(Record(State.CLOSED))
        assert file.read() == Record(State.CLOSED)


def test_rebuilding_gives_the_same_index(filled: Settings) -> None:
    with open_indexes(filled) as indexes:
        before = search(indexes, "alpha", access=OWNER, limit=5).hits
        assert indexes.caretaker.remake() == 3
        assert search(indexes, "alpha", access=OWNER, limit=5).hits == before


def test_jobs_of_a_dead_process_are_interrupted(filled: Settings) -> None:
    created = "2026-01-01T00:00:00+00:00"
    with open_indexes(filled) as indexes:
        indexes.catalogue.jobs.add(JobRow(id="1", collection="c", source="/a", state="RUNNING", created=created))
    with open_indexes(filled) as indexes:
        job = indexes.catalogue.jobs.find("1")
        assert (job.state, job.finished is not None) == ("INTERRUPTED", True)


def test_an_embedder_that_cannot_be_made_is_refused_and_the_sentence_says_what_to_do(filled: Settings) -> None:
    with closing(sqlite3.connect(filled.data / "catalogue.sqlite3")) as catalogue, catalogue:
        catalogue.execute("update meta set value = 'lost-model' where key = 'embedder'")
    (filled.data / "seal.json").unlink()
    with (
        pytest.raises(IndexBroken, match=r"built with the embedder lost-model \(384 dimensions\).*--data"),
        open_indexes(filled),
    ):
        pass


def test_the_index_version_names_the_embedder() -> None:
    assert recipe.version(HashingEmbedder()) == recipe.version(HashingEmbedder())
    assert recipe.version(HashingEmbedder()) != recipe.version(OtherEmbedder())


def test_nothing_of_a_folder_is_readable_to_others(filled: Settings) -> None:
    assert Path(filled.data).stat().st_mode & 0o077 == 0
