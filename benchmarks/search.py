"""Search in large collections: `make bench-search DATA=FOLDER SIZES="100000 1000000"`, copies of what FOLDER holds.

Each size is built once beside FOLDER (minutes for a hundred thousand chunks, half an hour and more for a million) and
measured in a process of its own: searches one after another against the bare calls they are made of (encoder, Chroma,
tantivy), turn by turn, and against SQLite's FTS5 in tantivy's place; how many a second with several threads; what those
find who may read a part; the dense leg against exact comparison; from process start to the first hit; memory.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.copies import COLLECTION, SEED, fill, originals

if TYPE_CHECKING:
    from core.access import Access
    from indexes.catalogue.rows import Entry
    from indexes.embedders.protocol import Vectors
    from indexes.indexes import Indexes

QUERIES, EXACT, THREADS, SECONDS = 500, 100, 8, 15
WARM = 50
"""Searches that come first and are not counted: the first few open the graph."""
FIRST = """
import time; began = time.perf_counter()
import sys; from pathlib import Path
from core.access import OWNER; from core.settings.load import load
from indexes.open import open_indexes; from indexes.search.search import search
rss = lambda: next(int(row.split()[1]) for row in open("/proc/self/status") if row.startswith("VmRSS")) / 1024
with open_indexes(load(data=Path(sys.argv[1]))) as indexes:
    assert search(indexes, sys.argv[2], access=OWNER, collection=sys.argv[3], limit=10).hits
    first = time.perf_counter() - began
    for number in range(50):
        search(indexes, f"{sys.argv[2]} {number}", access=OWNER, collection=sys.argv[3], limit=10)
    print(first, rss(), flush=True)
"""


def main(base: Path, sizes: Sequence[int]) -> None:
    """Build what is missing, then measure each size and print what was found."""
    for size in sizes:
        data = base.with_name(f"{base.name}-{size}")
        if not data.exists():
            _build(base, data, size)
        command = [sys.executable, "-m", __spec__.name, "--one", str(data)]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])
        print(f"\n{found.pop('chunks'):,} chunks\n\n| | |\n|---|---|")
        for name, value in found.items():
            print(f"| {name} | {value} |", flush=True)


def measure(data: Path) -> dict[str, object]:
    """Everything about one data folder."""
    from core.access import Access
    from core.settings.load import load
    from indexes.open import open_indexes

    with open_indexes(load(data=data)) as indexes:
        questions = _questions(indexes)
        first = questions.pop()
        found: dict[str, object] = {
            "chunks": len(indexes.catalogue.chunk_ids(COLLECTION)),
            **_turn_by_turn(indexes, questions[:QUERIES], warm=questions[-WARM:]),
        }
        found["searches a second, 8 threads"] = f"{_rate(indexes, questions[QUERIES:]):.0f}"
        vectors = {text: indexes.embedder.embed_query(text) for text in questions[:EXACT]}
        found["recall@10 of the dense leg"] = f"{_dense_recall(indexes, list(vectors.values())):.4f}"
        for group in ("half", "tenth", "hundredth"):
            found[f"who may read a {group}"] = _restricted(indexes, questions[:EXACT], Access(frozenset({group})))
        found["who may read all, by a group"] = _restricted(indexes, questions[:EXACT], Access(frozenset({"everyone"})))
    starts = [_start(data, first) for _ in range(3)]
    found["process start to first hits, s"] = " ".join(f"{seconds:.2f}" for seconds, _ in starts)
    found["resident memory after 50 searches, MB"] = f"{starts[0][1]:.0f}"
    return found


def _turn_by_turn(indexes: Indexes, questions: Sequence[str], *, warm: Sequence[str]) -> dict[str, object]:
    """Ours and the sum of the bare calls, each on the same questions in turn: wall and CPU milliseconds."""
    from core.access import OWNER
    from indexes.search.search import search

    for text in warm:
        search(indexes, text, access=OWNER, collection=COLLECTION, limit=10)
    bare = _bare(indexes)
    stages: dict[str, list[float]] = {}
    times: dict[str, list[tuple[float, float]]] = {"ours": [], **{name: [] for name in bare}}
    for place, text in enumerate(questions):
        jobs: dict[str, Callable[[str], object]] = {**bare}
        with _timed(times["ours"]) if place % 2 else _timed([]):
            result = search(indexes, f"{text} {place}", access=OWNER, collection=COLLECTION, limit=10)
        for name, job in jobs.items():
            with _timed(times[name]):
                job(f"{place} {text}")
        with _timed(times["ours"]) if not place % 2 else _timed([]):
            result = search(indexes, f"{text} {place} again", access=OWNER, collection=COLLECTION, limit=10)
        for stage, spent in result.timings_ms.items():
            stages.setdefault(stage, []).append(spent)
    cpu = {name: float(np.mean([each[1] for each in found])) for name, found in times.items()}
    wall = np.percentile([each[0] for each in times["ours"]], [50, 99])
    fts5: list[tuple[float, float]] = []
    with _fts5(indexes) as look_up:
        for text in questions[:EXACT]:
            with _timed(fts5):
                look_up(text)
    cpu["FTS5"] = float(np.mean([spent for _, spent in fts5]))
    sums = {words: cpu["encode"] + cpu["Chroma"] + cpu[words] for words in ("tantivy", "FTS5")}
    return {
        "hybrid search, p50 and p99 ms": f"{wall[0]:.1f} {wall[1]:.1f}",
        "stages, p50 ms": ", ".join(f"{name} {np.percentile(spent, 50):.1f}" for name, spent in stages.items()),
        "CPU ms a search": f"{cpu['ours']:.1f}",
        "CPU ms bare": ", ".join(f"{name} {cpu[name]:.1f}" for name in (*bare, "FTS5")),
        **{f"CPU of the bare calls, {name}": f"{cpu['ours'] / sums[name]:.2f} x {sums[name]:.1f} ms" for name in sums},
    }


def _bare(indexes: Indexes) -> dict[str, Callable[[str], object]]:
    """The calls that a search is made of, with as many candidates, and nothing around them."""
    embedder, candidates = indexes.embedder, indexes.search.candidates
    vectors: dict[str, Vectors] = {}

    def encode(text: str) -> None:
        vectors["last"] = embedder.embed_passages([f"bare {text}"])[0]

    return {
        "encode": encode,
        "Chroma": lambda text: indexes.vectors.nearest(COLLECTION, vectors["last"], candidates),
        "tantivy": lambda text: indexes.keyword.search(COLLECTION, text, candidates),
    }


@contextmanager
def _fts5(indexes: Indexes) -> Iterator[Callable[[str], object]]:
    """Looks the words of a question up in SQLite's own index of the same texts."""
    with closing(sqlite3.connect(":memory:")) as found:
        found.execute("CREATE VIRTUAL TABLE words USING fts5(id UNINDEXED, text, tokenize = 'porter unicode61')")
        for entries in indexes.catalogue.entries(COLLECTION):
            found.executemany("INSERT INTO words VALUES (?, ?)", [(entry.id, entry.text) for entry in entries])

        def best(text: str) -> object:
            either = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", text))
            query = "SELECT id, rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?"
            return found.execute(query, (either, indexes.search.candidates)).fetchall()

        yield best


