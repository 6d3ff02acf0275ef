"""From a question to hits: embed, dense and keyword candidates, exact cosines, fusion, and the text of the best."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from core.access import Access
from core.answers import SearchResult
from indexes import fuse
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.unicode import encodable

WIDER = 10
"""How many times the candidates are asked for again when few of them may be read."""

WEAK_BM25 = 1.0
"""A best BM25 below this tells little: the words stand in half of all chunks or more."""


def search(
    indexes: Indexes,
    text: str,
    *,
    access: Access,
    collection: str = "default",
    limit: int,
    documents: frozenset[str] | None = None,
) -> SearchResult:
    """The best `limit` chunks for a question among those that may be read; `documents` are paths to keep to.

    Every candidate of either index is compared exactly: `Hit.dense` is the cosine with the stored vector.

    Raises:
        UnknownCollection: there is no such collection.
        IndexBroken: an index cannot be read.
    """
    watch = Stopwatch()
    indexes.catalogue.require_collection(collection)
    text = encodable(text)
    candidates = max(indexes.search.candidates, limit)
    with watch.stage("embed"):
        vector = indexes.embedder.embed_query(text)
    with watch.stage("dense"):
        if documents is None:
            near = _dense(indexes, collection, vector, access=access, candidates=candidates, enough=limit)
        else:
            near = indexes.catalogue.nearest(collection, vector, candidates, access=access, within=documents)
    with watch.stage("keyword"):
        worded = dict(indexes.keyword.search(collection, text, access=access, limit=candidates, within=documents))
    with watch.stage("fetch"):
        names = {name for name, _ in near} | set(worded)
        dense = indexes.catalogue.cosines(collection, vector, access=access, chunk_ids=names)
        weight = indexes.search.dense_weight
        best = fuse.weighted(
            [(weight, fuse.min_max(dense)), (1 - weight, fuse.min_max(worded, floor=0.0, least=WEAK_BM25))]
        )
        found = indexes.catalogue.hits(collection, [name for name, _ in best[:limit]], access=access)
    hits = tuple(
        replace(found[name], score=score, dense=dense[name], keyword=worded.get(name))
        for name, score in best[:limit]
        if name in found and name in dense
    )
    return SearchResult(hits=hits, index_version=indexes.version, timings_ms=watch.milliseconds())


def _dense(
    indexes: Indexes, collection: str, vector: Vectors, *, access: Access, candidates: int, enough: int
) -> list[tuple[str, float]]:
    """The nearest readable chunks: from the vector index, or from the catalogue when too few of those may be read."""
    for asked in (candidates, candidates * WIDER):
        near = indexes.vectors.nearest(collection, vector, asked)
        may_read = indexes.catalogue.cosines(collection, vector, access=access, chunk_ids=[name for name, _ in near])
        if len(may_read) >= enough or len(near) < asked:
            return [(name, cosine) for name, cosine in near if name in may_read][:candidates]
    return indexes.catalogue.nearest(collection, vector, candidates, access=access)


class Stopwatch:
    """Milliseconds by stage, and in total since it was made."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measures what runs inside."""
        began = time.perf_counter()
        yield
        self._stages[name] = 1000 * (time.perf_counter() - began)

    def milliseconds(self) -> dict[str, float]:
        """What was measured, to a microsecond."""
        stages = {**self._stages, "total": 1000 * (time.perf_counter() - self._began)}
        return {name: round(value, 3) for name, value in stages.items()}
