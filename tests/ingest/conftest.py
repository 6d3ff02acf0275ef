"""Indexes with the embedder that hashes words, and a folder to ingest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from indexes.indexes import Indexes
from indexes.open import open_indexes
from ingest.outcomes import IngestReport
from ingest.pipeline import ingest

Ingest = Callable[..., IngestReport]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))


@pytest.fixture
def indexes(settings: Settings) -> Iterator[Indexes]:
    with open_indexes(settings) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "documents"
    (source / "policies").mkdir(parents=True)
    (source / "policies/leave.md").write_text("# Leave\n\nParental leave lasts 16 weeks.\n")
    (source / "prices.csv").write_text("item,price\npump,120\nvalve,35\n")
    return source


@pytest.fixture
def many(tmp_path: Path) -> Path:
    source = tmp_path / "many"
    source.mkdir()
    for number in range(12):
        (source / f"{number:02}.txt").write_text(f"Note {number} says so.\n")
    return source


@pytest.fixture
def run(indexes: Indexes, settings: Settings, folder: Path) -> Ingest:
    def again(source: Path = folder, collection: str = "c") -> IngestReport:
        return ingest(indexes, source, collection=collection, settings=settings.ingest)

    return again
