"""Making the derived indexes agree with the catalogue, from what is stored there: nothing is embedded again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from core import ids
from core.access import OWNER
from indexes.catalogue.catalogue import Catalogue
from indexes.embedders.protocol import Vectors
from indexes.keyword.protocol import KeywordIndex
from indexes.vectors.probe import SAME, finds
from indexes.vectors.protocol import VectorIndex

if TYPE_CHECKING:
    from indexes.indexes import Indexes

logger = logging.getLogger(__name__)

SOUND = "sound until"
"""Until when what was indexed is known to be found: for `mend`."""
SAMPLE = 16
"""Stored vectors a collection that are searched for when the index is opened."""
TWINS = 8
"""Vectors asked for when one is searched for by itself: others may be the same."""
BATCH = 64
"""Vectors that are searched for or written at once."""
DOUBT = "doubt"
"""What the catalogue remembers from a process that died until `mend` has looked at what was written since."""
OPENED = "vector index opened"
"""What the catalogue remembers while a process has the index open; AGAIN when the one before died with it open."""
ONCE, AGAIN = "once", "again"


def rebuild_vectors(indexes: Indexes) -> int:
    """Fill both derived indexes anew and put them in the old ones' place; returns how many vectors there are.

    Raises:
        IndexBroken: one cannot be written; the old one stays.
    """
    indexes.care.remake()
    return sum(row.chunks for row in indexes.catalogue.collections(access=OWNER))


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


def mend(indexes: Indexes) -> int:
    """Once after a process died: write those vectors again that are not found by themselves; returns how many.

    After a kill, Chroma now and then leaves a vector that it holds, and that no path of its graph leads to. Ids and
    counts do not show it, and it is not there yet when the folder is opened: it comes with the next writes. So those
    are looked at that were written since the folder was last closed in order.
    """
    if indexes.catalogue.recall(DOUBT) is None:
        return 0
    written = 0
    for collection in (row.name for row in indexes.catalogue.collections(access=OWNER)):
        for names, batch in indexes.catalogue.embeddings(collection, since=indexes.catalogue.recall(SOUND) or ""):
            lost = not_found(indexes.vectors, collection, names, batch)
            indexes.vectors.upsert(collection, [names[place] for place in lost], batch[lost])
            written += len(lost)
    indexes.catalogue.unlearn(DOUBT)
    note_opened(indexes.catalogue, proven=True)
    if written:
        logger.warning("vectors that could not be found were written again", extra={"vectors": written})
    return written


def note_opened(catalogue: Catalogue, *, proven: bool = False) -> None:
    """Note that this process has the vector index open, which may be damaged and end it, unless it is `proven`."""
    before = catalogue.recall(OPENED)
    catalogue.unlearn(OPENED)
    catalogue.remember(OPENED, AGAIN if before and not proven else ONCE)


def note_new(catalogue: Catalogue) -> None:
    """Note that the vector index is a new one: what dead processes did to the old one is over."""
    for key in (DOUBT, OPENED):
        catalogue.unlearn(key)


def vouch(catalogue: Catalogue) -> None:
    """Note that the vector index, which is closed in order, holds and finds everything that was indexed until now."""
    catalogue.unlearn(OPENED)
    latest = catalogue.latest()
    if catalogue.recall(DOUBT) is None and catalogue.recall(SOUND) != latest:
        catalogue.unlearn(SOUND)
        catalogue.remember(SOUND, latest)


def not_found(vectors: VectorIndex, collection: str, names: list[str], batch: Vectors) -> list[int]:
    """The places of those vectors that searching for them does not find, nor as many as near as were asked for."""
    lost = []
    for start in range(0, len(names), BATCH):
        nearest = vectors.nearest_to_each(collection, batch[start : start + BATCH], TWINS)
        for place, hits in enumerate(nearest, start=start):
            crowded = len(hits) == TWINS and all(cosine > SAME for _, cosine in hits)
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
