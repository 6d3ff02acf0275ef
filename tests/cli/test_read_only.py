"""Commands that only read, beside a command that owns the data folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Touchstone, environment_for, runner

FILES = 4000


@pytest.mark.slow
def test_what_only_reads_works_beside_an_ingestion_and_what_writes_is_refused(tmp_path: Path) -> None:
    source, touchstone = tmp_path / "many", runner(tmp_path)
    source.mkdir()
    for number in range(FILES):
        (source / f"{number:04}.txt").write_text(f"Shelf {number} holds the blue folder of Kestwick.\n" * 20)
    command = [sys.executable, "-m", "cli", "ingest", str(source)]
    environment = environment_for(tmp_path / "data")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=tmp_path, env=environment) as ingestion:
        first = seen(touchstone, at_least=1)
        found = touchstone("search", "blue folder", "--json")
        assert (found.code, "blue folder" in found.json["hits"][0]["text"]) == (0, True)
        assert touchstone("documents", "show", found.json["hits"][0]["document"], "--text").out.startswith("Shelf")
        (job,) = touchstone("jobs", "list", "--json").json["jobs"]
        assert job["state"] == "RUNNING"
        shown = touchstone("jobs", "show", job["job_id"], "--json").json
        assert (shown["found"], 0 < shown["indexed"] < FILES) == (FILES, True)
        plan = touchstone("ingest", source, "--dry-run", "--json").json["plans"][0]
        assert 0 < len(plan["unchanged"]) < FILES == plan["found"]
        traced = touchstone("search", "blue folder", "--trace", found.json["hits"][0]["document"], "--json")
        assert traced.code == 0, traced.err
        answer = touchstone("ask", "What does shelf 7 hold?", "--json")
        assert answer.code == 0, answer.err
        for words in (["documents", "remove", "0000.txt"], ["keys", "create", "--name", "ann"], ["index", "rebuild"]):
            refused = touchstone(*words)
            assert (refused.code, f"in use by process {ingestion.pid}" in refused.err) == (2, True), refused.err
        assert seen(touchstone, at_least=first + 1) <= FILES
        assert ingestion.poll() is None, "it ended too early for any of this to have been beside it"
        ingestion.send_signal(signal.SIGINT)
    verified = touchstone("index", "verify", "--json")
    assert (verified.code, verified.json["documents"]) == (0, len(documents(touchstone)))


def seen(touchstone: Touchstone, *, at_least: int) -> int:
    """How many documents are listed, once there are so many."""
    for _ in range(600):
        if len(listed := documents(touchstone)) >= at_least:
            return len(listed)
        time.sleep(0.1)
    raise AssertionError("nothing is listed")


def documents(touchstone: Touchstone) -> list[dict[str, object]]:
    done = touchstone("documents", "list", "--json")
    if done.code:  # the ingestion has not committed a document yet
        assert "data folder" in done.err or "collection" in done.err, done.err
        return []
    listed: list[dict[str, object]] = done.json["documents"]
    return listed
