"""Killing a process that ingests loses nothing and doubles nothing, wherever it happens.

A seed names the moments; Touchstone has no code for it: the process is killed from outside, or by what it works with.
`make faults` runs the long ones; docs/reliability.md has what they showed.
"""

from __future__ import annotations

import random
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx
import pytest

from indexes.upkeep.lock import owner_of
from tests.faults.deeds import WHEN_READ
from tests.faults.doomed import POINTS, WHEN_EMBEDDED, begin, command, ingest_until
from tests.faults.folders import Folder, assert_given_up, assert_sound, fill, jobs_of
from tests.ingest.jobs.postgres import programs, running

PATIENCE = 60.0
ENDED = {"COMPLETED", "COMPLETED_WITH_ERRORS", "CANCELLED", "FAILED"}


class Serving:
    """`touchstone serve` in a process of its own, over and over on one data folder."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder, self.variables = folder, variables
        self.process: ForkServerProcess | None = None
        self.url = ""

    def start(self) -> None:
        seen = len(re.findall("answers at", self.log))
        self.process = begin(command, self.folder, ["serve", "--port", "0"], self.variables)
        while len(found := re.findall(r"answers at (http://\S+)", self.log)) == seen:
            assert self.process.is_alive(), self.log
            time.sleep(0.02)
        self.url = found[-1]

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.join()

    def stop(self) -> None:
        assert self.process
        self.process.terminate()
        self.process.join(timeout=60)
        assert self.process.exitcode == 0, self.log

    @property
    def log(self) -> str:
        file = self.folder / "stderr"
        return file.read_text() if file.exists() else ""


def killed_until_done(service: Serving, documents: Folder, *, kills: int, seed: int) -> tuple[str, int]:
    """Ingest through a service that is killed `kills` times; returns the job's id and how many kills hit the job."""
    moments = random.Random(seed)
    service.start()
    asked = {"source": str(documents.source), "collection": "default"}
    location = httpx.post(f"{service.url}/v1/ingestions", json=asked, timeout=PATIENCE).headers["Location"]
    hits = 0
    for _ in range(kills):
        time.sleep(moments.uniform(0.0, 1.5))
        hits += httpx.get(service.url + location, timeout=PATIENCE).json()["state"] not in ENDED
        service.kill()
        service.start()
    while (job := httpx.get(service.url + location, timeout=PATIENCE).json())["state"] not in ENDED:
        time.sleep(0.1)
    service.stop()
    assert job["state"] == "COMPLETED_WITH_ERRORS", job
    sys.stdout.write(f"{hits} of {kills} kills came while the job waited or ran\n")
    return job["job_id"], hits


def killed_commands_until_done(folder: Path, documents: Folder, *, kills: int, seed: int) -> int:
    """`touchstone ingest`, killed `kills` times and then let be; returns how many kills hit it at work."""
    moments = random.Random(seed)
    words = ["ingest", str(documents.source)]
    hits = 0
    for _ in range(kills):
        process = begin(command, folder, words)
        while process.is_alive() and owner_of(folder / "data") is None:
            time.sleep(0.02)
        process.join(timeout=moments.uniform(0.0, 1.5))
        hits += process.is_alive()
        process.kill()
        process.join()
    done = begin(command, folder, words)
    done.join()
    assert done.exitcode == 3, (folder / "stderr").read_text()
    sys.stdout.write(f"{hits} of {kills} kills came while a command was at work\n")
    return hits


def test_a_service_killed_at_random_moments_finishes_its_job(tmp_path: Path) -> None:
    documents = Folder(tmp_path / "documents", 100)
    fill(tmp_path / "data", documents)
    job, hits = killed_until_done(Serving(tmp_path), documents, kills=3, seed=7)
    assert hits, "the job was over before the first kill"
    assert_sound(tmp_path / "data", documents, [job])


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(3))
def test_a_service_killed_many_times_finishes_its_job(tmp_path: Path, seed: int) -> None:
    documents = Folder(tmp_path / "documents", 1200)
    fill(tmp_path / "data", documents)
    job, hits = killed_until_done(Serving(tmp_path), documents, kills=50, seed=seed)
    assert hits >= 25
    assert_sound(tmp_path / "data", documents, [job])


