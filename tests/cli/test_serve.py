"""The service as a process: over a real socket, with the command line working through it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Touchstone, environment_for, fill, runner

QUESTION = "How many weeks of paid parental leave do parents have?"


class Served:
    """A running service, and commands on its data folder."""

    def __init__(self, process: subprocess.Popen[str], url: str, touchstone: Touchstone, source: Path) -> None:
        self.process, self.url, self.touchstone, self.source = process, url, touchstone, source


def start(folder: Path, **variables: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "cli", "serve", "--port", "0"]
    environment = environment_for(folder / "data") | variables
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment)
    assert process.stderr
    said = process.stderr.readline()
    found = re.search(r"http://\S+", said)
    assert found, said
    return process, found.group()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    process, url = start(folder)
    with process:
        yield Served(process, url, runner(folder), fill(folder))
        process.terminate()


def test_the_command_line_works_through_the_service(served: Served) -> None:
    report = served.touchstone("ingest", served.source, "--json")
    assert (report.code, report.json["state"], report.json["found"]) == (0, "COMPLETED", 2)
    reply = served.touchstone("ask", QUESTION, "--json").json
    assert reply["answered"]
    assert httpx.post(f"{served.url}/v1/query", json={"question": QUESTION}).json()["answer"] == reply["answer"]
    (citation,) = reply["citations"]
    text = served.touchstone("documents", "show", citation["document"], "--text").out
    assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert served.touchstone("search", "parental leave", "--json").json["hits"]
    assert served.touchstone("index", "status", "--json").json["service"] == served.url
    assert served.touchstone("index", "verify", "--json").json["chunks"] == report.json["chunks"]
    assert served.touchstone("index", "repair", "--json").json == {"repaired": []}
    assert served.touchstone("index", "purge", "--json").json == {"purged": []}
    assert report.json["job_id"] in [job["job_id"] for job in served.touchstone("jobs", "list", "--json").json["jobs"]]


def test_an_evaluation_goes_through_the_service_and_its_run_is_copied(served: Served, tmp_path: Path) -> None:
    assert served.touchstone("ingest", served.source).code == 0
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps({"id": "1", "question": QUESTION, "answers": ["16 weeks"], "split": "test"}))
    words = ("evaluate", "run", questions, "--rungs", "closed_book,rag", "--out", tmp_path / "run")
    done = served.touchstone(*words, "--json")
    assert done.code == 0, done.err
    assert (done.json["rungs"]["rag"]["correct"], done.json["dataset"]["questions"]) == (1, 1)
    assert served.touchstone("evaluate", "score", tmp_path / "run", "--json").json == done.json
    again = served.touchstone(*words)
    assert (again.code, "is not empty" in again.err) == (2, True)
    (run,) = httpx.get(f"{served.url}/v1/evaluations").json()["evaluations"]
    assert (run["state"], run["verdict"]["decision"]) == ("COMPLETED", "inconclusive")


def test_a_dry_run_through_the_service_says_what_one_on_the_folder_says(served: Served, tmp_path: Path) -> None:
    source = fill(tmp_path)
    (source / ".hidden.txt").write_text("Nobody looks here.")
    words = ("ingest", source, "--collection", "dry", "--dry-run")
    here = ("--data", tmp_path / "here", *words)
    for more in ((), ("--json",)):
        through, own = served.touchstone(*words, *more), served.touchstone(*here, *more)
        assert (through.code, through.out) == (0, own.out), through.err
    assert served.touchstone(*words, "--json").json["plans"][0]["added"] == ["policies/leave.md", "shop.txt"]
    assert served.touchstone("documents", "list", "--collection", "dry").code == 2
    assert served.touchstone("ingest", source, "--collection", "dry").code == 0
    (source / "shop.txt").rename(source / "moved.txt")
    (plan,) = served.touchstone(*words, "--json").json["plans"]
    assert (plan["unchanged"], plan["moved"]) == (["policies/leave.md"], [{"from": "shop.txt", "to": "moved.txt"}])
    refused = served.touchstone("ingest", tmp_path / "nowhere", "--dry-run")
    assert (refused.code, "nowhere" in refused.err) == (2, True)


def test_jobs_are_worked_on_through_the_service(served: Served, tmp_path: Path) -> None:
    (tmp_path / "late.txt").write_bytes(b"")
    (tmp_path / "note.txt").write_text("The key hangs by the door.")
    failed = served.touchstone("ingest", tmp_path, "--json")
    assert (failed.code, failed.json["failed"]) == (3, 1)
    job = failed.json["job_id"]
    (tmp_path / "late.txt").write_text("Here at last.")
    done = served.touchstone("jobs", "retry", job, "--json")
    assert (done.code, done.json["job_id"], done.json["state"]) == (0, job, "COMPLETED")
    assert "attempt" in served.touchstone("jobs", "show", job).out
    refused = served.touchstone("jobs", "cancel", job)
    assert (refused.code, "has ended" in refused.err) == (2, True)


def test_an_error_of_the_service_is_the_command_s(served: Served) -> None:
    for words, said in ((["ask", "x", "-m", "nobody"], "nobody"), (["ingest", "nowhere"], "nowhere")):
        done = served.touchstone(*words)
        assert (done.code, said in done.err) == (2, True)


def test_what_needs_the_folder_itself_says_who_has_it(served: Served) -> None:
    for words in (["index", "restore", "backup.tar"], ["serve", "--port", "0"]):
        done = served.touchstone(*words)
        assert (done.code, served.url in done.err) == (2, True), done.err


def test_a_port_in_use_is_said_in_words(served: Served, tmp_path: Path) -> None:
    port = served.url.rpartition(":")[2]
    done = served.touchstone("--data", tmp_path / "other", "serve", "--port", port)
    assert (done.code, "Address already in use" in done.err) == (2, True)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"GET /", b"a" * 10_000),
        (b"GET /healthz HTTP/1.1\r\nx-name: ", b"a" * 10_000),
        (b"GET /healthz HTTP/1.1\r\n", b"x-name: a\r\n" * 1_000),
    ],
)
def test_a_head_without_end_is_refused(served: Served, start: bytes, more: bytes) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as line:
        line.sendall(start + 7 * more)
        reply = HTTPResponse(line)
        reply.begin()
        found = json.loads(reply.read())
    assert (reply.status, reply.getheader("connection")) == (431, "close")
    assert (found["code"], found["status"]) == ("headers_too_large", 431)
    assert found["request_id"]


@pytest.mark.slow
def test_a_head_that_does_not_come_is_refused(served: Served) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\n")
        reply = HTTPResponse(line)
        reply.begin()
        assert (reply.status, json.loads(reply.read())["code"]) == (408, "too_slow")


def test_asked_to_stop_it_ends_with_0_and_gives_the_folder_back(tmp_path: Path) -> None:
    process, url = start(tmp_path)
    with process:
        assert httpx.get(f"{url}/readyz").json()["status"] == "ready"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    done = runner(tmp_path)("index", "status", "--json")
    assert done.json["service"] is None
    with socket.socket() as door:
        assert door.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0


def test_from_the_first_key_on_strangers_are_refused_and_the_command_line_still_works(served: Served) -> None:
    url = f"{served.url}/v1/models"
    assert httpx.get(url).status_code == 200
    key = served.touchstone("keys", "create", "--name", "wiki", "--group", "staff", "--json").json["key"]
    shown = {"Authorization": f"Bearer {key}"}
    assert [httpx.get(url).status_code, httpx.get(url, headers=shown).status_code] == [401, 200]
    assert served.touchstone("ingest", served.source, "--group", "hr", "--json").json["state"] == "COMPLETED"
    listed = f"{served.url}/v1/documents"
    assert served.touchstone("documents", "groups", "shop.txt", "--add", "staff").out.strip() == "shop.txt  hr, staff"
    found = [row["document"] for row in httpx.get(listed, headers=shown).json()["documents"]]
    assert ("shop.txt" in found, "policies/leave.md" in found) == (True, False)
    assert served.touchstone("keys", "revoke", "wiki").code == 0
    assert httpx.get(url, headers=shown).status_code == 401
    assert [key["name"] for key in served.touchstone("keys", "list", "--json").json["keys"]] == ["wiki"]
