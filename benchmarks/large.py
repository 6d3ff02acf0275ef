"""What others notice while the service ingests one large document: `make bench-large`.

A real `touchstone serve` on loopback with a small collection. /healthz and a search of that collection are asked at a
fixed rate: first with nothing else to do, then while a large file is ingested into another collection. A request that
is due while the one before it still waits counts from when it was due, so a stall shows as it is, however long.
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
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import numpy as np

NOTES = 200
PROBES: dict[str, tuple[str, str, float]] = {
    "/healthz": ("GET", "/healthz", 20.0),
    "search": ("POST", "/v1/search", 5.0),
}
"""Method, path, and how often a second it is asked."""
TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is measured: which files, with which embedder, how long at rest, and how long a file may take at most."""

    files: list[str]
    embedder: str
    rest: float
    most: float
    root: Path


@dataclass(slots=True)
class Probes:
    """Milliseconds of each request that was asked while these were open, and how many got no 200."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in PROBES})
    failed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PROBES, 0))


def main(asked: Asked) -> None:
    """Print one table, ready for docs/benchmarks.md."""
    print("| file | outcome | chunks | s | asked | times | p50, ms | p99, ms | longest, ms | failed |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for kind in asked.files:
        with tempfile.TemporaryDirectory() as scratch:
            _measure(asked, kind, Path(scratch))


def _measure(asked: Asked, kind: str, scratch: Path) -> None:
    notes, large = scratch / "notes", scratch / "large"
    notes.mkdir()
    large.mkdir()
    for number in range(NOTES):
        (notes / f"{number}.md").write_text(f"# Pump {number}\n\nPump {number} in hall {number % 17} was worn.\n")
    FILES[kind](large)
    with serving(asked, scratch) as url:
        _ingest(url, notes, "default", asked.most)
        with probing(url) as idle:
            time.sleep(asked.rest)
        began = time.monotonic()
        with probing(url) as busy:
            job = _ingest(url, large, "large", asked.most)
        seconds = time.monotonic() - began
    size = sum(path.stat().st_size for path in large.iterdir()) / 1e6
    outcome = ", ".join([job["state"].lower(), *(entry["code"] for entry in job["documents"])])
    _rows("nothing", ("", "", f"{asked.rest:.0f}"), idle)
    _rows(f"{kind}, {size:.1f} MB", (outcome, f"{job['chunks']:,}", f"{seconds:.0f}"), busy)


def _rows(name: str, job: tuple[str, str, str], probes: Probes) -> None:
    for probe, found in probes.milliseconds.items():
        p50, p99 = np.percentile(found, [50, 99])
        figures = f"{len(found)} | {p50:.1f} | {p99:.1f} | {max(found):.0f} | {probes.failed[probe]}"
        print(f"| {name} | {' | '.join(job)} | {probe} | {figures} |", flush=True)


@contextmanager
def serving(asked: Asked, scratch: Path) -> Iterator[str]:
    """The URL of a `touchstone serve` on an empty data folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
    environment |= {
        "TOUCHSTONE_DATA": str(scratch / "data"),
        "TOUCHSTONE_EMBEDDER__KIND": asked.embedder,
        "TOUCHSTONE_LOG_LEVEL": "info",
        "PYTHONPATH": str(asked.root),
    }
    with (scratch / "log").open("wb") as log:
        command = [sys.executable, "-m", "cli", "serve", "--port", "0"]
        process = subprocess.Popen(command, stderr=log, env=environment, cwd=asked.root)
    try:
        while not (said := re.search(r"answers at http://(\S+)", (scratch / "log").read_text())):
            assert process.poll() is None, (scratch / "log").read_text()
            time.sleep(0.05)
        print(f"serving, process {process.pid}", file=sys.stderr, flush=True)
        yield said.group(1)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)


