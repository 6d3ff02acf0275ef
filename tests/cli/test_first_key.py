"""The first start of a service that others can reach makes the key that it asks for, as the container's does."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cli.serve import open_service
from core.errors import SettingsError
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from core.settings.service import ServerSettings
from service.api.app import create_app


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    server = ServerSettings(host="0.0.0.0")
    return Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"), server=server)


@contextmanager
def started(settings: Settings, file: Path) -> Iterator[TestClient]:
    def opened() -> Any:
        return open_service(settings, "http://127.0.0.1:8000", file)

    with TestClient(create_app(settings, open_service=opened), base_url="http://127.0.0.1:8000") as client:
        yield client


def models(client: TestClient, key: str = "") -> int:
    return client.get("/v1/models", headers={"Authorization": f"Bearer {key}"} if key else {}).status_code


def test_the_first_start_makes_a_key_for_whoever_can_read_its_file(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "first-key"
    file.write_text("something that was there before and is longer than any key, for everybody to read" * 3)
    file.chmod(0o644)
    with started(settings, file) as client:
        key = file.read_text().strip()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (models(client), models(client, key)) == (401, 200)
        made = client.get("/v1/keys", headers={"Authorization": f"Bearer {key}"}).json()["keys"]
        assert [(each["name"], each["scopes"]) for each in made] == [("first", ["admin"])]
    file.unlink()
    with started(settings, file) as client:
        assert (models(client), models(client, key), file.exists()) == (401, 200, False)


def test_no_key_is_made_where_everybody_is_meant_to_get_in(settings: Settings, tmp_path: Path) -> None:
    everybody = settings.model_copy(update={"server": ServerSettings(host="0.0.0.0", allow_anonymous=True)})
    with started(everybody, tmp_path / "first-key") as client:
        assert models(client) == 200
    assert not (tmp_path / "first-key").exists()


def test_without_a_place_for_the_key_it_does_not_start_and_makes_none(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for file in (tmp_path / "no" / "first-key", tmp_path / "link"):
        with pytest.raises(SettingsError, match="first key"), started(settings, file):
            pass
    assert not (tmp_path / "elsewhere").exists()
    with started(settings, tmp_path / "first-key"):
        assert (tmp_path / "first-key").read_text().startswith("ts_")
