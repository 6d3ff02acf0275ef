"""Sources that the service ingests again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import SourceError
from core.settings.load import Settings
from core.settings.sections import ScheduledSource
from indexes.catalogue.rows import JobRow
from indexes.indexes import Indexes
from ingest.jobs.engine import JobEngine
from ingest.jobs.schedule import Schedule
from tests.ingest.jobs.engines import QUICK, ended, one_after_the_other


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def scheduled(indexes: Indexes, engine: JobEngine, clock: Clock, *sources: ScheduledSource) -> Schedule:
    return Schedule(engine, indexes.catalogue.jobs, sources, now=clock)


def test_a_source_is_ingested_at_once_and_again_when_its_time_has_come(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    with one_after_the_other(indexes, settings) as engines:
        clock = Clock()
        entry = ScheduledSource(source=str(folder), every_minutes=60, include=("*.md",))
        schedule = scheduled(indexes, engines(), clock, entry)
        assert [schedule.submit_due(), schedule.submit_due()] == [1, 0]
        (first,) = indexes.catalogue.jobs.latest()
        assert ended(indexes, first.id).state == "COMPLETED"
        assert set(indexes.catalogue.known("default")) == {"policies/leave.md"}
        assert schedule.submit_due() == 0
        clock.ahead = timedelta(minutes=61)
        assert schedule.submit_due() == 1
        ended(indexes, indexes.catalogue.jobs.latest()[0].id)


def test_a_source_at_work_is_not_queued_again(indexes: Indexes, settings: Settings, folder: Path, many: Path) -> None:
    with one_after_the_other(indexes, settings) as engines:
        clock = Clock()
        clock.ahead = timedelta(days=1)
        engine = engines(lambda write: None)
        sources = [ScheduledSource(source=str(place), every_minutes=1) for place in (folder, many)]
        running = engine.submit(folder, "default")
        schedule = scheduled(indexes, engine, clock, *sources)
        queued = schedule.submit_due()
        at_work = [job for job in indexes.catalogue.jobs.latest() if job.source == str(folder)]
        assert queued in (1, 2)  # the first job may have ended by then
        assert len(at_work) == queued
        for job in (running, *indexes.catalogue.jobs.latest()):
            ended(indexes, job.id)


def test_the_thread_looks_by_itself_and_ends_with_the_service(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    with one_after_the_other(indexes, settings) as engines:
        entry = ScheduledSource(source=str(folder), every_minutes=60)
        with Schedule(engines(), indexes.catalogue.jobs, [entry], look_seconds=0.01):
            for _ in range(3000):
                if indexes.catalogue.jobs.latest():
                    break
                time.sleep(0.01)
        assert ended(indexes, indexes.catalogue.jobs.latest()[0].id).state == "COMPLETED"


def test_a_source_that_can_never_be_read_is_told_at_the_start(indexes: Indexes, settings: Settings) -> None:
    with pytest.raises(SourceError):
        Schedule(
            JobEngine(indexes, settings), indexes.catalogue.jobs, [ScheduledSource(source="ftp://x", every_minutes=1)]
        )


def test_a_scheduled_job_that_fails_is_in_the_log_with_its_id_and_code(
    indexes: Indexes, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "empty").mkdir()
    with one_after_the_other(indexes, settings) as engines:
        entry = ScheduledSource(source=str(tmp_path / "empty"), every_minutes=60)
        assert scheduled(indexes, engines(), Clock(), entry).submit_due() == 1
        job = ended(indexes, indexes.catalogue.jobs.latest()[0].id)
    assert job.state == "FAILED"
    (line,) = [record for record in caplog.records if record.getMessage() == "job.failed"]
    assert (line.levelname, vars(line)["job_id"], vars(line)["code"]) == ("WARNING", job.id, "bad_source")


class Faulty(JobEngine):
    """An engine that meets a bug whenever one of the sources is submitted."""

    bad = ""

    def submit(self, source: str | Path, collection: str, **rest: Any) -> JobRow:
        if str(source) == self.bad:
            raise ValueError("planted")
        return super().submit(source, collection, **rest)


def test_a_bug_over_one_source_stops_neither_the_others_nor_the_thread(
    indexes: Indexes, settings: Settings, folder: Path, many: Path
) -> None:
    engine = Faulty(indexes, settings, pace=QUICK)
    engine.bad = str(folder)
    entries = [ScheduledSource(source=str(place), every_minutes=60) for place in (folder, many)]
    with closing_engine(engine), Schedule(engine, indexes.catalogue.jobs, entries, look_seconds=0.01):
        wait_for(lambda: indexes.catalogue.jobs.last_on(str(many), "default"))
        engine.bad = ""
        wait_for(lambda: indexes.catalogue.jobs.last_on(str(folder), "default"))
        assert all(ended(indexes, job.id).state == "COMPLETED" for job in indexes.catalogue.jobs.latest())


@contextmanager
def closing_engine(engine: JobEngine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.stop()


def wait_for(look: Callable[[], object]) -> None:
    while not look():
        time.sleep(0.02)
