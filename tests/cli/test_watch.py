"""Following a folder, in a process of its own."""

from __future__ import annotations

import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.cli.conftest import Touchstone, environment_for, runner

WAIT_SECONDS = 60


class Following:
    """`touchstone ingest --watch`, and what it says line by line."""

    def __init__(self, process: subprocess.Popen[str], touchstone: Touchstone) -> None:
        self.process, self.touchstone = process, touchstone
        self.said: queue.Queue[str] = queue.Queue()
        assert process.stdout
        threading.Thread(target=self._listen, args=(process.stdout,), daemon=True).start()

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            self.said.put(line)

    def until(self, words: str) -> str:
        while words not in (line := self.said.get(timeout=WAIT_SECONDS)):
            assert "Traceback" not in line
        return line


@pytest.fixture
def following(tmp_path: Path, source: Path) -> Iterator[Following]:
    command: list[str | Path] = [sys.executable, "-m", "cli", "ingest", source, "--watch"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # one stream, so that what is said comes in order
        text=True,
        cwd=tmp_path,
        env=environment_for(tmp_path / "data") | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        started = Following(process, runner(tmp_path))
        started.until("Watching for changes")
        yield started
        process.kill()


def test_what_is_added_changed_and_removed_is_followed_and_ctrl_c_ends_it_quietly(
    following: Following, source: Path
) -> None:
    (source / "new.txt").write_text("A new note.")
    assert "1 indexed, 2 unchanged" in following.until("files found")
    (source / "shop.txt").write_text("The shop opens at ten in the morning, from May on.")
    assert "1 indexed, 2 unchanged" in following.until("files found")
    (source / "new.txt").unlink()
    assert "2 unchanged, 1 removed" in following.until("files found")
    found = following.touchstone("search", "opens at ten", "--json")
    assert (found.code, "ten in the morning" in found.json["hits"][0]["text"]) == (0, True)
    following.process.send_signal(signal.SIGINT)
    assert following.process.wait(timeout=WAIT_SECONDS) == 0
    assert following.said.empty()


def test_a_folder_that_is_emptied_is_waited_for(following: Following, source: Path) -> None:
    shutil.rmtree(source / "policies")
    (source / "shop.txt").unlink()
    following.until("is empty")
    (source / "back.txt").write_text("Here again.")
    assert "1 indexed" in following.until("1 file found")


def test_what_cannot_be_followed_is_said_in_words(touchstone: Touchstone, source: Path) -> None:
    for words in (["nowhere"], [source / "shop.txt"]):
        done = touchstone("ingest", *words, "--watch")
        assert (done.code, "is not a folder" in done.err) == (2, True)
    for flag in ("--json", "--dry-run"):
        assert touchstone("ingest", source, "--watch", flag).code == 2
