"""Making the vector index agree with the catalogue, from the embeddings stored there: nothing is embedded again."""

from __future__ import annotations

import logging

from indexes.catalogue import Catalogue
from indexes.indexes import Indexes
from indexes.vector.protocol import VectorIndex

logger = logging.getLogger(__name__)

SAMPLE = 16
"""Stored vectors a collection that are searched for when the index is opened."""
SAME = 0.999
"""A vector's cosine with itself, rounding and all."""


def rebuild_vectors(indexes: Indexes) -> int:
    """Drop every collection of the vector index and fill it again; returns how many vectors it holds."""
    return refill(indexes.catalogue, indexes.vectors)


def refill(catalogue: Catalogue, vectors: VectorIndex) -> int:
    """As `rebuild_vectors`, of the parts."""
    written = 0
    for collection in catalogue.collections():
        vectors.drop(collection.name)
        for ids, batch in catalogue.embeddings(collection.name):
            vectors.upsert(collection.name, ids, batch)
            written += len(ids)
    logger.warning("the vector index was rebuilt", extra={"vectors": written})
    return written


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


def finds_itself(catalogue: Catalogue, vectors: VectorIndex) -> bool:
    """Whether some stored vectors of every collection are found by searching for them: counting proves nothing."""
    for collection in (row.name for row in catalogue.collections()):
        for vector in catalogue.sample(collection, SAMPLE):
            if not any(cosine > SAME for _, cosine in vectors.nearest(collection, vector, 1)):
                return False
    return True
