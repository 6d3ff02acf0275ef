"""A real disk that is really full: everything says so in a sentence, and all goes on once there is room.

A small file system in memory is mounted for it, which takes root; elsewhere these tests are skipped.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import environment_for, fill, runner
from tests.cli.test_serve import start

ITEMS = [{"id": "a", "question": "When does the shop open?", "answers": ["at nine"], "documents": ["shop.txt"]}]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder whose `data` lies on a disk of 24 MB."""
    data = tmp_path / "data"
    data.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(data)]
    try:
        done = subprocess.run(mounting, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", str(data)], check=True)


def fill_up(file: Path) -> None:
    with file.open("ab", buffering=0) as out:
        for size in (65_536, 512, 1):
            with suppress(OSError):
                while True:
                    out.write(b"x" * size)


def changes(url: str) -> dict[str, httpx.Response]:
    """One request of each kind that writes much."""
    big = ("big.txt", "A line of a long text.\n" * 20_000)
    with httpx.Client(base_url=url, timeout=60) as client:
        keys = [client.post("/v1/keys", json={"name": f"k{n}" * 20, "scopes": ["query"]}) for n in range(30)]
        return {
            "upload": client.post("/v1/ingestions", files={"files": big}),
            "evaluation": client.post("/v1/evaluations", json={"items": ITEMS, "rungs": ["rag"]}),
            "deletion": client.delete("/v1/collections/two"),
            "purge": client.post("/v1/index/purge"),
            "key": keys[-1],
        }


def test_on_a_full_disk_everything_says_so_and_goes_on_once_there_is_room(disk: Path) -> None:
    touchstone, source = runner(disk), fill(disk)
    for collection in ("default", "two", "gone"):
        assert touchstone("ingest", source, "--collection", collection).code == 0
    for document in ("shop.txt", "policies/leave.md"):
        assert touchstone("documents", "remove", document, "--collection", "gone").code == 0
    process, url = start(disk)
    with process:
        try:
            fill_up(disk / "data" / "filler")
            replies = changes(url)
            said = {name: (reply.status_code, reply.json().get("code")) for name, reply in replies.items()}
            assert set(said.values()) <= {(507, "insufficient_storage")}, said
            search = httpx.post(f"{url}/v1/search", json={"text": "When does the shop open?"})
            assert (search.status_code, search.json()["hits"][0]["document"]) == (200, "shop.txt")
            refused = touchstone("keys", "create", "--name", "k" * 60)
            assert (refused.code, "no room left on the disk" in refused.err) == (2, True), refused.err
            (disk / "data" / "filler").unlink()
            again = touchstone("ingest", source, "--collection", "three", "--json")
            assert (again.code, again.json["state"]) == (0, "COMPLETED"), again.err
        finally:
            process.terminate()


def test_a_command_on_a_full_disk_ends_with_a_sentence(disk: Path) -> None:
    touchstone, source = runner(disk), fill(disk)
    assert touchstone("ingest", source).code == 0
    (source / "big.txt").write_text("".join(f"A line of a long text, {n}.\n" for n in range(20_000)))
    fill_up(disk / "data" / "filler")
    refused = touchstone("ingest", source)
    assert (refused.code, "no room left on the disk" in refused.err) == (2, True), refused.err
    (disk / "data" / "filler").unlink()
    assert touchstone("ingest", source).code == 0
    assert touchstone("index", "verify").code == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_has_no_room_is_no_bug(tmp_path: Path, unbuffered: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with Path("/dev/full").open("w") as out:
        command = [sys.executable, "-m", "cli", "models", "list"]
        environment = environment_for(tmp_path / "data") | {"PYTHONUNBUFFERED": unbuffered}
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "no room left on the disk" in done.stderr
