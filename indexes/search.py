"""From a question to hits: embed, dense and keyword candidates, exact cosines, fusion, and the text of the best."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from core.access import Access
from core.answers import Hit, SearchResult
from indexes import fuse
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.unicode import encodable

WIDER = 10
"""How many times the candidates are asked for again when few of them may be read."""
TRIES = 3
"""A document that is replaced between finding its chunks and reading them makes the search start again."""
WEAK_BM25 = 1.0
"""A best BM25 below this tells little: the words stand in half of all chunks or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A question with everything that limits where it is looked for; `vector` is float32 (dimension,)."""

    text: str
    vector: Vectors
    access: Access
    collection: str
    documents: frozenset[str] | None
    limit: int
    candidates: int


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
    with watch.stage("embed"):
        vector = indexes.embedder.embed_query(encodable(text))
    wanted = Wanted(
        text=encodable(text),
        vector=vector,
        access=access,
        collection=collection,
        documents=documents,
        limit=limit,
        candidates=max(indexes.search.candidates, limit),
    )
    hits: tuple[Hit, ...] = ()
    for _ in range(TRIES):
        with watch.stage("dense"):
            near = _by_meaning(indexes, wanted)
        with watch.stage("keyword"):
            worded = _by_words(indexes, wanted)
        with watch.stage("fetch"):
            hits, complete = _best(indexes, wanted, near, worded)
        if complete:
            break
    return SearchResult(hits=hits, index_version=indexes.version, timings_ms=watch.milliseconds())


def _by_meaning(indexes: Indexes, wanted: Wanted) -> set[str]:
    """The ids of the nearest readable chunks: by the vector index, or exactly where too few of those may be read."""
    catalogue, collection, access = indexes.catalogue, wanted.collection, wanted.access
    if wanted.documents is None:
        for asked in (wanted.candidates, wanted.candidates * WIDER):
            near = [name for name, _ in indexes.vectors.nearest(collection, wanted.vector, asked)]
            may_read = catalogue.cosines(collection, wanted.vector, access=access, chunk_ids=near)
            if len(may_read) >= wanted.limit or len(near) < asked:
                return set([name for name in near if name in may_read][: wanted.candidates])
    exact = catalogue.nearest(collection, wanted.vector, wanted.candidates, access=access, within=wanted.documents)
    return {name for name, _ in exact}


def _by_words(indexes: Indexes, wanted: Wanted) -> dict[str, float]:
    """The ids of the readable chunks that share words with the question, with their BM25."""
    found = indexes.keyword.search(
        wanted.collection,
        wanted.text,
        access=wanted.access,
        limit=wanted.candidates,
        within=wanted.documents,
    )
    return dict(found)


def _best(
    indexes: Indexes, wanted: Wanted, near: set[str], worded: Mapping[str, float]
) -> tuple[tuple[Hit, ...], bool]:
    """The best hits of both kinds, and whether all of the candidates were still there."""
    names, weight = near | set(worded), indexes.search.dense_weight
    dense = indexes.catalogue.cosines(wanted.collection, wanted.vector, access=wanted.access, chunk_ids=names)
    worded = {name: score for name, score in worded.items() if name in dense}
    by_meaning, by_words = fuse.min_max(dense), fuse.min_max(worded, floor=0.0, least=WEAK_BM25)
    best = fuse.weighted([(weight, by_meaning), (1 - weight, by_words)])[: wanted.limit]
    found = indexes.catalogue.hits(wanted.collection, [name for name, _ in best], access=wanted.access)
    hits = tuple(
        replace(found[name], score=score, dense=dense[name], keyword=worded.get(name))
        for name, score in best
        if name in found
    )
    return hits, len(dense) == len(names) and len(hits) == len(best)


class Stopwatch:
    """Milliseconds by stage, and in total since it was made."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._stages: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measures what runs inside; a stage that runs again adds up."""
        began = time.perf_counter()
        yield
        self._stages[name] += 1000 * (time.perf_counter() - began)

    def milliseconds(self) -> dict[str, float]:
        """What was measured, to a microsecond."""
        stages = {**self._stages, "total": 1000 * (time.perf_counter() - self._began)}
        return {name: round(value, 3) for name, value in stages.items()}
