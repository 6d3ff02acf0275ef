"""Killing a process that ingests loses nothing and doubles nothing, wherever it happens.

A seed names the moments; TOUCHSTONE has no code for it: the process is killed from outside, or by what it works with.
"""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import environment_for
from tests.faults.folders import Folder, assert_sound, fill
from tests.faults.killed import POINTS

ENDED = {"COMPLETED", "COMPLETED_WITH_ERRORS", "CANCELLED", "FAILED"}


class Serving:
    """`touchstone serve` in a process of its own, over and over on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        command = [sys.executable, "-m", "cli", "serve", "--port", "0"]
        environment = environment_for(self.folder / "data")
        with (self.folder / "serve.log").open("a") as log:
            self.process = subprocess.Popen(command, stderr=log, cwd=self.folder, env=environment, text=True)
        seen = len(re.findall("answers at", self.log))
        while len(found := re.findall(r"answers at (http://\S+)", self.log)) == seen:
            assert self.process.poll() is None, self.log
            time.sleep(0.02)
        self.url = found[-1]

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) == 0

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text()


def killed_until_done(folder: Path, documents: Folder, *, kills: int, seed: int) -> tuple[str, int]:
    """Ingest through a service that is killed `kills` times; returns the job's id and how many kills hit the job."""
    moments = random.Random(seed)
    service = Serving(folder)
    service.start()
    asked = {"source": str(documents.source), "collection": "default"}
    location = httpx.post(f"{service.url}/v1/ingestions", json=asked).headers["Location"]
    hits = 0
    for _ in range(kills):
        time.sleep(moments.uniform(0.0, 1.5))
        hits += httpx.get(service.url + location).json()["state"] not in ENDED
        service.kill()
        service.start()
    while (job := httpx.get(service.url + location).json())["state"] not in ENDED:
        time.sleep(0.1)
    service.stop()
    assert job["state"] == "COMPLETED_WITH_ERRORS", job
    return job["job_id"], hits


def test_a_service_killed_at_random_moments_finishes_its_job(tmp_path: Path) -> None:
    documents = Folder(tmp_path / "documents", 160)
    fill(tmp_path / "data", documents)
    job, hits = killed_until_done(tmp_path, documents, kills=5, seed=7)
    assert hits, "the job was over before the first kill"
    assert_sound(tmp_path / "data", documents, job)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(4))
def test_a_service_killed_many_times_finishes_its_job(tmp_path: Path, seed: int) -> None:
    documents = Folder(tmp_path / "documents", 1200)
    fill(tmp_path / "data", documents)
    job, hits = killed_until_done(tmp_path, documents, kills=50, seed=seed)
    assert hits >= 25
    assert_sound(tmp_path / "data", documents, job)


def test_a_process_killed_at_each_point_of_writing_a_document_is_followed_by_one_that_goes_on(tmp_path: Path) -> None:
    documents = Folder(tmp_path / "documents", 60)
    fill(tmp_path / "data", documents)
    for point in POINTS:
        assert ingest_until(tmp_path, documents, point).returncode == -signal.SIGKILL, point
    done = ingest_until(tmp_path, documents, "end")
    assert done.returncode == 0, done.stderr
    assert_sound(tmp_path / "data", documents, done.stdout.strip())


def ingest_until(folder: Path, documents: Folder, point: str) -> subprocess.CompletedProcess[str]:
    calls = 1 if point == "after a batch" else 2
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "tests.faults.killed",
        folder / "data",
        documents.source,
        point,
        str(calls),
    ]
    environment = environment_for(folder / "data")
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
