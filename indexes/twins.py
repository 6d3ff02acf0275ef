"""Documents of one content: what was embedded for one of them serves the others."""

from __future__ import annotations

import numpy as np
from sqlalchemy import select

from indexes.catalogue import Catalogue
from indexes.embedders.protocol import Vectors
from indexes.schema import chunks, documents, transaction


def stored_vectors(catalogue: Catalogue, version: str) -> tuple[tuple[tuple[int, int], ...], Vectors] | None:
    """((start, end) of each chunk, their vectors: float32 (chunks, dimension)) of a document of this version.

    A version names the content and how it was read, cut and embedded; None when no document has it.
    """
    twin = select(documents.c.id).where(documents.c.version == version).order_by(documents.c.id).limit(1)
    query = select(chunks.c.start, chunks.c.end, chunks.c.embedding).where(
        chunks.c.document_id == twin.scalar_subquery()
    )
    with transaction(catalogue.engine) as connection:
        rows = connection.execute(query.order_by(chunks.c.ordinal)).all()
    if not rows:
        return None
    vectors = np.frombuffer(b"".join(row.embedding for row in rows), dtype="<f4").reshape(len(rows), -1)
    return tuple((row.start, row.end) for row in rows), vectors