@pytest.fixture
def database_url() -> Iterator[str]:
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed")
    with running(folder) as url:
        yield url


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_service_with_its_jobs_on_postgres_killed_many_times_finishes_its_job(
    tmp_path: Path, database_url: str
) -> None:
    documents = Folder(tmp_path / "documents", 1200)
    fill(tmp_path / "data", documents)
    service = Serving(tmp_path, TOUCHSTONE_JOBS__DATABASE_URL=database_url)
    job, hits = killed_until_done(service, documents, kills=50, seed=3)
    assert hits >= 25
    assert_sound(tmp_path / "data", documents, [job])


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(2))
def test_a_command_killed_many_times_is_finished_by_the_next(tmp_path: Path, seed: int) -> None:
    documents = Folder(tmp_path / "documents", 1200)
    fill(tmp_path / "data", documents)
    before = jobs_of(tmp_path / "data", documents)
    hits = killed_commands_until_done(tmp_path, documents, kills=50, seed=seed)
    assert hits >= 25
    jobs = [job for job in jobs_of(tmp_path / "data", documents) if job not in before]
    assert_sound(tmp_path / "data", documents, jobs)


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.timeout(3600)
def test_a_service_with_the_real_embedder_killed_at_random_moments_finishes_its_job(tmp_path: Path) -> None:
    documents = Folder(tmp_path / "documents", 120, embedder="minilm")
    fill(tmp_path / "data", documents)
    service = Serving(tmp_path, TOUCHSTONE_EMBEDDER__KIND="minilm")
    job, hits = killed_until_done(service, documents, kills=10, seed=4)
    assert hits
    assert_sound(tmp_path / "data", documents, [job])


@pytest.mark.slow
def test_a_process_killed_at_each_point_of_writing_a_document_is_followed_by_one_that_goes_on(tmp_path: Path) -> None:
    assert_sound_after_each_point(tmp_path, Folder(tmp_path / "documents", 60))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_same_of_many_documents(tmp_path: Path) -> None:
    assert_sound_after_each_point(tmp_path, Folder(tmp_path / "documents", 1000))


def assert_sound_after_each_point(folder: Path, documents: Folder) -> None:
    fill(folder / "data", documents)
    for point in POINTS:
        calls = 1 if point == "after a batch" else 2
        assert died(folder, documents, point, calls), point
    assert not died(folder, documents, "end", 1), (folder / "stderr").read_text()
    assert_sound(folder / "data", documents, [(folder / "job").read_text()])


def died(folder: Path, documents: Folder, point: str, call: int) -> bool:
    """Whether a process that goes on with the job is killed on its way; if not, it got to the job's end."""
    process = begin(ingest_until, folder, folder / "data", documents.source, point, call)
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), (folder / "stderr").read_text()
    return process.exitcode != 0


@pytest.mark.parametrize("words", [[WHEN_READ], pytest.param([WHEN_READ, WHEN_EMBEDDED], marks=pytest.mark.slow)])
def test_a_file_that_ends_the_whole_process_is_given_up_and_its_neighbours_are_indexed(
    tmp_path: Path, words: Sequence[str]
) -> None:
    documents = Folder(tmp_path / "documents", 10)
    documents.before()
    for number, word in enumerate(words):
        (documents.source / f"part{number}" / "bad.md").write_text(f"# Bad\n\nThis one {word}.\n")
    deaths = 0
    while died(tmp_path, documents, "end", 1):
        deaths += 1
        assert deaths <= 4 * len(words), "it goes on for ever"
    assert deaths >= 3
    assert_given_up(tmp_path / "data", (tmp_path / "job").read_text(), good=5, bad=len(words))
