"""Jobs whose workflow is gone, or was never begun, because something could not be written down."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from core.errors import InsufficientStorage, Unavailable
from core.settings.load import Settings
from indexes.indexes import Indexes
from ingest.jobs.engine import JobEngine
from tests.ingest.jobs.engines import QUICK, Open, ended, one_after_the_other

LOOKING = replace(QUICK, look_seconds=0.2)
NEVER_LOOKING = replace(QUICK, look_seconds=1000.0)


class Shut:
    """SQLite refuses to note that a job begins or ends, from `refuse` until `allow`; `refused` is set once it has."""

    def __init__(self) -> None:
        self.refusing, self.refused = False, threading.Event()

    def refuse(self) -> None:
        self.refusing = True

    def allow(self) -> None:
        self.refusing = False

    def set_up(self, connection: Connection) -> None:
        connection.connection.set_authorizer(self._asked)

    def _asked(self, action: int, table: Any, column: Any, *rest: Any) -> int:
        if not self.refusing or (action, table, column) != (sqlite3.SQLITE_UPDATE, "jobs", "finished"):
            return sqlite3.SQLITE_OK
        self.refused.set()
        return sqlite3.SQLITE_DENY


@pytest.fixture
def shut(indexes: Indexes) -> Iterator[Shut]:
    door = Shut()
    event.listen(indexes.catalogue.engine, "begin", door.set_up, insert=True)
    yield door
    event.remove(indexes.catalogue.engine, "begin", door.set_up)


def lose_a_job(engines: Open, indexes: Indexes, source: Path, shut: Shut) -> tuple[JobEngine, str]:
    """An engine, and a job that ended while its end could not be put on record."""

    def break_down(write: int) -> None:
        if write == 3:
            shut.refuse()
        if shut.refusing:
            raise InsufficientStorage("planted")

    engine = engines(break_down)
    job = engine.submit(source, "a")
    assert shut.refused.wait(60)
    assert indexes.catalogue.jobs.find(job.id).state == "RUNNING"
    shut.allow()
    return engine, job.id


def test_a_job_whose_end_could_not_be_put_on_record_ends_as_soon_as_it_can(
    indexes: Indexes, settings: Settings, many: Path, shut: Shut
) -> None:
    with one_after_the_other(indexes, settings, LOOKING) as engines:
        engine, job = lose_a_job(engines, indexes, many, shut)
        failed = ended(indexes, job)
        assert (failed.state, failed.report and failed.report["error"]["code"]) == ("FAILED", "insufficient_storage")
        assert ended(indexes, engine.submit(many, "a").id).state == "COMPLETED"


def test_cancelling_ends_a_job_that_nobody_works_on(
    indexes: Indexes, settings: Settings, many: Path, shut: Shut
) -> None:
    with one_after_the_other(indexes, settings, NEVER_LOOKING) as engines:
        engine, job = lose_a_job(engines, indexes, many, shut)
        while engine.cancel(job).state != "CANCELLED":  # its workflow is about to end
            threading.Event().wait(0.02)
        assert ended(indexes, engine.submit(many, "a").id).state == "COMPLETED"


@contextmanager
def without_its_table(database: Path) -> Iterator[None]:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("alter table workflow_status rename to away")
        try:
            yield
        finally:
            connection.execute("alter table away rename to workflow_status")


def test_a_job_that_could_not_be_enqueued_waits_and_runs_when_it_can(
    indexes: Indexes, settings: Settings, many: Path, folder: Path
) -> None:
    with one_after_the_other(indexes, settings, LOOKING) as engines:
        engine = engines()
        ended(indexes, engine.submit(folder, "a").id)
        with without_its_table(settings.data / "jobs.db"):
            job = engine.submit(many, "a")
            assert indexes.catalogue.jobs.find(job.id).state == "QUEUED"
        assert ended(indexes, job.id).state == "COMPLETED"
        assert indexes.catalogue.job_documents.tally(job.id).indexed == 12


def test_a_waiting_job_whose_workflow_is_gone_is_run(
    indexes: Indexes, settings: Settings, many: Path, folder: Path, shut: Shut
) -> None:
    with one_after_the_other(indexes, settings, LOOKING) as engines:
        engine = engines()
        ended(indexes, engine.submit(folder, "a").id)
        shut.refuse()  # a job cannot be noted as running: its workflow ends before it has begun
        job = engine.submit(many, "a")
        assert shut.refused.wait(60)
        shut.allow()
        assert ended(indexes, job.id).state == "COMPLETED"


def test_a_folder_in_the_place_of_the_jobs_database_is_said_and_no_job_is_queued(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    (settings.data / "jobs.db").mkdir()
    engine = JobEngine(indexes, settings)
    with pytest.raises(Unavailable, match="jobs database cannot be opened"):
        engine.submit(folder, "a")
    engine.stop()
    assert indexes.catalogue.jobs.latest() == []
