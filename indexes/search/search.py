"""From a question to hits: embed, dense and keyword candidates, exact cosines, ranking, and the text of the best."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from core import ids
from core.access import Access
from core.answers import Hit, SearchResult
from core.filters import UNFILTERED, Filters
from core.text import encodable
from indexes.catalogue.scope import Scope
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes, in_slot
from indexes.rerankers.protocol import Reranker
from indexes.search import rank
from indexes.search.rank import Candidates, alone, best_documents, ranked, shares

MAX_DOCUMENTS = 1000
"""So few documents in scope are named to the keyword index; of more, its hits are picked out."""
MARGIN, WIDER = 1.2, 3
"""Where a part is in scope, candidates are asked for with a margin, then three times as many."""
WEIGHED = 30
"""Documents that are weighed as wholes: those of the best candidates."""
TRIES = 5
"""A document that is replaced between finding its chunks and reading them makes the search start again."""
NEWEST = 2 / 3
"""What being the newest adds to a document that a question for the latest is about, beside its evidence, 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A question with everything that limits where it is looked for.

    `scope`: the documents it may use; None: all of the collection.
    """

    text: str
    access: Access
    collection: str
    scope: Scope | None
    limit: int
    candidates: int


@in_slot
def search(
    indexes: Indexes,
    text: str,
    *,
    access: Access,
    collection: str = "default",
    limit: int,
    filters: Filters = UNFILTERED,
) -> SearchResult:
    """The best `limit` chunks for a question among those that may be read and pass the filters.

    Every candidate of either index is compared exactly: `Hit.dense` is the cosine with the stored vector.

    Raises:
        UnknownCollection: there is no such collection.
        IndexBroken: an index cannot be read.
        Overloaded: no slot came free in time (`Indexes.slot`).
    """
    watch = Stopwatch()
    text = encodable(text)
    most = max(limit, indexes.reranker.candidates)
    vector: Vectors | None = None
    hits: tuple[Hit, ...] = ()
    for _ in range(TRIES):
        with watch.stage("scope"):
            wanted = Wanted(
                text=text,
                access=access,
                collection=collection,
                scope=indexes.catalogue.scope(collection, access=access, filters=filters),
                limit=most,
                candidates=max(indexes.search.candidates, most),
            )
        asked = indexes.pool.submit(by_words, indexes, wanted)  # while the encoder reads the question
        if vector is None:
            with watch.stage("embed"):
                vector = indexes.embedder.embed_query(text)
        with watch.stage("dense"):
            near = by_meaning(indexes, wanted, vector)
        with watch.stage("keyword"):
            worded = asked.result()
        with watch.stage("fetch"):
            hits, complete = _best(indexes, wanted, vector, near, worded)
        if complete:
            break
    if not hits:
        indexes.catalogue.require_collection(collection, access=access)
    if indexes.reranker.candidates:
        with watch.stage("rerank"):
            hits = rerank(indexes.reranker, text, hits)[:limit]
    return SearchResult(hits=hits, index_version=indexes.version, timings_ms=watch.milliseconds())


def by_meaning(indexes: Indexes, wanted: Wanted, vector: Vectors) -> dict[str, float]:
    """The nearest chunks in scope, with their cosines: by the vector index, or exactly where few are in scope."""
    scope, collection, most = wanted.scope, wanted.collection, wanted.candidates
    if scope is None:
        return dict(indexes.vectors.nearest(collection, vector, most))
    if scope.chunks > indexes.search.exact_chunks:
        for asked in _widening(scope, most):
            near = indexes.vectors.nearest(collection, vector, asked)
            inside = [found for found in near if ids.document_of(found[0]) in scope.ids]
            if len(inside) >= most or len(near) < asked:
                return dict(inside[:most])
    return dict(indexes.catalogue.nearest(collection, vector, most, within=scope.ids))


def by_words(indexes: Indexes, wanted: Wanted) -> dict[str, float]:
    """The chunks in scope that share words with the question, with their BM25."""
    scope, collection, most = wanted.scope, wanted.collection, wanted.candidates
    if scope is None:
        return dict(indexes.keyword.search(collection, wanted.text, most))
    if len(scope.ids) > MAX_DOCUMENTS:
        for asked in _widening(scope, most):
            found = indexes.keyword.search(collection, wanted.text, asked)
            inside = [each for each in found if ids.document_of(each[0]) in scope.ids]
            if len(inside) >= most or len(found) < asked:
                return dict(inside[:most])
    return dict(indexes.keyword.search(collection, wanted.text, most, documents=scope.ids))


def _widening(scope: Scope, most: int) -> Iterator[int]:
    """How many candidates to ask for so that `most` are in scope: as it would be by chance, with a margin, then more.

    Never as many as there are chunks in scope: to compare all of those takes no longer.
    """
    by_chance = int(MARGIN * most / scope.share) if scope.share else 0
    return (asked for asked in (by_chance, WIDER * by_chance) if 0 < asked < scope.chunks)


def _best(
    indexes: Indexes, wanted: Wanted, vector: Vectors, near: Mapping[str, float], worded: Mapping[str, float]
) -> tuple[tuple[Hit, ...], bool]:
    """The best hits of both kinds, and whether the documents of all candidates were still there."""
    names = {*near, *worded}
    held, vectors = indexes.catalogue.vectors(names, access=wanted.access)
    documents = list(map(ids.document_of, held))
    dense = dict(zip(held, (vectors @ vector).tolist(), strict=True)) if held else {}
    worded = {name: score for name, score in worded.items() if name in dense}
    candidates = Candidates(names=held, documents=documents, vectors=vectors, question=vector, worded=worded, whole={})
    about = _whole(indexes, wanted, best_documents(candidates, indexes.search, WEIGHED))
    weighed = replace(candidates, whole=about)
    best = ranked(weighed, indexes.search)[: wanted.limit]
    share = dict(zip(held, shares(weighed, indexes.search).tolist(), strict=True)) if about else {}
    found = indexes.catalogue.hits([name for name, _ in best], access=wanted.access)
    dense_rank, keyword_rank = rank.ranks(dense), rank.ranks(worded)
    hits = tuple(
        replace(
            found[name],
            score=score,
            dense=dense[name],
            keyword=worded.get(name),
            dense_rank=dense_rank[name],
            keyword_rank=keyword_rank.get(name),
            whole=share.get(name),
        )
        for name, score in best
        if name in found
    )
    replaced = set(map(ids.document_of, names.difference(held))).difference(documents)
    return hits, not replaced and len(hits) == len(best)


def _whole(indexes: Indexes, wanted: Wanted, documents: Collection[str]) -> dict[str, float]:
    """What speaks for each document as a whole: its words and name, and its date where the latest is asked for."""
    if alone(indexes.search) or not indexes.search.document_weight or len(documents) < 2:
        return {}
    outlines, keyword = indexes.catalogue.outlines(documents), indexes.keyword
    spread = keyword.spread(wanted.collection, wanted.text, outlines)
    found = rank.evidence(keyword.terms(wanted.text), spread, outlines, words=keyword.terms)
    if rank.asks_for_latest(wanted.text):
        new = rank.newness(outlines)
        return {name: score * (1 + NEWEST * new[name]) for name, score in found.items()}
    return found


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


# A second look at the best hits: put into the order of a reranker.


def rerank(reranker: Reranker, text: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The first `reranker.candidates` hits in the order of their new scores, ties as they came, then the rest.

    `Hit.score` becomes the reranker's. The rest keep their order below: their scores are scaled by the lowest new one.
    When the reranker has no time for all its candidates, the hits stay as they are.
    """
    first, rest = hits[: reranker.candidates], hits[reranker.candidates :]
    scores = reranker.scores(text, [what_it_reads(hit) for hit in first]) if first else None
    if scores is None:
        return tuple(hits)
    order = sorted(range(len(first)), key=lambda place: (-scores[place], place))
    lowest = min(scores)
    return (
        *(_rescored(first[place], scores[place], reranked=scores[place]) for place in order),
        *(_rescored(hit, hit.score * lowest) for hit in rest),
    )


def _rescored(hit: Hit, score: float, *, reranked: float | None = None) -> Hit:
    return replace(hit, score=score, fused=hit.score, reranked=reranked)


def what_it_reads(hit: Hit) -> str:
    """Title and headings, then the text."""
    return "\n".join(filter(None, [" › ".join(filter(None, [hit.title, *hit.headings])), hit.header, hit.text]))
