"""An open data folder, and the models that questions are put to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, ModelSettings
from indexes.embedders.choose import choose_embedder
from indexes.indexes import Indexes
from indexes.open import open_indexes
from service.answering.models.choose import Model, open_model
from service.answering.models.extractive import Extractive


@pytest.fixture
def indexes(tmp_path: Path) -> Iterator[Indexes]:
    settings = Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))
    with open_indexes(settings) as opened:
        yield opened


@pytest.fixture
def scripted(indexes: Indexes) -> Callable[..., Model]:
    """A model that gives these replies."""

    def made(*replies: str, **fields: object) -> Model:
        settings = ModelSettings.model_validate({"kind": "scripted", "replies": replies, **fields})
        return open_model(Settings(models={"main": settings}), "main", indexes.embedder)

    return made


@pytest.fixture(scope="package")
def extractive() -> Extractive:
    """The built-in model with the real embedder; tests that use it are marked `model`."""
    return Extractive(choose_embedder(EmbedderSettings()))
