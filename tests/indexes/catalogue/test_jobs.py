"""Jobs in the catalogue: their order, their states, and what becomes of their documents."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import JobConflict
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.job_documents import TO_REMOVE, Layout
from indexes.catalogue.rows import JobDocument, JobRow, Version
from indexes.indexes import Indexes
from indexes.write import remove_document, write_documents
from tests.indexes.store import new_document, store

NOW = "2026-01-01T00:00:00.000+00:00"
JOB = JobRow(id="1", collection="c", source="/a", state="RUNNING", created=NOW)
NOTHING = Layout(decided=(), batches=(), vanished=(), unchanged=())


def test_jobs_come_newest_first_even_when_asked_for_in_one_millisecond(indexes: Indexes) -> None:
    for name in ("b", "c", "a"):
        indexes.catalogue.jobs.add(replace(JOB, id=name, source=f"/{name}"))
    indexes.catalogue.jobs.run("b")
    assert [row.id for row in indexes.catalogue.jobs.latest()] == ["a", "c", "b"]
    assert [row.id for row in indexes.catalogue.jobs.latest(1)] == ["a"]


def test_when_it_was_asked_for_stays_as_it_was(indexes: Indexes) -> None:
    jobs = indexes.catalogue.jobs
    jobs.add(replace(JOB, state="QUEUED", runner="service"))
    jobs.run("1")
    jobs.finish("1", "COMPLETED", {"seconds": 1.0})
    job = jobs.find("1")
    assert (job.created, job.state, job.report) == (NOW, "COMPLETED", {"seconds": 1.0})
    assert job.started is not None
    assert job.finished is not None
    assert jobs.last_success(job) == job.finished


def test_a_job_that_ended_does_not_begin_again(indexes: Indexes) -> None:
    jobs = indexes.catalogue.jobs
    jobs.add(replace(JOB, state="QUEUED", runner="service"))
    jobs.cancel("1")
    assert not jobs.run("1")
    assert jobs.find("1").state == "CANCELLED"


def test_only_a_queued_job_stands_behind_a_queued_one(indexes: Indexes) -> None:
    jobs = indexes.catalogue.jobs
    jobs.add(replace(JOB, state="QUEUED", runner="service"))
    jobs.add(replace(JOB, id="2", source="/b", state="QUEUED", runner="service"))
    jobs.add(replace(JOB, id="3", collection="d", state="QUEUED", runner="service"))
    with pytest.raises(JobConflict, match="Job 1 is waiting to ingest /a into 'c' already"):
        jobs.add(replace(JOB, id="4", state="QUEUED", runner="service"))
    jobs.add(replace(JOB, id="5"))
    with pytest.raises(JobConflict, match="Job 5 is ingesting"):
        jobs.add(replace(JOB, id="6"))


def test_what_waits_for_a_service_goes_on_waiting_when_the_folder_is_opened(indexes: Indexes) -> None:
    jobs = indexes.catalogue.jobs
    jobs.add(replace(JOB, id="0", source="/0", state="QUEUED", runner="service"))
    jobs.add(replace(JOB, id="1", source="/1", runner="service"))
    jobs.add(replace(JOB, id="2", source="/2"))
    jobs.add(replace(JOB, id="3", source="/3", runner="service"))
    jobs.cancel("3")
    assert jobs.interrupt() == 3
    states = [jobs.find(str(number)).state for number in range(4)]
    assert states == ["QUEUED", "INTERRUPTED", "INTERRUPTED", "CANCELLED"]
    assert [row.id for row in jobs.requeue()] == ["0", "1"]
    assert jobs.find("1").state == "QUEUED"


def test_a_document_is_on_record_from_the_commit_that_wrote_it(indexes: Indexes) -> None:
    indexes.catalogue.jobs.add(JOB)
    records = indexes.catalogue.job_documents
    records.lay_out(JOB, replace(NOTHING, batches=(("a.txt", "b.txt"),), unchanged=("z.txt",)))
    tally = records.tally("1")
    assert (tally.found, tally.pending, tally.unchanged) == (3, 2, 1)
    empty = indexes.embedder.embed_passages([])
    write_documents(indexes, [Version(new_document("a.txt", "", version="v1"), [], empty)], job="1")
    assert records.todo("1", 0) == ["b.txt"]
    assert records.listed("1", ["indexed"]) == [JobDocument(document="a.txt", status="indexed")]


def test_a_removal_is_on_record_from_the_commit_that_made_it(indexes: Indexes) -> None:
    indexes.catalogue.jobs.add(JOB)
    store(indexes, "a.txt", "text")
    records = indexes.catalogue.job_documents
    records.lay_out(JOB, replace(NOTHING, vanished=("a.txt",)))
    assert (records.todo("1", TO_REMOVE), records.listed("1"), records.tally("1").found) == (["a.txt"], [], 0)
    remove_document(indexes, "default", "a.txt", job="1")
    assert records.todo("1", TO_REMOVE) == []
    assert records.tally("1").removed == 1


def test_planning_again_keeps_what_was_indexed_and_nothing_else(indexes: Indexes) -> None:
    indexes.catalogue.jobs.add(JOB)
    records = indexes.catalogue.job_documents
    records.lay_out(JOB, replace(NOTHING, batches=(("a.txt", "b.txt"), ("c.txt",))))
    records.record("1", [JobDocument(document="a.txt", status="indexed", chunks=2)])
    records.record("1", [JobDocument(document="b.txt", status="failed", code="empty", reason="Empty.")])
    records.lay_out(JOB, replace(NOTHING, batches=(("b.txt",),), unchanged=("a.txt", "d.txt")))
    tally = records.tally("1")
    assert (tally.found, tally.indexed, tally.unchanged, tally.pending, tally.failed) == (3, 1, 1, 1, 0)
    assert (records.todo("1", 0), records.todo("1", 1)) == (["b.txt"], [])


def test_what_was_indexed_stays_so_when_it_is_read_again(indexes: Indexes) -> None:
    indexes.catalogue.jobs.add(JOB)
    records = indexes.catalogue.job_documents
    records.record("1", [JobDocument(document="mail.eml", status="indexed", chunks=2)])
    records.record("1", [JobDocument(document="mail.eml", status="unchanged")])
    assert records.listed("1") == [JobDocument(document="mail.eml", status="indexed", chunks=2)]


def test_a_catalogue_of_an_earlier_version_gets_what_its_jobs_lack(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "create table jobs (id varchar primary key, collection varchar not null, source varchar not null, "
            "state varchar not null, created varchar not null, finished varchar, report varchar)"
        )
        connection.execute(
            "insert into jobs values ('old', 'c', '/a', 'COMPLETED', ?, ?, ?)", (NOW, NOW, '{"found": 3, "indexed": 3}')
        )
        connection.commit()
    with closing(Catalogue(path)) as catalogue:
        catalogue.jobs.add(replace(JOB, id="new"))
        assert [row.id for row in catalogue.jobs.latest()] == ["new", "old"]
        assert catalogue.jobs.find("old").attempt == 1
