"""Writing and removing documents, so that a process killed at any point leaves every reader with whole documents.

    0  intent        the catalogue notes that this version's vectors are about to be written
    1  vectors       upserted under document@version#ordinal: nobody sees them, the catalogue does not know them
    2  COMMIT        one transaction: old chunks, keyword rows and row out, new ones in, intent dropped,
                     and an intent noted to remove the old version's vectors
    3  old vectors   deleted, then their intent dropped

    killed    before 1      in 1 to 2               in 3
    served    old version   old version             new version
    left      an intent     intent, new vectors     intent, old vectors      -> `finish_intents` removes them

Removing a document is 2 without new rows, then 3. Writing the same version again is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence

from core import ids
from core.documents import Chunk
from indexes import manifest
from indexes.catalogue import Catalogue
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.rows import Intent, NewDocument
from indexes.vector.protocol import VectorIndex


def write_document(
    indexes: Indexes, document: NewDocument, chunks: Sequence[Chunk], vectors: Vectors, *, job: str | None = None
) -> None:
    """Store a document in place of its old version, if any. vectors: float32 (len(chunks), dimension), unit length.

    The job that is named has it on record from the very commit on. When this raises, the old version is still served,
    or the new one is; `finish_intents` cleans up.
    """
    if [chunk.ordinal for chunk in chunks] != list(range(len(chunks))):
        raise ValueError(f"the chunks of {document.document!r} are not numbered 0, 1, 2, ...")
    if vectors.shape != (len(chunks), indexes.embedder.dimension):
        raise ValueError(f"{len(chunks)} chunks of {document.document!r} came with vectors of shape {vectors.shape}")
    manifest.record(indexes.catalogue, indexes.embedder)
    key = ids.document_id(document.collection, document.document)
    indexes.catalogue.intend(
        Intent(collection=document.collection, document_id=key, version=document.version, chunks=len(chunks))
    )
    names = [ids.chunk_id(key, document.version, chunk.ordinal) for chunk in chunks]
    indexes.vectors.upsert(document.collection, names, vectors)
    outdated = indexes.catalogue.replace(document, chunks, vectors, job=job)
    if outdated is not None:
        _finish(indexes.catalogue, indexes.vectors, outdated)


def remove_document(indexes: Indexes, collection: str, document: str, *, job: str | None = None) -> None:
    """Remove a document and its vectors, and put it on the job's record; an unknown one is ignored."""
    outdated = indexes.catalogue.remove(collection, document, job=job)
    if outdated is not None:
        _finish(indexes.catalogue, indexes.vectors, outdated)


def finish_intents(indexes: Indexes) -> int:
    """Remove the vectors that interrupted writes left behind; returns how many intents there were."""
    return sweep(indexes.catalogue, indexes.vectors)


def sweep(catalogue: Catalogue, vectors: VectorIndex) -> int:
    """As `finish_intents`, of the parts."""
    left = catalogue.intents()
    for intent in left:
        _finish(catalogue, vectors, intent)
    return len(left)


def _finish(catalogue: Catalogue, vectors: VectorIndex, intent: Intent) -> None:
    vectors.delete(intent.collection, catalogue.unheld(intent))
    catalogue.forget(intent)
