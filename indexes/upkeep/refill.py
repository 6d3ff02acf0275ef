"""Making the derived indexes agree with the catalogue, from what is stored there: nothing is embedded again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from core import ids
from core.access import OWNER
from indexes.catalogue.catalogue import Catalogue
from indexes.embedders.protocol import Vectors
from indexes.keyword.protocol import KeywordIndex
from indexes.vectors.probe import SAME, finds
from indexes.vectors.protocol import VectorIndex

logger = logging.getLogger(__name__)

SAMPLE = 16
"""Stored vectors a collection that are searched for when the index is opened."""
NEAREST = 8
"""Vectors asked for when one is searched for by itself: others may be the same."""
BATCH = 64
"""Vectors that are searched for or written at once."""


def samples(catalogue: Catalogue, size: int = SAMPLE) -> dict[str, Vectors]:
    """Some stored vectors of every collection that holds any."""
    found = {row.name: catalogue.sample(row.name, size) for row in catalogue.collections(access=OWNER) if row.chunks}
    return {name: vectors for name, vectors in found.items() if len(vectors)}


def finds_itself(catalogue: Catalogue, vectors: VectorIndex) -> bool:
    """Whether some stored vectors of every collection are found by searching for them."""
    return finds(vectors, samples(catalogue))


def reconcile(catalogue: Catalogue, vectors: VectorIndex, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Add the vectors that are missing and remove those that the catalogue neither holds nor is about to, until told.

    Safe beside a writer whose vectors go to this index: what it has written and not committed yet is promised.
    `stop` is asked after every BATCH of vectors.
    """
    added = removed = 0
    for collection in (row.name for row in catalogue.collections(access=OWNER)):
        stored = vectors.ids(collection)
        written = promised(catalogue, collection)
        missing = (held := catalogue.chunk_ids(collection)) - stored
        for names, batch in catalogue.embeddings(collection) if missing else ():
            wanted = [place for place, name in enumerate(names) if name in missing]
            for start in range(0, len(wanted), BATCH):
                part = wanted[start : start + BATCH]
                vectors.upsert(collection, [names[place] for place in part], batch[part])
                added += len(part)
                if stop():
                    return
        extra = stored - held - written
        vectors.delete(collection, sorted(extra))
        removed += len(extra)
    if added or removed:
        logger.warning("the vector index was mended", extra={"added": added, "removed": removed})


def reconcile_words(catalogue: Catalogue, keyword: KeywordIndex, *, stop: Callable[[], bool] = lambda: False) -> None:
    """As `reconcile`, of the keyword index."""
    added = removed = 0
    for collection in (row.name for row in catalogue.collections(access=OWNER)):
        stored = keyword.ids(collection)
        written = promised(catalogue, collection)
        missing = (held := catalogue.chunk_ids(collection)) - stored
        for entries in catalogue.entries(collection) if missing else ():
            wanted = [entry for entry in entries if entry.id in missing]
            keyword.upsert(collection, wanted)
            added += len(wanted)
            if stop():
                return
        extra = stored - held - written
        keyword.delete(collection, sorted(extra))
        removed += len(extra)
    if added or removed:
        logger.warning("the keyword index was mended", extra={"added": added, "removed": removed})


def rewrite_lost(catalogue: Catalogue, vectors: VectorIndex, *, since: str) -> int:
    """Write those vectors again that are not found by searching for them; returns how many.

    After a kill, Chroma now and then leaves a vector that it holds, and that no path of its graph leads to. Ids and
    counts do not show it, and it is not there yet when the folder is opened: it comes with the next writes. So those
    are looked at that were written since this time, ISO, or all of them where it is empty.
    """
    written = 0
    for collection in (row.name for row in catalogue.collections(access=OWNER)):
        for names, batch in catalogue.embeddings(collection, since=since):
            lost = not_found(vectors, collection, names, batch)
            vectors.upsert(collection, [names[place] for place in lost], batch[lost])
            written += len(lost)
    if written:
        logger.warning("vectors that could not be found were written again", extra={"vectors": written})
    return written


def not_found(vectors: VectorIndex, collection: str, names: list[str], batch: Vectors) -> list[int]:
    """The places of those vectors that searching for them does not find, nor as many as near as were asked for."""
    lost = []
    for start in range(0, len(names), BATCH):
        nearest = vectors.nearest_to_each(collection, batch[start : start + BATCH], NEAREST)
        for place, hits in enumerate(nearest, start=start):
            crowded = len(hits) == NEAREST and all(cosine > SAME for _, cosine in hits)
            if not crowded and (names[place], True) not in [(name, cosine > SAME) for name, cosine in hits]:
                lost.append(place)
    return lost


def promised(catalogue: Catalogue, collection: str) -> set[str]:
    """The ids of the versions that are being written."""
    return {
        ids.chunk_id(intent.document_id, intent.version, ordinal)
        for intent in catalogue.intents()
        if intent.collection == collection
        for ordinal in range(intent.chunks)
    }
