"""An open data folder with the hashing embedder, and a way to put documents into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from indexes.indexes import Indexes
from indexes.open import open_indexes


@pytest.fixture
def data(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))


@pytest.fixture
def indexes(data: Settings) -> Iterator[Indexes]:
    with open_indexes(data) as opened:
        yield opened
