"""An open data folder with the hashing embedder, and a way to put documents into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings.load import EmbedderSettings, Settings
from indexes.open import Indexes, open_indexes


@pytest.fixture
def data(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))


@pytest.fixture
def indexes(data: Settings) -> Iterator[Indexes]:
    with open_indexes(data) as opened:
        yield opened
