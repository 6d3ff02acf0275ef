"""What becomes of a folder of odd files, row by row: `python -m benchmarks.odd_files FOLDER`.

FOLDER holds `files/` and `manifest.jsonl`, one JSON object a line: {"file", "expect", "reason", "must_contain"}.

    parse     its text comes out and holds every string of must_contain, white space aside
    refuse    it is not indexed, and its code says the reason
    no-text   as refuse; or OCR read it, and a note says so
    any       either, as long as no process ends over it

All files are ingested at once by the real command, a plain one beside each: every one of those has to be indexed.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from core.access import OWNER
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from indexes.open import open_indexes

CODES = {
    "encrypted": {"encrypted"},
    "corrupt": {"corrupt"},
    "empty": {"empty"},
    "no-text": {"no_text", "picture"},
    "needs-ocr": {"no_text", "picture"},
    "unsupported": {"unsupported"},
    "bomb": {"too_large"},
    "encoding": {"unsupported", "corrupt"},
    "garbled": {"no_text", "corrupt"},
}
FAULTS = {"crashed", "timed_out", "out_of_memory"}
MAX_MB = 1024
NEIGHBOUR = "{}.neighbour.txt"


def main(folder: Path) -> int:
    """Print every row that is not as expected, and the figures; the number of such rows."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    with tempfile.TemporaryDirectory() as scratch:
        source, data = Path(scratch) / "source", Path(scratch) / "data"
        shutil.copytree(folder / "files", source)
        for row in rows:
            (source / NEIGHBOUR.format(row["file"])).write_text(f"Beside {row['file']} stands a plain file.")
        report, seconds = _ingested(source, data)
        texts = _texts(data)
    outcomes = {entry["document"]: entry for entry in (*report["documents"], *report.get("notes", ()))}
    wrong = 0
    for row in rows:
        outcome = outcomes.get(row["file"], {})
        said = _wrong(row, outcome, texts.get(row["file"]))
        if NEIGHBOUR.format(row["file"]) not in texts:
            said += " its neighbour is not indexed"
        wrong += bool(said)
        if said:
            print(f"{row['file']}: expected {row['expect']} ({row['reason']}),{said}: {outcome}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    wrong += peak > MAX_MB
    print(f"{len(rows)} rows, {wrong} not as expected; {seconds:.0f} s in all, no process above {peak:.0f} MB")
    return wrong


def _ingested(source: Path, data: Path) -> tuple[dict[str, Any], float]:
    """What the command reports, and how long it took."""
    environment = {**os.environ, "TOUCHSTONE_EMBEDDER__KIND": "hashing"}
    command = [sys.executable, "-m", "cli", "ingest", str(source), "--data", str(data), "--json"]
    began = time.monotonic()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(done.stdout), time.monotonic() - began


def _texts(data: Path) -> dict[str, str]:
    with open_indexes(Settings(data=data, embedder=EmbedderSettings(kind="hashing"))) as indexes:
        rows = indexes.catalogue.documents("default", access=OWNER)
        return {row.document: indexes.catalogue.text("default", row.document, access=OWNER) for row in rows}


def _wrong(row: dict[str, Any], outcome: dict[str, Any], text: str | None) -> str:
    """What is not as expected; empty when all is."""
    code = outcome.get("code")
    if text is None and code is None:
        return " not accounted for"
    if code in FAULTS:
        return " a fault"
    if row["expect"] == "parse":
        missing = [part for part in row["must_contain"] if _bare(part) not in _bare(text or "")]
        return f" without {missing}" if missing or text is None else ""
    if row["expect"] == "any":
        return ""
    if text is not None:
        return "" if row["expect"] == "no-text" and "OCR" in (outcome.get("reason") or "") else " indexed"
    return "" if code in CODES[row["reason"]] else " another code"


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1])), 1))
