"""A job that is taken up again: what it comes back for, and what it does not hold against a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.access import OWNER
from core.settings import Settings
from indexes.open import Indexes
from ingest.engine import JobEngine
from tests.ingest.engines import Open, ended, one_after_the_other

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
    assert not indexes.catalogue.attempts.suspects(job.id)
