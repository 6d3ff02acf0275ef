"""Writing and removing documents, so that a process killed at any point leaves every reader with whole documents.

    0  intent        the catalogue notes that these versions' vectors are about to be written
    1  vectors       upserted under document@version#ordinal: nobody sees them, the catalogue does not know them
    2  COMMIT        one transaction: old chunks, keyword rows and rows out, new ones in, intents dropped,
                     and intents noted to remove the old versions' vectors
    3  old vectors   deleted, then their intents dropped

    killed    before 1      in 1 to 2               in 3
    served    old version   old version             new version
    left      an intent     intent, new vectors     intent, old vectors      -> `finish_intents` removes them

Documents are written a few at a time, since most of what a write costs it costs once: Chroma takes 37 ms for a vector
alone. Removing a document is 2 without new rows, then 3. Writing the same version again is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexes import manifest
from indexes.catalogue import Catalogue
from indexes.indexes import Indexes
from indexes.rows import Intent, Version
from indexes.vector.protocol import VectorIndex


def write_documents(indexes: Indexes, versions: Sequence[Version], *, job: str | None = None) -> None:
    """Store documents of one collection in place of their old versions, if any; each at most once.

    The job that is named has them on record from the very commit on. When this raises, all of the old versions are
    still served, or all of the new ones are; `finish_intents` cleans up.
    """
    for version in versions:
        _check(version, indexes.embedder.dimension)
    if not versions:
        return
    manifest.record(indexes.catalogue, indexes.embedder)
    indexes.catalogue.intend([version.intent for version in versions])
    names = [chunk_id for version in versions for chunk_id in version.chunk_ids]
    vectors = np.concatenate([version.vectors for version in versions])
    indexes.vectors.upsert(versions[0].document.collection, names, vectors)
    _finish(indexes.catalogue, indexes.vectors, indexes.catalogue.replace(versions, job=job))


def remove_document(indexes: Indexes, collection: str, document: str, *, job: str | None = None) -> None:
    """Remove a document and its vectors, and put it on the job's record; an unknown one is ignored."""
    _finish(indexes.catalogue, indexes.vectors, indexes.catalogue.remove(collection, document, job=job))


def finish_intents(indexes: Indexes) -> int:
    """Remove the vectors that interrupted writes left behind; returns how many intents there were."""
    return sweep(indexes.catalogue, indexes.vectors)


def sweep(catalogue: Catalogue, vectors: VectorIndex) -> int:
    """As `finish_intents`, of the parts."""
    left = catalogue.intents()
    _finish(catalogue, vectors, left)
    return len(left)


def _check(version: Version, dimension: int) -> None:
    """Raise ValueError for chunks and vectors that do not belong together."""
    name, chunks = version.document.document, version.chunks
    if [chunk.ordinal for chunk in chunks] != list(range(len(chunks))):
        raise ValueError(f"the chunks of {name!r} are not numbered 0, 1, 2, ...")
    if version.vectors.shape != (len(chunks), dimension):
        raise ValueError(f"{len(chunks)} chunks of {name!r} came with vectors of shape {version.vectors.shape}")


def _finish(catalogue: Catalogue, vectors: VectorIndex, intents: Sequence[Intent]) -> None:
    unheld: dict[str, list[str]] = {}
    for intent in intents:
        unheld.setdefault(intent.collection, []).extend(catalogue.unheld(intent))
    for collection, chunk_ids in unheld.items():
        vectors.delete(collection, chunk_ids)
    catalogue.forget(intents)
