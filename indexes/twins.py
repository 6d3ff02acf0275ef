"""Documents of one content, of which one is embedded for all; and those of nearly one, which are marked."""

from __future__ import annotations

import numpy as np
from sqlalchemy import select

from core.access import Access
from indexes.catalogue import Catalogue
from indexes.embedders.protocol import Vectors
from indexes.likeness import nearest
from indexes.schema import about, chunks, documents, embeddings, transaction
from indexes.scope import readable


def stored_vectors(catalogue: Catalogue, version: str) -> tuple[tuple[tuple[int, int], ...], Vectors] | None:
    """((start, end) of each chunk, their vectors: float32 (chunks, dimension)) of a document of this version.

    A version names the content and how it was read, cut and embedded; None when no document has it.
    """
    twin = select(documents.c.id).where(documents.c.version == version).order_by(documents.c.id).limit(1)
    query = select(chunks.c.start, chunks.c.end, embeddings.c.vector).join(embeddings)
    query = query.where(chunks.c.document_id == twin.scalar_subquery())
    with transaction(catalogue.engine) as connection:
        rows = connection.execute(query.order_by(chunks.c.ordinal)).all()
    if not rows:
        return None
    vectors = np.frombuffer(b"".join(row.vector for row in rows), dtype="<f4").reshape(len(rows), -1)
    return tuple((row.start, row.end) for row in rows), vectors


def near_duplicates(catalogue: Catalogue, collection: str, *, access: Access) -> dict[str, str]:
    """Of the documents that may be read, each that is nearly the same as another one, with the one most like it."""
    query = select(documents.c.document, documents.c.sha256, about.c.sketch).join(about)
    query = query.where(documents.c.collection == collection, readable(access)).order_by(documents.c.document)
    with transaction(catalogue.engine) as connection:
        rows = connection.execute(query).all()
    return nearest([row.document for row in rows], [row.sha256 for row in rows], [row.sketch for row in rows])
