"""Jobs at the command line, without a service."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Touchstone


def test_a_job_is_shown_with_its_history(touchstone: Touchstone, source: Path) -> None:
    job = touchstone("ingest", source, "--json").json["job_id"]
    shown = touchstone("jobs", "show", job)
    assert shown.code == 0
    assert all(word in shown.out for word in (job, "completed", str(source), "last success", "2 files found"))
    detail = touchstone("jobs", "show", job, "--json").json
    assert (detail["state"], detail["attempt"], detail["last_success"]) == ("COMPLETED", 1, detail["finished"])


def test_a_retry_reads_what_failed(touchstone: Touchstone, source: Path) -> None:
    (source / "later.txt").write_bytes(b"")
    job = touchstone("ingest", source, "--json").json["job_id"]
    again = touchstone("jobs", "retry", job)
    assert (again.code, "later.txt" in again.out) == (3, True)
    (source / "later.txt").write_text("Here it is.")
    done = touchstone("jobs", "retry", job, "--json")
    assert (done.code, done.json["job_id"], done.json["indexed"], done.json["failed"]) == (0, job, 3, 0)
    refused = touchstone("jobs", "retry", job)
    assert (refused.code, "nothing to retry" in refused.err) == (2, True)


def test_a_job_that_ended_cannot_be_cancelled(touchstone: Touchstone, source: Path) -> None:
    job = touchstone("ingest", source, "--json").json["job_id"]
    refused = touchstone("jobs", "cancel", job)
    assert (refused.code, "has ended (completed)" in refused.err) == (2, True)
    assert touchstone("jobs", "cancel", "nobody").code == 2


def test_jobs_are_listed_newest_first(touchstone: Touchstone, source: Path) -> None:
    ids = [touchstone("ingest", source, "--json").json["job_id"] for _ in range(3)]
    assert [job["job_id"] for job in touchstone("jobs", "list", "--json").json["jobs"]] == ids[::-1]
