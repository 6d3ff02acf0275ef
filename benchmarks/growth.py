"""What a document costs as the collection grows, and how fast unchanged files are passed over: `make bench-growth`.

Files of a few lines and the embedder that hashes words: what is measured is all that is not the encoder, which costs
the same however many documents there are. Each size in a process of its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

FOLDER = 500
"""Files a folder."""


def main(sizes: Sequence[int]) -> None:
    """Print one table, ready for docs/benchmarks.md."""
    print("| documents | ms a document | re-run, files/s | read again | MB at rest | MB at most |")
    print("|---|---|---|---|---|---|")
    for size in sizes:
        command = [sys.executable, "-m", __spec__.name, "--one", str(size)]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])
        print(
            f"| {size:,} | {found['ms']:.1f} | {found['rerun']:,.0f} | {found['again']} "
            f"| {found['rest']:.0f} | {found['peak']:.0f} |",
            flush=True,
        )


def measure(size: int) -> dict[str, float]:
    """Ingest so many files, then all of them once more, unchanged."""
    from core.settings.load import Settings
    from core.settings.sections import EmbedderSettings
    from indexes.open import open_indexes
    from ingest.pipeline import ingest

    with tempfile.TemporaryDirectory() as scratch:
        folder = _files(Path(scratch) / "documents", size)
        settings = Settings(data=Path(scratch) / "data", embedder=EmbedderSettings(kind="hashing"))
        with open_indexes(settings) as indexes:
            rest = _peak_mb()
            started = time.perf_counter()
            ingest(indexes, folder, collection="many", settings=settings.ingest)
            first, started = time.perf_counter() - started, time.perf_counter()
            again = ingest(indexes, folder, collection="many", settings=settings.ingest)
            rerun = time.perf_counter() - started
    return {
        "ms": 1000 * first / size,
        "rerun": size / rerun,
        "again": again.found - again.unchanged,
        "rest": rest,
        "peak": _peak_mb(),
    }


def _files(folder: Path, size: int) -> Path:
    for number in range(size):
        path = folder / f"{number // FOLDER:03}" / f"{number:06}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        state = "worn" if number % 3 else "in order"
        path.write_text(f"Note {number}\n\nPump {number} in hall {number % 17} was found {state}.\n")
    return folder


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main([int(size) for size in sys.argv[1:]] or [2_000, 20_000])
