"""Writing and removing documents, so that a process killed at any point leaves every reader with whole documents.

    0  intent        the catalogue notes that these versions are about to be written
    1  vectors and   written under document@version#ordinal to the vector index and the keyword index: nobody sees
       words         them, the catalogue does not know them
    2  COMMIT        one transaction: old chunks, vectors and rows out, new ones in, intents dropped, and intents noted
                     to remove the old versions from both indexes
    3  old ones      deleted from both indexes, then their intents dropped

    killed    before 1      in 1 to 2                    in 3
    served    old version   old version                  new version
    left      an intent     intent, new vectors, words   intent, old vectors, words    -> `finish_intents` removes them

Documents are written a few at a time, since most of what a write costs it costs once: Chroma takes 37 ms for a vector
alone; a large one goes to the derived indexes in slices. Removing a document is 2 without new rows, then 3. Writing the
same version again is harmless.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from core import caches
from indexes import recipe
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.rows import Entry, Intent, Version
from indexes.indexes import Indexes
from indexes.keyword.protocol import KeywordIndex
from indexes.vectors.protocol import VectorIndex

SLICE = 512
"""Chunks that are handed to a derived index at once: whoever else writes waits for these, not for a whole document."""
_MOMENT = 0.001


def write_documents(indexes: Indexes, versions: Sequence[Version], *, job: str | None = None) -> None:
    """Store documents of one collection in place of their old versions, if any; each at most once.

    The job that is named has them on record from the very commit on. When this raises, all of the old versions are
    still served, or all of the new ones are; `finish_intents` cleans up.
    """
    for version in versions:
        _check(version, indexes.embedder.dimension)
    if not versions:
        return
    recipe.record(indexes.catalogue, indexes.embedder, indexes.recipe)
    indexes.catalogue.intend([version.intent for version in versions])
    collection = versions[0].document.collection
    names = [chunk_id for version in versions for chunk_id in version.chunk_ids]
    vectors = np.concatenate([version.vectors for version in versions])
    for part in _slices(len(names)):
        indexes.vectors.upsert(collection, names[part], vectors[part])
    entries = [entry for version in versions for entry in _entries(version)]
    for part in _slices(len(entries)):
        indexes.keyword.upsert(collection, entries[part])
    outdated = indexes.catalogue.replace(versions, job=job)
    finish(indexes.catalogue, indexes.vectors, indexes.keyword, outdated)


def remove_document(indexes: Indexes, collection: str, document: str, *, job: str | None = None) -> None:
    """Remove a document and its vectors, and put it on the job's record; an unknown one is ignored."""
    outdated = indexes.catalogue.remove(collection, document, job=job)
    finish(indexes.catalogue, indexes.vectors, indexes.keyword, outdated)


def finish_intents(indexes: Indexes) -> int:
    """Remove what interrupted writes left in the derived indexes; returns how many intents there were."""
    return sweep(indexes.catalogue, indexes.vectors, indexes.keyword)


def sweep(catalogue: Catalogue, vectors: VectorIndex, keyword: KeywordIndex) -> int:
    """As `finish_intents`, of the parts."""
    left = catalogue.intents()
    finish(catalogue, vectors, keyword, left)
    return len(left)


def _entries(version: Version) -> list[Entry]:
    parts = zip(version.chunk_ids, version.chunks, strict=True)
    return [Entry(name, version.id, chunk.index_text) for name, chunk in parts]


def _check(version: Version, dimension: int) -> None:
    """Raise ValueError for chunks and vectors that do not belong together."""
    name, chunks = version.document.document, version.chunks
    if [chunk.ordinal for chunk in chunks] != list(range(len(chunks))):
        raise ValueError(f"the chunks of {name!r} are not numbered 0, 1, 2, ...")
    if version.vectors.shape != (len(chunks), dimension):
        raise ValueError(f"{len(chunks)} chunks of {name!r} came with vectors of shape {version.vectors.shape}")


def finish(catalogue: Catalogue, vectors: VectorIndex, keyword: KeywordIndex, intents: Sequence[Intent]) -> None:
    """Step 3: remove what the intents name from both indexes and from memory, then drop them."""
    unheld: dict[str, list[str]] = {}
    for intent in intents:
        unheld.setdefault(intent.collection, []).extend(catalogue.unheld(intent))
    for collection, chunk_ids in unheld.items():
        for part in _slices(len(chunk_ids)):
            vectors.delete(collection, chunk_ids[part])
            keyword.delete(collection, chunk_ids[part])
    catalogue.forget(intents)
    if intents:
        caches.forget()


def _slices(size: int) -> Iterator[slice]:
    """Parts of at most SLICE, with a moment between them in which another writer gets its turn."""
    for start in range(0, size, SLICE):
        if start:
            time.sleep(_MOMENT)
        yield slice(start, start + SLICE)
