"""Jobs on DBOS, with the real thing on SQLite; tests/ingest/jobs/test_engine_postgres.py has it on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from core.access import OWNER
from core.errors import IndexBroken, JobConflict, KeyReused, Unavailable
from core.settings.load import Settings
from indexes.catalogue.rows import JobRow, Order
from indexes.indexes import Indexes
from indexes.open import open_indexes
from ingest.jobs.engine import JobEngine
from tests.indexes.store import agree
from tests.ingest.jobs.engines import Open, ended, one_after_the_other


@pytest.fixture
def engines(indexes: Indexes, settings: Settings) -> Iterator[Open]:
    with one_after_the_other(indexes, settings) as opened:
        yield opened


def test_jobs_run_in_turn_and_end_on_record(engines: Open, indexes: Indexes, folder: Path) -> None:
    engine = engines()
    ids = [engine.submit(folder, "a").id, engine.submit(folder / "gone", "a").id, engine.submit(folder, "b").id]
    assert [ended(indexes, job).state for job in ids] == ["COMPLETED", "FAILED", "COMPLETED"]
    failed = indexes.catalogue.jobs.find(ids[1]).report
    assert failed is not None
    assert "There is no file or folder" in failed["error"]["detail"]
    assert {row.name: row.documents for row in indexes.catalogue.collections(access=OWNER)} == {"a": 2, "b": 2}


def test_an_engine_without_jobs_opens_no_database(engines: Open, settings: Settings) -> None:
    engines()
    assert not (settings.data / "jobs.db").exists()


def test_its_database_is_in_wal_mode(engines: Open, indexes: Indexes, settings: Settings, folder: Path) -> None:
    ended(indexes, engines().submit(folder, "a").id)
    with closing(sqlite3.connect(settings.data / "jobs.db")) as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)


def test_a_stopped_job_is_interrupted_and_goes_on_by_itself(engines: Open, indexes: Indexes, many: Path) -> None:
    engine: JobEngine

    def stop(write: int) -> None:
        if write == 5:
            engine._stopping.set()  # what `stop` does first; `stop` itself waits for this very write

    engine = engines(stop)
    job = engine.submit(many, "a")
    interrupted = ended(indexes, job.id)
    tally = indexes.catalogue.job_documents.tally(job.id)
    assert (interrupted.state, tally.indexed, tally.pending) == ("INTERRUPTED", 5, 7)
    written: list[int] = []
    engines(written.append)
    done = ended(indexes, job.id)
    tally = indexes.catalogue.job_documents.tally(job.id)
    assert (done.state, tally.found, tally.indexed, len(written)) == ("COMPLETED", 12, 12, 7)
    assert agree(indexes, "a")


def test_a_job_that_waited_when_the_engine_stopped_is_run_by_the_next(
    engines: Open, indexes: Indexes, many: Path, folder: Path
) -> None:
    engine: JobEngine

    def stop(write: int) -> None:
        engine._stopping.set()

    engine = engines(stop)
    first = engine.submit(many, "a")
    second = engine.submit(folder, "a")
    assert ended(indexes, first.id).state == "INTERRUPTED"
    engine.stop()
    assert indexes.catalogue.jobs.find(second.id).state == "QUEUED"
    engines()
    assert [ended(indexes, job.id).state for job in (first, second)] == ["COMPLETED", "COMPLETED"]


def test_a_job_goes_on_when_the_jobs_database_is_lost(
    engines: Open, indexes: Indexes, settings: Settings, many: Path
) -> None:
    engine: JobEngine

    def stop(write: int) -> None:
        engine._stopping.set()

    engine = engines(stop)
    job = engine.submit(many, "a")
    ended(indexes, job.id)
    engine.stop()
    for file in settings.data.glob("jobs.db*"):
        file.unlink()
    engines()
    assert ended(indexes, job.id).state == "COMPLETED"
    assert indexes.catalogue.job_documents.tally(job.id).indexed == 12


def test_a_store_that_fails_for_a_while_is_tried_again(engines: Open, indexes: Indexes, many: Path) -> None:
    def break_twice(write: int) -> None:
        if write in (3, 4):
            raise IndexBroken("planted")

    job = engines(break_twice).submit(many, "a")
    assert ended(indexes, job.id).state == "COMPLETED"
    assert indexes.catalogue.job_documents.tally(job.id).indexed == 12
    assert agree(indexes, "a")


def test_a_store_that_stays_broken_fails_the_job_with_its_reason_and_a_retry_does_the_rest(
    engines: Open, indexes: Indexes, many: Path
) -> None:
    def break_down(write: int) -> None:
        if write > 6:
            raise IndexBroken("the disk is full")

    job = engines(break_down).submit(many, "a")
    failed = ended(indexes, job.id)
    assert (failed.state, failed.report and failed.report["error"]["detail"]) == ("FAILED", "the disk is full")
    assert indexes.catalogue.job_documents.tally(job.id).indexed == 6
    written: list[int] = []
    engine = engines(written.append)
    engine.retry(job.id)
    assert (ended(indexes, job.id).state, len(written)) == ("COMPLETED", 6)
    tally = indexes.catalogue.job_documents.tally(job.id)
    assert (tally.found, tally.indexed, tally.unchanged, tally.pending) == (12, 12, 0, 0)
    assert agree(indexes, "a")


def test_cancelling_ends_a_running_job_before_its_next_document(engines: Open, indexes: Indexes, many: Path) -> None:
    def cancel(write: int) -> None:
        if write == 4:
            assert engine.cancel(indexes.catalogue.jobs.latest()[0].id).cancelling

    engine = engines(cancel)
    job = engine.submit(many, "a")
    cancelled = ended(indexes, job.id)
    tally = indexes.catalogue.job_documents.tally(job.id)
    assert (cancelled.state, cancelled.cancelling, tally.indexed, tally.pending) == ("CANCELLED", False, 4, 8)
    assert agree(indexes, "a")
    with pytest.raises(JobConflict, match="has ended"):
        engine.cancel(job.id)


def test_a_cancelled_job_can_be_taken_up_again(engines: Open, indexes: Indexes, many: Path) -> None:
    def cancel(write: int) -> None:
        if write == 4:
            engine.cancel(indexes.catalogue.jobs.latest()[0].id)

    engine = engines(cancel)
    job = engine.submit(many, "a")
    ended(indexes, job.id)
    assert engine.retry(job.id).attempt == 2
    assert ended(indexes, job.id).state == "COMPLETED"
    assert indexes.catalogue.job_documents.tally(job.id).indexed == 12


def test_a_cancelled_job_that_waited_never_runs(engines: Open, indexes: Indexes, many: Path, folder: Path) -> None:
    waiting: list[str] = []

    def cancel(write: int) -> None:
        if write == 1:
            with ThreadPoolExecutor() as caller:
                waiting.append(caller.submit(engine.submit, folder, "a").result().id)
            assert engine.cancel(waiting[0]).state == "CANCELLED"

    engine = engines(cancel)
    ended(indexes, engine.submit(many, "a").id)
    last = engine.submit(folder, "b")
    ended(indexes, last.id)
    assert indexes.catalogue.jobs.find(waiting[0]).started is None
    assert [row.documents for row in indexes.catalogue.collections(access=OWNER)] == [12, 2]


def test_a_retry_reads_only_what_failed(engines: Open, indexes: Indexes, folder: Path) -> None:
    (folder / "later.csv").write_bytes(b"")
    engine = engines()
    job = engine.submit(folder, "a")
    assert ended(indexes, job.id).state == "COMPLETED_WITH_ERRORS"
    (folder / "later.csv").write_text("item,price\ntap,12\n")
    (folder / "new.txt").write_text("Not part of this job.")
    (folder / "prices.csv").write_text("item,price\npump,999\n")
    engine.retry(job.id)
    assert ended(indexes, job.id).state == "COMPLETED"
    tally = indexes.catalogue.job_documents.tally(job.id)
    assert (tally.found, tally.indexed, tally.failed, tally.chunks) == (3, 3, 0, 3)
    assert set(indexes.catalogue.known("a")) == {"later.csv", "policies/leave.md", "prices.csv"}
    with pytest.raises(JobConflict, match="nothing to retry"):
        engine.retry(job.id)


def test_what_fails_again_is_still_on_record(engines: Open, indexes: Indexes, folder: Path) -> None:
    (folder / "later.csv").write_bytes(b"")
    (folder / "gone.csv").write_bytes(b"")
    engine = engines()
    job = engine.submit(folder, "a")
    ended(indexes, job.id)
    (folder / "gone.csv").unlink()
    engine.retry(job.id)
    assert ended(indexes, job.id).state == "COMPLETED_WITH_ERRORS"
    failed = indexes.catalogue.job_documents.listed(job.id, ["failed"])
    assert [(entry.document, entry.code) for entry in failed] == [("gone.csv", "unreadable"), ("later.csv", "empty")]
    assert indexes.catalogue.job_documents.tally(job.id).found == 4


def test_a_second_job_on_a_source_is_refused_by_name(engines: Open, indexes: Indexes, many: Path) -> None:
    refused: list[str] = []

    def submit_again(write: int) -> None:
        if write == 1:
            with pytest.raises(JobConflict) as conflict:
                engine.submit(many / ".." / "many", "a")
            refused.append(str(conflict.value))

    engine = engines(submit_again)
    job = engine.submit(many, "a")
    ended(indexes, job.id)
    assert f"Job {job.id} is ingesting {many}" in refused[0]
    assert ended(indexes, engine.submit(many, "a").id).state == "COMPLETED"


def test_an_idempotency_key_gives_the_same_job_once(engines: Open, indexes: Indexes, folder: Path) -> None:
    engine = engines()
    job = engine.submit(folder, "a", order=Order(key="k", digest="1"))
    assert engine.submit(folder, "a", order=Order(key="k", digest="1")).id == job.id
    ended(indexes, job.id)
    assert engine.submit(folder, "a", order=Order(key="k", digest="1")).id == job.id
    with pytest.raises(KeyReused, match=job.id):
        engine.submit(folder, "b", order=Order(key="k", digest="2"))
    assert len(indexes.catalogue.jobs.latest()) == 1


def test_a_database_that_cannot_be_opened_is_said_and_no_job_is_queued(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    nowhere = {"database_url": "postgresql://nobody:secret@127.0.0.1:1/none?connect_timeout=2"}
    engine = JobEngine(indexes, settings.model_copy(update={"jobs": settings.jobs.model_copy(update=nowhere)}))
    with pytest.raises(Unavailable, match=r"jobs\.database_url") as refused:
        engine.submit(folder, "a")
    engine.stop()
    assert "secret" not in str(refused.value)
    assert indexes.catalogue.jobs.latest() == []


def test_a_job_that_a_command_left_is_not_the_service_s_to_go_on_with(
    engines: Open, indexes: Indexes, folder: Path
) -> None:
    created = "2026-01-01T00:00:00.000+00:00"
    left = JobRow(id="1", collection="a", source=str(folder), state="INTERRUPTED", created=created)
    indexes.catalogue.jobs.add(left)
    engines()
    assert indexes.catalogue.jobs.find("1") == left


def test_a_folder_can_be_opened_again_after_its_engine_stopped(settings: Settings, folder: Path) -> None:
    for collection in ("a", "b"):
        with open_indexes(settings) as indexes:
            engine = JobEngine(indexes, settings)
            engine.start()
            assert ended(indexes, engine.submit(folder, collection).id).state == "COMPLETED"
            engine.stop()
