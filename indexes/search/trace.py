"""Where a document ended up in a search, and why: for people who wonder that it was not found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.access import Access
from core.answers import Hit, Trace
from core.filters import UNFILTERED, Filters
from core.text import encodable
from indexes.indexes import Indexes, in_slot
from indexes.search.search import Wanted, by_meaning, by_words, search

DEEPEST = 1000
"""Ranks are counted up to here: a trace costs about what a few searches cost, however large the collection is."""


def trace(
    indexes: Indexes,
    text: str,
    document: str,
    *,
    access: Access,
    collection: str = "default",
    filters: Filters = UNFILTERED,
) -> Trace | None:
    """The best chunk of a document, by the merged score, with its ranks among all that are in scope.

    None when the filters leave the document out. It takes a slot like a search, three times.

    Raises:
        UnknownDocument: there is none of that name that may be read.
        Overloaded: no slot came free in time.
    """
    row = indexes.catalogue.document(collection, document, access=access)
    named = frozenset({row.document})
    alone = replace(filters, documents=named if filters.documents is None else named & filters.documents)
    own = search(indexes, text, access=access, collection=collection, limit=1, filters=alone).hits
    if not own:
        return None
    most = indexes.search.candidates
    merged = search(indexes, text, access=access, collection=collection, limit=most, filters=filters).hits
    hit = next((hit for hit in merged if hit.document == row.document), None)
    best = hit or own[0]
    dense_rank, keyword_rank = _ranks(indexes, text, best, access=access, collection=collection, filters=filters)
    found = Trace(
        document=row.document,
        chunk_id=best.chunk_id,
        dense=best.dense or 0.0,
        dense_rank=dense_rank,
        keyword=own[0].keyword if best.keyword is None else best.keyword,
        keyword_rank=keyword_rank,
        score=hit.score if hit else None,
        rank=merged.index(hit) + 1 if hit else None,
        reason="",
    )
    return replace(found, reason=_reason(found, most))


@in_slot
def _ranks(
    indexes: Indexes, text: str, best: Hit, *, access: Access, collection: str, filters: Filters
) -> tuple[int | None, int | None]:
    """The ranks of a chunk by meaning and by words among all in scope; None: beyond the deepest, or it has none."""
    wanted = Wanted(
        text=encodable(text),
        access=access,
        collection=collection,
        scope=indexes.catalogue.scope(collection, access=access, filters=filters),
        limit=DEEPEST,
        candidates=DEEPEST,
    )
    dense = list(by_meaning(indexes, wanted, indexes.embedder.embed_query(wanted.text)))
    words = list(by_words(indexes, wanted))
    return _rank(best, dense), _rank(best, words)


def _rank(chunk: Hit, found: Sequence[str]) -> int | None:
    return found.index(chunk.chunk_id) + 1 if chunk.chunk_id in found else None


def _place(rank: int | None) -> str:
    return f"beyond the first {DEEPEST:,}" if rank is None else f"number {rank}"


def _reason(trace: Trace, most: int) -> str:
    shares = trace.keyword is not None or trace.keyword_rank is not None
    by_words = f"{_place(trace.keyword_rank)} by words" if shares else "it shares no word with the question"
    by_meaning = f"{_place(trace.dense_rank)} by meaning"
    if trace.rank is None:
        return f"Not among the best {most}: {by_meaning}, {by_words}."
    if trace.dense_rank is None or trace.dense_rank > most:
        return f"Found by words alone: {by_meaning}."
    if trace.keyword_rank is not None and trace.keyword_rank <= most:
        return "Among the best of both indexes: its place is that of the two scores together."
    return f"Found by meaning alone: {by_words}."
