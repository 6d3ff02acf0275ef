"""Documents of one content, of which one is embedded for all; and those of nearly one, which are marked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, LargeBinary, Select, bindparam, literal_column, select, union_all

from core.access import Access
from indexes.catalogue import Catalogue
from indexes.embedders.protocol import Vectors
from indexes.likeness import NEIGHBOURS, most_alike, nearest
from indexes.rows import DocumentRow
from indexes.schema import BANDS, about, chunks, documents, embeddings, transaction
from indexes.scope import readable
from indexes.statements import in_list


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
    """Of the documents that may be read, each that is nearly the same as another one, with the one most like it.

    It reads and compares the whole collection; of some documents, `near_duplicates_of` tells the same at once.
    """
    query = select(documents.c.document, documents.c.sha256, about.c.sketch).join(about)
    query = query.where(documents.c.collection == collection, readable(access)).order_by(documents.c.document)
    with transaction(catalogue.engine) as connection:
        rows = connection.execute(query).all()
    return nearest([row.document for row in rows], [row.sha256 for row in rows], [row.sketch for row in rows])


def near_duplicates_of(catalogue: Catalogue, rows: Sequence[DocumentRow], *, access: Access) -> dict[str, str]:
    """Those of these documents of one collection that are nearly the same as another, with the one most like each.

    Looked up by the bands of their sketches, among the documents that may be read: what it costs does not grow with
    the collection.
    """
    query, found = _alike(access), dict[str, str]()
    with transaction(catalogue.engine) as connection:
        sketches = select(about.c.document_id, about.c.sketch)
        sketches = sketches.where(in_list(about.c.document_id, [row.id for row in rows]))
        own = {row.document_id: row.sketch for row in connection.execute(sketches)}
        for row in rows:
            if sketch := own.get(row.id):
                asked = {"collection": row.collection, "sha256": row.sha256, **_bounds(sketch)}
                others = {(other.document, other.sketch) for other in connection.execute(query, asked)}
                if (like := most_alike(sketch, sorted(others))) is not None:
                    found[row.document] = like
    return found


def _bounds(sketch: bytes) -> dict[str, bytes]:
    """For each band, where the sketches begin and end that agree on its first places, and where this one lies there."""
    bounds: dict[str, bytes] = {}
    for number in range(len(BANDS)):
        band = sketch[32 * number : 32 * number + 16]
        bounds |= {f"own{number}": band, f"first{number}": band[:4], f"last{number}": band[:4] + b"\xff" * 13}
    return bounds


@lru_cache(64)
def _alike(access: Access) -> Select[Any]:
    """Selects the neighbours, on either side, of a sketch in the order of each band. Built once: that takes longest."""
    # A collection's name is compared as an expression, so that SQLite looks at the band's index first.
    these = (documents.c.collection.concat("") == bindparam("collection"), documents.c.sha256 != bindparam("sha256"))
    parts = []
    for number, text in enumerate(BANDS):
        band: ColumnElement[bytes] = literal_column(text.replace("sketch", "about.sketch"), LargeBinary)
        own, first, last = (bindparam(f"{end}{number}", type_=LargeBinary) for end in ("own", "first", "last"))
        query = select(documents.c.document, about.c.sketch).join(about).where(*these, readable(access))
        for side in (
            query.where(band >= own, band <= last).order_by(band),
            query.where(band >= first, band < own).order_by(band.desc()),
        ):
            part = side.limit(NEIGHBOURS).subquery()
            parts.append(select(part.c.document, part.c.sketch))
    return select(union_all(*parts).subquery())