@contextmanager
def probing(url: str) -> Iterator[Probes]:
    """Asks everything in PROBES at its rate, each in a thread of its own, while this is open."""
    found, ended = Probes(), threading.Event()

    def ask(name: str) -> None:
        method, path, rate = PROBES[name]
        due = time.perf_counter()
        number = 0
        while not ended.is_set():
            number += 1
            body = {"text": f"which pump in hall {number % 17} was worn, {number}"} if method == "POST" else None
            try:
                status, _ = _request(url, method, path, body)
            except (OSError, HTTPException):
                status = 0
            now = time.perf_counter()
            found.milliseconds[name].append(1000 * (now - due))
            found.failed[name] += status != 200
            due += 1 / rate
            time.sleep(max(0.0, due - now))

    threads = [threading.Thread(target=ask, args=(name,)) for name in PROBES]
    for thread in threads:
        thread.start()
    yield found
    ended.set()
    for thread in threads:
        thread.join()


def _request(url: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    line = HTTPConnection(url, timeout=TIMEOUT)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    line.request(method, path, json.dumps(body) if body is not None else None, headers)
    reply = line.getresponse()
    content = reply.read()
    line.close()
    return reply.status, json.loads(content)


def _ingest(url: str, folder: Path, collection: str, most: float) -> dict[str, Any]:
    """What the job came to, or how far it is when it takes longer than it may."""
    status, job = _request(url, "POST", "/v1/ingestions", {"source": str(folder), "collection": collection})
    assert status == 202, job
    began = time.monotonic()
    while job["state"] in ("QUEUED", "RUNNING") and time.monotonic() - began < most:
        time.sleep(0.5)
        _, job = _request(url, "GET", f"/v1/ingestions/{job['job_id']}")
    found: dict[str, Any] = job
    return found


# The files


def wide_csv(folder: Path) -> None:
    """200 rows of 5,000 columns."""
    rows = [",".join(f"c{column}" for column in range(5000))]
    rows += [",".join(str(column * row % 97) for column in range(5000)) for row in range(200)]
    (folder / "wide.csv").write_text("\n".join(rows))


def many_keys(folder: Path) -> None:
    """An object of 40,000 keys, each an object of 20."""
    value = {f"k{key}": {f"x{inner}": key * inner for inner in range(20)} for key in range(40_000)}
    (folder / "keys.json").write_text(json.dumps(value))


def many_rows(folder: Path, rows: int = 1_000_000) -> None:
    """A workbook of one sheet with three columns."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relation}">'
        '<sheets><sheet name="Readings" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    }
    with zipfile.ZipFile(folder / "rows.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'<worksheet xmlns="{main}"><sheetData>'.encode())
            named = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("pump", "hall", "state"))
            sheet.write(f"<row>{named}</row>".encode())
            for row in range(1, rows):
                cells = (
                    f'<c><v>{row}</v></c><c><v>{row * 7 % 1013}</v></c><c t="inlineStr"><is><t>name{row}</t></is></c>'
                )
                sheet.write(f"<row>{cells}</row>".encode())
            sheet.write(b"</sheetData></worksheet>")


def many_pages(folder: Path) -> None:
    """A PDF of 300 pages of prose."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    words = ["the", "pump", "in", "hall", "was", "worn", "and", "its", "seal", "let", "oil", "pass", "until", "closed"]
    drawn = np.random.default_rng(7).integers(len(words), size=(300, 45, 14))
    canvas = Canvas(str(folder / "pages.pdf"), pagesize=A4)
    for page, lines in enumerate(drawn):
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(50, 800, f"Inspection {page + 1}")
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(lines):
            canvas.drawString(50, 780 - 16 * number, " ".join(words[word] for word in line) + f" {page}.{number}.")
        canvas.showPage()
    canvas.save()


FILES: dict[str, Callable[[Path], None]] = {
    "csv of 5,000 columns": wide_csv,
    "json of 40,000 keys": many_keys,
    "xlsx of 1,000,000 rows": many_rows,
    "pdf of 300 pages": many_pages,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*", default=["csv", "json", "xlsx", "pdf"], help="first words of FILES")
    parser.add_argument("--embedder", default="hashing", choices=("hashing", "minilm"))
    parser.add_argument("--rest", type=float, default=15.0, help="seconds that the idle service is asked")
    parser.add_argument("--most", type=float, default=1800.0, help="seconds that one file may take")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="another checkout to compare with")
    given = parser.parse_args()
    files = [name for name in FILES if name.split()[0] in given.kinds]
    main(Asked(files, given.embedder, given.rest, given.most, given.root.resolve()))
