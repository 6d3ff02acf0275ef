"""A real service over two real documents, with the embedder that hashes words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from indexes.indexes import Indexes
from indexes.open import open_indexes
from ingest.jobs.engine import JobEngine
from ingest.pipeline import ingest
from service.answering.models.choose import open_model
from service.api.app import create_app
from service.api.state import Service

LEAVE = """# Leave

## Parental leave

Employees who become parents have 16 weeks of paid parental leave.

## Sick leave

A doctor's note is needed from the third day of sick leave.
"""
SHOP = """# The shop

The shop opens at nine. <script>alert("shop")</script> is sold out.
"""

Start = Callable[[Settings], TestClient]


@pytest.fixture(scope="package")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data=tmp_path_factory.mktemp("data"), embedder=EmbedderSettings(kind="hashing"))


@pytest.fixture(scope="package")
def indexes(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexes]:
    source = tmp_path_factory.mktemp("documents")
    (source / "leave.md").write_text(LEAVE)
    (source / "shop.md").write_text(SHOP)
    with open_indexes(settings) as opened:
        ingest(opened, source, collection="default", settings=settings.ingest)
        yield opened


@pytest.fixture(scope="package")
def service(settings: Settings, indexes: Indexes) -> Service:
    return Service(
        settings=settings,
        indexes=indexes,
        jobs=JobEngine(indexes, settings),
        models=lambda name: open_model(settings, name, indexes.embedder),
    )


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    app = create_app(service.settings, open_service=lambda: nullcontext(service))
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def upload_folder(settings: Settings) -> Path:
    return settings.data / "uploads"
