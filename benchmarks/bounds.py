"""What a page of documents and an exact search of some of a collection cost, against working out the whole.

    python -m benchmarks.bounds [DOCUMENTS]

Made-up documents of 2 chunks, every tenth nearly the same as the one before. Milliseconds of processor, the median of
five in turn.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path

import numpy as np

from core import ids
from core.access import OWNER
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.duplicates import near_duplicates, near_duplicates_of
from indexes.catalogue.schema import about, chunks, collections, documents, embeddings, transaction
from indexes.embedders.protocol import Vectors

PAGE, OFFSET, DIMENSION, PARTS, LIMIT = 100, 200, 384, 2, 100


def fill(catalogue: Catalogue, number: int) -> list[str]:
    """The ids of so many documents, stored."""
    draw = np.random.default_rng(1)
    sketches = draw.integers(0, 65536, (number, 128)).astype("<u2")
    for like in range(10, number, 10):
        sketches[like] = sketches[like - 1]
        sketches[like, draw.choice(128, 10, replace=False)] = 7
    names = [f"folder/{n:06}.md" for n in range(number)]
    keys = [ids.document_id("default", name) for name in names]
    said = {"collection": "default", "version": "v", "size": 1, "mtime_ns": 1, "media_type": "t", "title": "t"}
    said |= {"chunks": PARTS, "groups": [], "indexed_at": "x", "source": "s", "characters": 1000, "text": "x" * 1000}
    part = {"title": "t", "text": "y" * 600, "index_text": "y" * 600, "headings": [], "header": "", "pages": []}
    with transaction(catalogue.engine, write=True) as connection:
        connection.execute(collections.insert(), {"name": "default"})
        for n, (name, key) in enumerate(zip(names, keys, strict=True)):
            vectors = draw.standard_normal((PARTS, DIMENSION)).astype("<f4")
            numbers = range(PARTS * n, PARTS * n + PARTS)
            connection.execute(documents.insert(), {**said, "id": key, "document": name, "sha256": f"{n:064}"})
            sketch = {"document_id": key, "author": "", "tags": [], "attached": [], "sketch": sketches[n].tobytes()}
            connection.execute(about.insert(), sketch)
            own = {**part, "document_id": key, "start": 0, "end": 1}
            rows = [{**own, "number": at, "id": f"{key}@v#{at}", "ordinal": at - numbers[0]} for at in numbers]
            connection.execute(chunks.insert(), rows)
            stored = [{"number": at, "vector": row.tobytes()} for at, row in zip(numbers, vectors, strict=True)]
            connection.execute(embeddings.insert(), stored)
    return keys


def sorted_pairs(catalogue: Catalogue, vector: Vectors, within: list[str]) -> list[tuple[str, float]]:
    """An exact search that makes a pair of every chunk and sorts them."""
    wanted, pairs = set(within), list[tuple[str, float]]()
    for names, vectors in catalogue.embeddings("default"):
        found = zip(names, (vectors @ vector).tolist(), strict=True)
        pairs += [pair for pair in found if ids.document_of(pair[0]) in wanted]
    return sorted(pairs, key=itemgetter(1), reverse=True)[:LIMIT]


def compared(name: str, whole: Callable[[], object], part: Callable[[], object]) -> None:
    """Print what both cost, run in turn."""
    times: list[tuple[float, float]] = []
    for _ in range(5):
        began = time.process_time()
        whole()
        between = time.process_time()
        part()
        times.append((between - began, time.process_time() - between))
    first, second = (1000 * statistics.median(each) for each in zip(*times, strict=True))
    ratio = statistics.median(one / other for one, other in times)
    print(f"{name}: {first:.0f} ms as a whole, {second:.1f} ms so; ratio {ratio:.1f}", flush=True)


def main(number: int) -> None:
    """Fill a catalogue and measure."""
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue(Path(folder) / "catalogue.sqlite3")
        keys = fill(catalogue, number)
        rows = catalogue.documents("default", access=OWNER, limit=PAGE, offset=OFFSET)

        def all_rows() -> None:
            catalogue.documents("default", access=OWNER)
            near_duplicates(catalogue, "default", access=OWNER)

        def page() -> None:
            found = catalogue.documents("default", access=OWNER, limit=PAGE, offset=OFFSET)
            catalogue.number_of_documents("default", access=OWNER)
            near_duplicates_of(catalogue, found, access=OWNER)

        compared(f"a page of {PAGE} of {number:,} documents", all_rows, page)
        compared(
            "one document",
            lambda: near_duplicates(catalogue, "default", access=OWNER),
            lambda: near_duplicates_of(catalogue, rows[:1], access=OWNER),
        )
        vector = np.random.default_rng(2).standard_normal(DIMENSION).astype(np.float32)
        for share in (0.01, 0.1, 0.5, 1.0):
            within = keys[: int(share * number)]
            compared(
                f"exact search of {PARTS * len(within):,} of {PARTS * number:,} chunks",
                lambda within=within: sorted_pairs(catalogue, vector, within),  # type: ignore[misc]
                lambda within=within: catalogue.nearest("default", vector, LIMIT, within=within),  # type: ignore[misc]
            )
        catalogue.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
