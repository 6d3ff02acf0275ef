"""The service under load: `make bench-load DATA=FOLDER`, a data folder with many chunks in the collection `copies`.

A real `touchstone serve` on loopback, asked by locust in a process of its own. How many requests a second it answers at
most (S), then an open loop at 0.8 S, at 3 S with somebody who asks /healthz beside it, how soon it is itself again,
and a soak at 0.8 S that watches its memory. The model is a scripted one, so that what is measured is the service.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import psutil

from benchmarks.load_report import Phase, report, table

CLOSED_USERS = 12
EVERY = 2.0
PROBES_A_SECOND = 20
REPLY = '["{\\"answer\\": \\"It says so.\\", \\"quotes\\": [{\\"passage\\": 1, \\"text\\": \\"the\\"}]}"]'
USERS = Path(__file__).with_name("load_users.py")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is measured, and how long each part of it takes."""

    data: Path
    collection: str
    route: str
    seconds: int
    soak: int


@dataclass(frozen=True, slots=True)
class Serving:
    """A running service, its process, and how long it took until it answered its first question."""

    url: str
    key: str
    process: psutil.Process
    first_answer_s: float

    def resident_mb(self) -> float:
        return float(self.process.memory_info().rss) / 1e6


def main(asked: Asked) -> None:
    """Measure everything and print it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        questions = folder / "questions.json"
        questions.write_text(json.dumps(_questions(asked)))
        first: str = json.loads(questions.read_text())[0]
        with serving(asked, folder, first) as service:
            time.sleep(5)
            found: dict[str, object] = {
                "from start to first answer, s": f"{service.first_answer_s:.2f}",
                "memory at rest, MB": f"{service.resident_mb():.0f}",
            }
            _put_to_work(asked, service, questions, folder, found)
        found["stopped, exit code"] = (folder / "code").read_text()
    print(table(found), flush=True)


def _put_to_work(asked: Asked, service: Serving, questions: Path, folder: Path, found: dict[str, object]) -> None:
    locust = Locust(asked, service, questions, folder)
    locust.closed(CLOSED_USERS, max(5, asked.seconds // 3))  # warms up
    most = locust.closed(CLOSED_USERS, asked.seconds)
    limit = most.answered_a_second
    found["S, answers a second"] = f"{limit:.0f} ({CLOSED_USERS} clients, p50 {most.p(50):.0f} ms)"
    calm = locust.open(0.8 * limit, asked.seconds)
    found["at 0.8 S"] = report(calm)
    with probing(service) as probes:
        flood = locust.open(3 * limit, asked.seconds)
    found["at 3 S"] = report(flood)
    found["goodput at 3 S / S"] = f"{flood.answered_a_second / limit:.2f}"
    found["/healthz at 3 S, ms"] = _percentiles(probes)
    found["recovery, s"] = f"{recovery(asked, service, questions, 2 * calm.p(99)):.2f}"
    if asked.soak:
        with watching(service) as memory:
            soak = locust.open(0.8 * limit, asked.soak)
        early, late = (float(np.median(part)) for part in (memory[len(memory) // 10 :][:30], memory[-30:]))
        found[f"{asked.soak} s at 0.8 S"] = report(soak)
        found["memory in the soak, MB"] = f"{early:.0f} to {late:.0f} ({late / early - 1:+.1%})"


class Locust:
    """Runs locust, and reads what its users wrote down."""

    def __init__(self, asked: Asked, service: Serving, questions: Path, folder: Path) -> None:
        self._service, self._records = service, folder / "records.json"
        self._variables = {
            "LOAD_QUESTIONS": str(questions),
            "LOAD_ROUTE": asked.route,
            "LOAD_COLLECTION": asked.collection,
            "LOAD_KEY": service.key,
            "LOAD_RECORDS": str(self._records),
        }

    def closed(self, users: int, seconds: int) -> Phase:
        """So many users, each of whom asks when it has its reply."""
        return self._run(users, seconds, opened="0")

    def open(self, a_second: float, seconds: int) -> Phase:
        """So many requests a second, whatever becomes of them."""
        return self._run(max(1, round(a_second * EVERY)), seconds, opened="1")

    def _run(self, users: int, seconds: int, *, opened: str) -> Phase:
        command = [sys.executable, "-m", "locust", "-f", str(USERS), "--headless", "--only-summary"]
        command += ["-H", self._service.url, "-u", str(users), "-r", str(users), "-t", f"{seconds + 4}s"]
        before, began = self._service.process.cpu_times(), time.monotonic()
        with subprocess.Popen(
            [*command, "--loglevel", "ERROR", "--stop-timeout", "10"],
            env=os.environ | self._variables | {"LOAD_OPEN": opened},
            stdout=subprocess.DEVNULL,
        ) as locust:
            own = 0.0
            while locust.poll() is None:
                own = _cpu(locust.pid) or own
                time.sleep(0.2)
        after, wall = self._service.process.cpu_times(), time.monotonic() - began
        used = (after.user + after.system - before.user - before.system) / wall
        return Phase(tuple(map(tuple, json.loads(self._records.read_text()))), seconds, used, own / wall)


def _cpu(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


@contextmanager
def serving(asked: Asked, folder: Path, question: str) -> Iterator[Serving]:
    """`touchstone serve`, once it has answered; its exit code is left in `folder/code`."""
    environment = os.environ | {
        "TOUCHSTONE_DATA": str(asked.data),
        "TOUCHSTONE_MODELS__SCRIPTED__KIND": "scripted",
        "TOUCHSTONE_MODELS__SCRIPTED__REPLIES": REPLY,
        "TOUCHSTONE_MODELS__SCRIPTED__CONTEXT_WINDOW": "32000",
        "TOUCHSTONE_MODELS__SCRIPTED__DEFAULT": "true",
        "TOUCHSTONE_LOG_LEVEL": "info",
    }
    key = _key(environment)
    began = time.monotonic()
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "cli", "serve", "--port", "0"]
        process = subprocess.Popen(command, stderr=log, env=environment)
    try:
        while not (said := re.search(r"answers at (http://\S+)", (folder / "log").read_text())):
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.01)
        url = said.group(1)
        status = _ask(asked, url, key, question)
        assert status == 200, f"the first request got {status}"
        yield Serving(url, key, psutil.Process(process.pid), time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        (folder / "code").write_text(str(process.wait(timeout=120)))


def _key(environment: dict[str, str]) -> str:
    """A key for asking, where this version has keys."""
    command = [
        sys.executable,
        "-m",
        "cli",
        "keys",
        "create",
        "--name",
        "load",
        "--scope",
        "query",
        "--group",
        "everyone",
        "--json",
    ]
    made = subprocess.run(command, env=environment, capture_output=True, text=True)
    return str(json.loads(made.stdout)["key"]) if made.returncode == 0 else ""


def _ask(asked: Asked, url: str, key: str, question: str) -> int:
    line = HTTPConnection(url.removeprefix("http://"), timeout=60)
    field = "text" if asked.route == "search" else "question"
    body = json.dumps({field: question, "collection": asked.collection})
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    line.request("POST", f"/v1/{asked.route}", body, headers)
    reply = line.getresponse()
    reply.read()
    line.close()
    return reply.status


@contextmanager
def probing(service: Serving) -> Iterator[list[float]]:
    """Milliseconds that /healthz takes while this is open, each time on a line of its own."""
    found: list[float] = []
    command = [sys.executable, "-m", __spec__.name, "--probe", service.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as prober:
        yield found
        prober.terminate()
        assert prober.stdout
        found += [float(line) for line in prober.stdout.read().split()]


def probe(url: str) -> None:
    """Ask /healthz again and again and print how long it took, in milliseconds."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        began = time.perf_counter()
        line = HTTPConnection(url.removeprefix("http://"), timeout=60)
        line.request("GET", "/healthz")
        assert line.getresponse().read()
        line.close()
        spent = time.perf_counter() - began
        print(1000 * spent, flush=True)
        time.sleep(max(0.0, 1 / PROBES_A_SECOND - spent))