@contextmanager
def _timed(into: list[tuple[float, float]]) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    into.append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))


def _rate(indexes: Indexes, questions: Sequence[str]) -> float:
    """Searches a second for some seconds, every thread asking as soon as it has its answer."""
    from core.access import OWNER
    from indexes.search.search import search

    done, lock, end = 0, threading.Lock(), time.perf_counter() + SECONDS

    def ask(thread: int) -> None:
        nonlocal done
        own = 0
        while time.perf_counter() < end:
            text = f"{questions[(own * THREADS + thread) % len(questions)]} {thread} {own}"
            search(indexes, text, access=OWNER, collection=COLLECTION, limit=10)
            own += 1
        with lock:
            done += own

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(ask, range(THREADS)))
    return done / (time.perf_counter() - began)


def _dense_recall(indexes: Indexes, vectors: Sequence[Vectors]) -> float:
    """The share of the exact ten nearest that the vector index finds, of questions and chunks moved a little."""
    asked = np.stack(vectors)
    names: list[str] = []
    parts: list[Vectors] = []
    for found, batch in indexes.catalogue.embeddings(COLLECTION):
        names += found
        parts.append(asked @ batch.T)
    cosines = np.concatenate(parts, axis=1)
    hit = 0
    for row, vector in zip(cosines, asked, strict=True):
        exact = {names[place] for place in np.argpartition(-row, 10)[:10]}
        hit += len(exact & {name for name, _ in indexes.vectors.nearest(COLLECTION, vector, 10)})
    return hit / (10 * len(vectors))


def _restricted(indexes: Indexes, questions: Sequence[str], access: Access) -> str:
    """The ten hits of somebody who may read a part, against the same search with every vector of it compared."""
    from indexes.search.search import search

    every = indexes.search.model_copy(update={"exact_chunks": 1 << 40})
    times, same = [], 0
    for text in questions:
        began = time.perf_counter()
        quick = search(indexes, f"{text} part", access=access, collection=COLLECTION, limit=10).hits
        times.append(1000 * (time.perf_counter() - began))
        compared = replace(indexes, search=every)
        exact = search(compared, f"{text} part", access=access, collection=COLLECTION, limit=10).hits
        same += len({hit.chunk_id for hit in quick} & {hit.chunk_id for hit in exact})
    p50, p99 = np.percentile(times, [50, 99])
    return f"recall {same / (10 * len(questions)):.3f}, p50 {p50:.1f} ms, p99 {p99:.1f} ms"


def _questions(indexes: Indexes) -> list[str]:
    """Six to twelve words in a row out of chunks drawn at random."""
    draw = random.Random(SEED)
    texts = [entry.text.split() for entries in _some(indexes) for entry in entries[::7]]
    found: list[str] = []
    while len(found) < QUERIES + 1001:
        words, length = draw.choice(texts), draw.randint(6, 12)
        start = draw.randrange(max(1, len(words) - length))
        found.append(" ".join(words[start : start + length]))
    return found


def _some(indexes: Indexes) -> Iterator[list[Entry]]:
    for number, entries in enumerate(indexes.catalogue.entries(COLLECTION)):
        if number == 20:
            return
        yield entries


def _start(data: Path, question: str) -> tuple[float, float]:
    command = [sys.executable, "-c", FIRST, str(data), question, COLLECTION]
    began = time.perf_counter()
    out = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split()
    return min(float(out[0]), time.perf_counter() - began), float(out[1])


def _build(base: Path, data: Path, size: int) -> None:
    from core.settings.load import load
    from indexes.open import open_indexes

    with open_indexes(load(data=base)) as opened:
        small = originals(opened)
    with open_indexes(load(data=data)) as opened:
        fill(opened, small, size)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(Path(sys.argv[2]))))
    else:
        main(Path(sys.argv[1]), [int(size) for size in sys.argv[2:]])
