"""Making the derived indexes agree with the catalogue, from what is stored there: nothing is embedded again."""

from __future__ import annotations

import logging

from indexes.catalogue import Catalogue
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.keyword.protocol import KeywordIndex
from indexes.vector.protocol import VectorIndex

logger = logging.getLogger(__name__)

SAMPLE = 16
"""Stored vectors a collection that are searched for when the index is opened."""
TWINS = 8
"""Vectors asked for when one is searched for by itself: others may be the same."""
DOUBT = "doubt"
"""What the catalogue remembers from a process that died until `mend` has looked at every vector."""
SAME = 0.999
"""A vector's cosine with itself, rounding and all."""


def rebuild_vectors(indexes: Indexes) -> int:
    """Drop every collection of both derived indexes and fill them again; returns how many vectors there are."""
    refill_words(indexes.catalogue, indexes.keyword)
    return refill(indexes.catalogue, indexes.vectors)


def refill(catalogue: Catalogue, vectors: VectorIndex) -> int:
    """As `rebuild_vectors`, of the vector index."""
    written = 0
    for collection in catalogue.collections():
        vectors.drop(collection.name)
        for ids, batch in catalogue.embeddings(collection.name):
            vectors.upsert(collection.name, ids, batch)
            written += len(ids)
    logger.warning("the vector index was rebuilt", extra={"vectors": written})
    return written


def refill_words(catalogue: Catalogue, keyword: KeywordIndex) -> None:
    """As `rebuild_vectors`, of the keyword index."""
    for collection in catalogue.collections():
        keyword.drop(collection.name)
        for entries in catalogue.entries(collection.name):
            keyword.upsert(collection.name, entries)
    logger.warning("the keyword index was rebuilt")


def reconcile_words(catalogue: Catalogue, keyword: KeywordIndex) -> None:
    """Index the chunks that are missing and remove those the catalogue does not hold, with a log line."""
    for collection in (row.name for row in catalogue.collections()):
        held, stored = catalogue.chunk_ids(collection), keyword.ids(collection)
        missing, extra = held - stored, stored - held
        for entries in catalogue.entries(collection) if missing else ():
            keyword.upsert(collection, [entry for entry in entries if entry.id in missing])
        keyword.delete(collection, sorted(extra))
        if missing or extra:
            logger.warning(
                "the keyword index was mended",
                extra={"collection": collection, "added": len(missing), "removed": len(extra)},
            )


def reconcile(catalogue: Catalogue, vectors: VectorIndex) -> None:
    """Add the vectors that are missing and remove those the catalogue does not hold, with a log line."""
    for collection in (row.name for row in catalogue.collections()):
        held, stored = catalogue.chunk_ids(collection), vectors.ids(collection)
        missing, extra = held - stored, stored - held
        if missing:
            for ids, batch in catalogue.embeddings(collection):
                wanted = [place for place, name in enumerate(ids) if name in missing]
                vectors.upsert(collection, [ids[place] for place in wanted], batch[wanted])
        vectors.delete(collection, sorted(extra))
        if missing or extra:
            logger.warning(
                "the vector index was mended",
                extra={"collection": collection, "added": len(missing), "removed": len(extra)},
            )


def mend(indexes: Indexes) -> int:
    """Once after a process died: write those vectors again that are not found by themselves; returns how many.

    After a kill, Chroma now and then leaves a vector that it holds, and that no path of its graph leads to. Ids and
    counts do not show it, and it is not there yet when the folder is opened: it comes with the next writes.
    """
    if indexes.catalogue.recall(DOUBT) is None:
        return 0
    written = 0
    for collection in (row.name for row in indexes.catalogue.collections()):
        for ids, batch in indexes.catalogue.embeddings(collection):
            lost = [n for n, name in enumerate(ids) if not _found(indexes.vectors, collection, name, batch[n])]
            indexes.vectors.upsert(collection, [ids[n] for n in lost], batch[lost])
            written += len(lost)
    indexes.catalogue.unlearn(DOUBT)
    if written:
        logger.warning("vectors that could not be found were written again", extra={"vectors": written})
    return written


def _found(vectors: VectorIndex, collection: str, name: str, vector: Vectors) -> bool:
    """Whether searching for a vector finds it, or as many as near as were asked for."""
    nearest = vectors.nearest(collection, vector, TWINS)
    return any(name == found for found, _ in nearest) or (
        len(nearest) == TWINS and all(cosine > SAME for _, cosine in nearest)
    )


def finds_itself(catalogue: Catalogue, vectors: VectorIndex) -> bool:
    """Whether some stored vectors of every collection are found by searching for them: counting proves nothing."""
    for collection in (row.name for row in catalogue.collections()):
        for vector in catalogue.sample(collection, SAMPLE):
            if not any(cosine > SAME for _, cosine in vectors.nearest(collection, vector, 1)):
                return False
    return True