def recovery(asked: Asked, service: Serving, questions: Path, usual_ms: float) -> float:
    """Seconds from the end of the load until ten requests in a row are answered as quickly as usual."""
    texts: list[str] = json.loads(questions.read_text())
    began, good, since = time.monotonic(), 0, 0.0
    for number in range(1000):
        sent = time.monotonic()
        status = _ask(asked, service.url, service.key, f"{texts[number % len(texts)]} after {number}")
        quick = status == 200 and 1000 * (time.monotonic() - sent) <= usual_ms
        since = since if quick and good else sent - began
        good = good + 1 if quick else 0
        if good == 10:
            return since
    return float("inf")


@contextmanager
def watching(service: Serving) -> Iterator[list[float]]:
    """The memory that the service holds, every second while this is open, in MB."""
    found, ended = list[float](), threading.Event()

    def watch() -> None:
        while not ended.wait(1):
            found.append(service.resident_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield found
    ended.set()
    watcher.join()


def _percentiles(milliseconds: Sequence[float]) -> str:
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return f"p50 {p50:.1f}, p99 {p99:.1f}, longest {max(milliseconds):.0f} ({len(milliseconds)} times)"


def _questions(asked: Asked) -> list[str]:
    """Some words in a row out of many chunks."""
    from core.settings.load import load
    from indexes.open import open_indexes

    with open_indexes(load(data=asked.data)) as indexes:
        batches = zip(range(20), indexes.catalogue.entries(asked.collection), strict=False)
        texts = [entry.text.split() for _, entries in batches for entry in entries]
    return [" ".join(words[number % 7 :][: 6 + number % 7]) for number, words in enumerate(texts) if len(words) > 20]


if __name__ == "__main__":
    if sys.argv[1] == "--probe":
        probe(sys.argv[2])
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--collection", default="copies")
    parser.add_argument("--route", choices=("query", "search"), default="query")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--soak", type=int, default=600)
    main(Asked(**vars(parser.parse_args())))
