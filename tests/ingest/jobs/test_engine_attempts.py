"""A job that is taken up again: what it comes back for, and what it does not hold against a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from core.access import OWNER
from core.settings.load import Settings
from core.sources import EVERYTHING
from indexes.indexes import Indexes
from ingest.jobs.engine import JobEngine
from ingest.pipeline import lay_out, plan_of, process, reader
from ingest.record import new_job
from ingest.work import CRASH_BACKOFF_SECONDS, JobStopped, Work
from tests.ingest.jobs.engines import Open, ended, one_after_the_other

MAIL = (
    b"From: a@x.example\nTo: b@x.example\nSubject: The plan\nMIME-Version: 1.0\n"
    b'Content-Type: multipart/mixed; boundary="=="\n\n--==\nContent-Type: text/plain\n\nSee attached.\n'
    b'--==\nContent-Type: text/csv\nContent-Disposition: attachment; filename="plan.csv"\n\nstep,day\ndig,1\n--==--\n'
)


@pytest.fixture
def engines(indexes: Indexes, settings: Settings) -> Iterator[Open]:
    with one_after_the_other(indexes, settings) as opened:
        yield opened


def test_what_is_attached_to_a_mail_is_read_by_the_job_that_goes_on(
    engines: Open, indexes: Indexes, tmp_path: Path
) -> None:
    source = tmp_path / "mails"
    source.mkdir()
    (source / "mail.eml").write_bytes(MAIL.replace(b"dig,1", b"dig,1\nsow,2"))
    first = engines().submit(source, "a")
    assert ended(indexes, first.id).state == "COMPLETED"
    engine: JobEngine

    def stop(write: int) -> None:
        engine._stopping.set()  # the mail is written, what is attached to it is not

    (source / "mail.eml").write_bytes(MAIL)
    engine = engines(stop)
    job = engine.submit(source, "a")
    assert ended(indexes, job.id).state == "INTERRUPTED"
    engines()
    assert ended(indexes, job.id).state == "COMPLETED"
    tally = indexes.catalogue.job_documents.tally(job.id)
    assert (tally.found, tally.indexed, tally.removed) == (2, 2, 0)
    assert "sow" not in indexes.catalogue.text("a", "mail.eml!/plan.csv", access=OWNER)


def test_a_job_that_was_stopped_leaves_no_file_under_suspicion(engines: Open, indexes: Indexes, many: Path) -> None:
    engine: JobEngine

    def break_down(write: int) -> None:
        engine._stopping.set()

    engine = engines(break_down)
    job = engine.submit(many, "a")
    ended(indexes, job.id)
    with indexes.catalogue.attempts.begun(job.id, left=5) as starts:
        assert starts == 1
    assert not indexes.catalogue.attempts.deaths(job.id)


def test_a_file_that_a_process_died_over_comes_last_and_is_not_begun_before_the_job_has_stood(
    indexes: Indexes, settings: Settings, many: Path
) -> None:
    job = indexes.catalogue.jobs.add(new_job(many, "a", "RUNNING", "command", EVERYTHING))
    documents, attempts = indexes.catalogue.job_documents, indexes.catalogue.attempts
    looks = []

    def stop_at_the_second_look_while_only_it_is_left() -> None:
        looks.append(documents.todo(job.id, 0) == ["00.txt"])
        if sum(looks) == 2:
            raise JobStopped

    work = Work(indexes=indexes, settings=settings.ingest, job=job, crash_backoff=(0.0, 3600.0))
    lay_out(work, plan_of(work), batch=100)
    with ExitStack() as never, reader(work) as pool:
        never.enter_context(attempts.begun(job.id, "00.txt"))
        with pytest.raises(JobStopped):
            process(replace(work, check=stop_at_the_second_look_while_only_it_is_left), 0, pool)
        assert attempts.deaths(job.id) == {"00.txt": 1}
        process(replace(work, crash_backoff=(0.0, 0.1)), 0, pool)
        assert attempts.deaths(job.id) == {}
    assert documents.tally(job.id).indexed == 12


def test_a_file_that_as_many_processes_died_over_as_may_is_given_up(
    indexes: Indexes, settings: Settings, many: Path
) -> None:
    job = indexes.catalogue.jobs.add(new_job(many, "a", "RUNNING", "command", EVERYTHING))
    work = Work(indexes=indexes, settings=settings.ingest, job=job)
    lay_out(work, plan_of(work), batch=100)
    with ExitStack() as never, reader(work) as pool:
        for _ in work.crash_backoff:
            never.enter_context(indexes.catalogue.attempts.begun(job.id, "00.txt"))
        process(work, 0, pool)
    (failed,) = indexes.catalogue.job_documents.listed(job.id, ["failed"])
    assert (failed.document, failed.code) == ("00.txt", "crashed")
    assert indexes.catalogue.job_documents.tally(job.id).indexed == 11


@pytest.mark.parametrize("step", ["/plan", "/sweep"])
def test_a_job_that_as_many_processes_died_over_as_a_whole_as_may_is_given_up_until_it_is_taken_up_again(
    engines: Open, indexes: Indexes, many: Path, step: str
) -> None:
    job = indexes.catalogue.jobs.add(new_job(many, "a", "QUEUED", "service", EVERYTHING))
    with ExitStack() as never:
        for _ in CRASH_BACKOFF_SECONDS:
            never.enter_context(indexes.catalogue.attempts.begun(job.id, step))
        engine = engines()
        given_up = ended(indexes, job.id)
    error = (given_up.report or {})["error"]
    assert (given_up.state, error["code"]) == ("FAILED", "bad_source")
    assert "ended 3 times" in error["detail"]
    engine.retry(job.id)
    assert ended(indexes, job.id).state == "COMPLETED"
