"""Whether a version of the index that was just made may be served."""

from __future__ import annotations

import numpy as np

from core.access import OWNER
from core.errors import IndexBroken
from indexes.catalogue.catalogue import Catalogue
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.upkeep.refill import finds_itself

QUERIES = 64
"""Searches a collection, each for a point half-way between two chunks."""
NEAREST = 10
MIN_RECALL = 0.99
_ROUNDING = 1e-5


def refuse_unsound(made: Indexes, live: Catalogue) -> float:
    """Compare a new version with the live one and with itself; returns the lowest recall of a collection.

    Raises:
        IndexBroken: what is wrong with it. It must not be served.
    """
    refuse_incomplete(made, live)
    return refuse_imprecise(made)


def refuse_imprecise(made: Indexes) -> float:
    """Compare what a version's vector index finds with what it holds; returns the lowest recall of a collection.

    Raises:
        IndexBroken: it finds too little. It must not be served.
    """
    made.caretaker.prepare()  # until the stores are open, searches are exact
    if not finds_itself(made.catalogue, made.vectors):
        raise _refused("stored vectors are not found by searching for them")
    lowest = 1.0
    for collection in (row.name for row in made.catalogue.collections(access=OWNER)):
        found = recall(made, collection)
        if found < MIN_RECALL:
            raise _refused(
                f"in the collection {collection!r} the vector index finds {found:.3f} of the {NEAREST} nearest chunks, "
                f"and {MIN_RECALL} is asked of it"
            )
        lowest = min(lowest, found)
    return lowest


def refuse_incomplete(made: Indexes, live: Catalogue) -> None:
    """Compare what the new version holds with what the live one does, and its parts with each other.

    Raises:
        IndexBroken: something is missing, or too much.
    """
    wanted = {row.name: row.documents for row in live.collections(access=OWNER) if row.documents}
    held = {row.name: row.documents for row in made.catalogue.collections(access=OWNER) if row.documents}
    if wanted != held:
        raise _refused(f"it holds {sum(held.values()):,} documents and the live version {sum(wanted.values()):,}")
    for collection in held:
        chunks, vectors = made.catalogue.chunk_ids(collection), made.vectors.ids(collection)
        if chunks != vectors:
            raise _refused(f"the collection {collection!r} has {len(chunks):,} chunks and {len(vectors):,} vectors")
        if chunks != (words := made.keyword.ids(collection)):
            raise _refused(f"the collection {collection!r} has {len(chunks):,} chunks, {len(words):,} with their words")
    if made.catalogue.intents():
        raise _refused("writes to it were left unfinished")


def recall(made: Indexes, collection: str) -> float:
    """How much of what an exact comparison finds the vector index finds, over a sample of searches."""
    ends = made.catalogue.sample(collection, 2 * QUERIES)
    if not len(ends):
        return 1.0
    half = max(1, len(ends) // 2)
    queries = ends[:half] + ends[-half:]
    queries = queries / np.linalg.norm(queries, axis=1, keepdims=True).clip(1e-6)
    exact = _exact(made.catalogue, collection, queries)
    found = 0
    for query, nearest in zip(queries, exact, strict=True):
        cosines = [cosine for _, cosine in made.vectors.nearest(collection, query, NEAREST)]
        found += sum(cosine >= nearest.min() - _ROUNDING for cosine in cosines)
    return found / exact.size


def _exact(catalogue: Catalogue, collection: str, queries: Vectors) -> Vectors:
    """The cosines of the nearest chunks: float32 (queries, NEAREST or all of them)."""
    best = np.empty((len(queries), 0), dtype=np.float32)
    for _, vectors in catalogue.embeddings(collection):
        both = np.concatenate([best, queries @ vectors.T], axis=1)
        best = -np.sort(-both, axis=1)[:, :NEAREST]
    return best


def _refused(why: str) -> IndexBroken:
    return IndexBroken(
        f"The new version of the index is not served, since {why}. The live one goes on; run the rebuild again."
    )
