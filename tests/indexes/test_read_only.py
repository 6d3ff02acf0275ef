"""An index that is read while its owner works on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.access import OWNER
from core.errors import DataFolderOwned, TouchstoneError
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from indexes.open import open_indexes
from indexes.read_only import open_to_read
from indexes.search.search import search
from ingest.pipeline import ingest


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    source = tmp_path / "documents"
    source.mkdir()
    for number in range(30):
        (source / f"{number}.md").write_text(
            f"# Shelf {number}\n\nShelf {number} holds folders of the year {number}.\n"
        )
    chosen = Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))
    with open_indexes(chosen) as indexes:
        ingest(indexes, source, collection="default", settings=chosen.ingest)
    return chosen


def test_beside_its_owner_an_index_finds_what_the_owner_finds(settings: Settings) -> None:
    with open_indexes(settings) as owned, open_to_read(settings) as read:
        for question in ("shelf 7", "folders of the year 12", "nothing of the kind"):
            by_owner, by_reader = (search(each, question, access=OWNER, limit=10) for each in (owned, read))
            assert by_reader.hits == by_owner.hits
            assert by_reader.index_version == by_owner.index_version


def test_what_the_owner_adds_is_found_by_who_opens_the_index_next(settings: Settings, tmp_path: Path) -> None:
    with open_indexes(settings) as owned:
        (tmp_path / "new.txt").write_text("The heron stands in the pond.")
        ingest(owned, tmp_path / "new.txt", collection="default", settings=settings.ingest)
        with open_to_read(settings) as read:
            assert search(read, "heron in the pond", access=OWNER, limit=1).hits[0].document == "new.txt"


def test_whoever_reads_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    with open_indexes(settings), open_to_read(settings) as read:
        with pytest.raises(DataFolderOwned, match="in use by another process"):
            read.caretaker.repair()
        with pytest.raises(DataFolderOwned):
            read.vectors.drop("default")
        with pytest.raises(TouchstoneError):
            ingest(read, tmp_path / "documents", collection="other", settings=settings.ingest)
        with pytest.raises(TouchstoneError):
            read.catalogue.remember("anything", "new")


def test_an_owner_that_ends_while_the_index_is_read_leaves_it_sound(settings: Settings) -> None:
    with open_to_read(settings) as alone:
        assert alone.lock is not None
    owner = open_indexes(settings)
    owner.__enter__()
    with open_to_read(settings) as read:
        owner.__exit__(None, None, None)
        assert len(read.catalogue.documents("default", access=OWNER)) == 30
        with open_indexes(settings) as next_owner:
            next_owner.catalogue.remember("a fact", "true")
            assert len(search(read, "shelf 7", access=OWNER, limit=5).hits) == 5
    with open_indexes(settings) as indexes:
        assert indexes.catalogue.recall("a fact") == "true"
        assert indexes.caretaker.verify(full=True).faults == ()


def test_a_catalogue_that_its_owner_has_not_made_yet_is_not_made_by_who_reads(tmp_path: Path) -> None:
    from indexes.upkeep.lock import own

    chosen = Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))
    with own(chosen.data):
        with pytest.raises(DataFolderOwned), open_to_read(chosen):
            pass
        assert [path.name for path in chosen.data.iterdir()] == ["owner.lock"]
