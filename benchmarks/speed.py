"""Speed on whole folders of documents: `make bench CORPORA="DIR ..."` (the demo corpus when none is named).

Each folder is measured in a process of its own, so that peak memory is its own. The encoder is timed inside the
ingestion, on the very chunks it is for: its share of all CPU time spent, that of child processes included, is how
near the ingestion comes to the bare encoder. CPU time, since the machine may have other work.
"""

from __future__ import annotations

import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from indexes.embedders.protocol import Embedder, Vectors
    from indexes.indexes import Indexes

QUERIES = 300


@dataclass(frozen=True, slots=True)
class Speed:
    """What one folder showed. Rates are per second of wall time; memory in MB; search times in milliseconds."""

    corpus: str
    documents: int
    failed: int
    pages: int
    chunks: int
    seconds: float
    pages_per_second: float
    chunks_per_second: float
    share_of_encoder: float
    search_p50_ms: float
    search_p99_ms: float
    peak_mb: float


def main(folders: Sequence[str]) -> None:
    """Measure every folder and print one table, ready for docs/benchmarks.md."""
    import demo

    rows = [_in_own_process(Path(folder)) for folder in folders or [str(demo.DOCUMENTS)]]
    print(f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    print(
        "| corpus | documents (failed) | pages | chunks | s | pages/s | chunks/s | of bare encoder | p50 | p99 | MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.corpus} | {row.documents} ({row.failed}) | {row.pages} | {row.chunks} | {row.seconds:.0f} "
            f"| {row.pages_per_second:.1f} | {row.chunks_per_second:.1f} | {row.share_of_encoder:.0%} "
            f"| {row.search_p50_ms:.1f} ms | {row.search_p99_ms:.1f} ms | {row.peak_mb:.0f} |",
            flush=True,
        )


def _in_own_process(folder: Path) -> Speed:
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, "--one", str(folder)], stdout=subprocess.PIPE, check=True
    )
    return Speed(**json.loads(done.stdout.splitlines()[-1]))


def measure(folder: Path) -> Speed:
    """Ingest `folder` into an empty data folder, then search it; the model is loaded beforehand."""
    from core.access import OWNER
    from core.settings.load import load
    from indexes.open import open_indexes
    from ingest.pipeline import ingest

    with tempfile.TemporaryDirectory() as data, open_indexes(load(data=Path(data))) as indexes:
        indexes.embedder.embed_passages(["warm up"] * 32)
        timed = Timed(indexes.embedder)
        started, cpu = time.perf_counter(), _cpu_seconds()
        report = ingest(replace(indexes, embedder=timed), folder, collection="bench", settings=load().ingest)
        seconds, cpu = time.perf_counter() - started, _cpu_seconds() - cpu

        rows = indexes.catalogue.documents("bench", access=OWNER)
        texts = [hit.text for row in rows for hit in indexes.catalogue.chunks("bench", row.document, access=OWNER)]
        search_ms = _search_times(indexes, texts)
        pages = sum(row.page_count or 1 for row in rows)
        return Speed(
            corpus=folder.parent.name if folder.name == "documents" else folder.name,
            documents=len(rows),
            failed=report.failed,
            pages=pages,
            chunks=len(texts),
            seconds=seconds,
            pages_per_second=pages / seconds,
            chunks_per_second=len(texts) / seconds,
            share_of_encoder=timed.seconds / cpu,
            search_p50_ms=float(np.percentile(search_ms, 50)),
            search_p99_ms=float(np.percentile(search_ms, 99)),
            peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )


class Timed:
    """An embedder that adds up the CPU seconds of this process while it embeds passages."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.seconds = 0.0
        self.name, self.dimension = embedder.name, embedder.dimension
        self.max_word_pieces = embedder.max_word_pieces

    def __reduce__(self) -> tuple[Callable[[Embedder], Embedder], tuple[Embedder]]:
        """The processes that read files count with the embedder itself."""
        return copy, (self._embedder,)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        started = time.process_time()
        vectors = self._embedder.embed_passages(texts)
        self.seconds += time.process_time() - started
        return vectors

    def embed_query(self, text: str) -> Vectors:
        return self._embedder.embed_query(text)

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_word_pieces(texts)


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _search_times(indexes: Indexes, texts: Sequence[str]) -> list[float]:
    """Milliseconds of `QUERIES` hybrid searches for the ten middle words of a chunk drawn at random."""
    from core.access import OWNER
    from indexes.search.search import search

    draw = random.Random(7)
    times = []
    for _ in range(QUERIES):
        words = draw.choice(texts).split()
        middle = max(0, len(words) // 2 - 5)
        started = time.perf_counter()
        search(indexes, " ".join(words[middle : middle + 10]), access=OWNER, collection="bench", limit=10)
        times.append((time.perf_counter() - started) * 1000)
    return times


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(asdict(measure(Path(sys.argv[2])))))
    else:
        main(sys.argv[1:])
