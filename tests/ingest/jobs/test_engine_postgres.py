"""Jobs with the engine's tables on PostgreSQL: the same code, another URL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings.load import Settings
from indexes.indexes import Indexes
from indexes.open import open_indexes
from ingest.jobs.engine import JobEngine
from tests.indexes.store import agree
from tests.ingest.jobs.engines import Open, ended, one_after_the_other
from tests.ingest.jobs.postgres import programs, running

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    folder = programs()
    assert folder
    with running(folder) as url:
        yield url


@pytest.fixture
def settings(settings: Settings, database_url: str) -> Settings:
    return settings.model_copy(update={"jobs": settings.jobs.model_copy(update={"database_url": database_url})})


@pytest.fixture
def engines(indexes: Indexes, settings: Settings) -> Iterator[Open]:
    with one_after_the_other(indexes, settings) as opened:
        yield opened


def test_a_job_runs_to_its_end_without_a_file_for_the_engine(
    engines: Open, indexes: Indexes, settings: Settings, many: Path
) -> None:
    job = engines().submit(many, "a")
    assert ended(indexes, job.id).state == "COMPLETED"
    assert not (settings.data / "jobs.db").exists()
    assert agree(indexes, "a")


def test_a_stopped_job_goes_on_by_itself(engines: Open, indexes: Indexes, many: Path) -> None:
    engine: JobEngine

    def stop(write: int) -> None:
        if write == 5:
            engine._stopping.set()

    engine = engines(stop)
    job = engine.submit(many, "a")
    assert ended(indexes, job.id).state == "INTERRUPTED"
    written: list[int] = []
    engines(written.append)
    assert (ended(indexes, job.id).state, len(written)) == ("COMPLETED", 7)
    assert agree(indexes, "a")


def test_folders_that_share_a_database_leave_each_other_s_jobs_alone(
    engines: Open, indexes: Indexes, settings: Settings, many: Path, folder: Path, tmp_path: Path
) -> None:
    engine: JobEngine

    def stop(write: int) -> None:
        engine._stopping.set()

    engine = engines(stop)
    left = engine.submit(many, "a")
    waiting = engine.submit(folder, "a")
    ended(indexes, left.id)
    engine.stop()
    elsewhere = settings.model_copy(update={"data": tmp_path / "other"})
    with open_indexes(elsewhere) as other, one_after_the_other(other, elsewhere) as others:
        job = others().submit(folder, "b")
        assert ended(other, job.id).state == "COMPLETED"
    states = [indexes.catalogue.jobs.find(job.id).state for job in (left, waiting)]
    assert states == ["INTERRUPTED", "QUEUED"]
    engines()
    assert [ended(indexes, job.id).state for job in (left, waiting)] == ["COMPLETED", "COMPLETED"]
