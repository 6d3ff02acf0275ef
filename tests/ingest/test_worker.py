from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.settings import Settings
from indexes.open import Indexes
from ingest.worker import Worker


def test_jobs_run_in_turn_and_end_on_record(indexes: Indexes, settings: Settings, folder: Path) -> None:
    worker = Worker(indexes, settings.ingest)
    worker.start()
    ids = [worker.submit(folder, "a"), worker.submit(folder / "gone", "a"), worker.submit(folder, "b")]
    worker.wait()
    assert [indexes.catalogue.job(job).state for job in ids] == ["COMPLETED", "FAILED", "COMPLETED"]
    worker.stop()
    assert {row.name: row.documents for row in indexes.catalogue.collections()} == {"a": 2, "b": 2}


def test_why_a_job_failed_is_in_its_report(indexes: Indexes, settings: Settings, folder: Path) -> None:
    worker = Worker(indexes, settings.ingest)
    worker.start()
    job = worker.submit(folder / "gone", "a")
    worker.wait()
    worker.stop()
    report = indexes.catalogue.job(job).report
    assert report is not None
    assert "There is no file or folder" in report["error"]["detail"]


def test_stopping_interrupts_the_running_job_and_leaves_no_thread(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    before = threading.active_count()
    worker = Worker(indexes, settings.ingest)
    worker.start()
    job = worker.submit(folder, "a")
    worker.stop()
    assert indexes.catalogue.job(job).state in {"QUEUED", "INTERRUPTED", "COMPLETED"}
    assert threading.active_count() == before


def test_a_worker_that_was_not_started_takes_no_jobs(indexes: Indexes, settings: Settings, folder: Path) -> None:
    with pytest.raises(RuntimeError, match="start"):
        Worker(indexes, settings.ingest).submit(folder, "a")
