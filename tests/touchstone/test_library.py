"""The public face: the same calls on a data folder and over a real socket."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import touchstone
from tests.cli.conftest import environment_for
from tests.within import within


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "shop.md").write_text("# Shop\n\nThe shop opens at nine in the morning.\n")
    (folder / "lease.md").write_text("# Lease\n\nThe notice period of the lease is 30 days.\n")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> touchstone.Settings:
    return touchstone.load(data=tmp_path / "data", embedder={"kind": "hashing"})


@pytest.fixture
def url(tmp_path: Path, settings: touchstone.Settings) -> Iterator[str]:
    command = [sys.executable, "-m", "cli", "serve", "--port", "0"]
    environment = environment_for(settings.data)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as process:
        assert process.stderr
        said = re.search(r"http://\S+", process.stderr.readline())
        assert said
        yield said.group()
        process.terminate()


def used(index: touchstone.Index, source: Path) -> tuple[str, str, list[str], str]:
    job = index.ingest(source, include=["*.md"])
    answer = index.ask("What is the notice period of the lease?")
    (hit,) = index.search("when does the shop open", limit=1).hits
    names = [document.document for document in index.documents()]
    return job.state, answer.citations[0].document, names, hit.document


def test_a_folder_is_ingested_searched_and_asked(settings: touchstone.Settings, source: Path) -> None:
    with touchstone.open(settings) as index:
        assert used(index, source) == ("COMPLETED", "lease.md", ["lease.md", "shop.md"], "shop.md")


def test_a_client_does_the_same_over_http_with_a_key(url: str, source: Path) -> None:
    with touchstone.Client(url) as service:
        key = service.make_key("first", scopes=["query", "ingest", "admin"]).key
    with touchstone.Client(url, key) as service:
        assert used(service, source) == ("COMPLETED", "lease.md", ["lease.md", "shop.md"], "shop.md")
        (made,) = service.keys()
        assert made.name == "first"
    with touchstone.Client(url, "ts_no_key") as stranger, pytest.raises(touchstone.errors.Unauthorized):
        stranger.search("lease")


def test_a_folder_that_a_service_owns_is_opened_through_it(
    url: str, settings: touchstone.Settings, source: Path
) -> None:
    with touchstone.open(settings) as index:
        assert isinstance(index, touchstone.Client)
        assert index.ingest(source).indexed == 2


def test_a_field_that_a_request_has_not_is_refused_by_its_name(settings: touchstone.Settings) -> None:
    with touchstone.open(settings) as index, pytest.raises(touchstone.errors.UsageError, match="colour"):
        index.search("lease", colour="red")


def test_every_name_is_there_and_importing_loads_nothing() -> None:
    assert all(getattr(touchstone, name) is not None for name in touchstone.__all__)
    code = "import sys, touchstone; print(sorted({'core', 'indexes', 'pydantic', 'httpx'} & set(sys.modules)))"
    assert within(60, code) == "[]"
