"""Where a document ended up in a search, and why: for people who wonder that it was not found."""

from __future__ import annotations

from dataclasses import replace

from core.access import Access
from core.answers import Hit, Trace
from core.filters import UNFILTERED, Filters
from indexes.indexes import Indexes
from indexes.search import search
from indexes.unicode import encodable

DEEPEST = 100_000
"""Ranks by words are counted up to here."""


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

    None when the filters leave the document out. Every chunk in scope is compared: seconds at a million.

    Raises:
        UnknownDocument: there is none of that name that may be read.
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
    scope = indexes.catalogue.scope(collection, access=access, filters=filters)
    within = None if scope is None else scope.ids
    vector = indexes.embedder.embed_query(encodable(text))
    dense = [name for name, _ in indexes.catalogue.nearest(collection, vector, DEEPEST, within=within)]
    words = [name for name, _ in indexes.keyword.search(collection, encodable(text), DEEPEST, documents=within)]
    dense_rank = dense.index(best.chunk_id) + 1 if best.chunk_id in dense else len(dense) + 1
    keyword_rank = words.index(best.chunk_id) + 1 if best.chunk_id in words else None
    return Trace(
        document=row.document,
        chunk_id=best.chunk_id,
        dense=best.dense or 0.0,
        dense_rank=dense_rank,
        keyword=own[0].keyword if best.keyword is None else best.keyword,
        keyword_rank=keyword_rank,
        score=hit.score if hit else None,
        rank=merged.index(hit) + 1 if hit else None,
        reason=_reason(hit, dense_rank, keyword_rank, most),
    )


def _reason(hit: Hit | None, dense_rank: int, keyword_rank: int | None, most: int) -> str:
    by_words = "it shares no word with the question" if keyword_rank is None else f"number {keyword_rank} by words"
    if hit is None:
        return f"Not among the best {most}: number {dense_rank} by meaning, {by_words}."
    if dense_rank <= most and keyword_rank is not None and keyword_rank <= most:
        return "Among the best of both indexes: its place is that of the two scores together."
    if dense_rank <= most:
        return f"Found by meaning alone: {by_words}."
    return f"Found by words alone: number {dense_rank} by meaning."
