"""Documents of one content, of which one is embedded for all; and those of nearly one, which are marked."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, LargeBinary, Select, bindparam, literal_column, select, union_all

from core.access import Access
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.rows import DocumentRow
from indexes.catalogue.schema import BANDS, about, chunks, documents, embeddings, transaction
from indexes.catalogue.scope import readable
from indexes.catalogue.statements import in_list
from indexes.embedders.protocol import Vectors


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


# Which documents are nearly the same: sketches of their words, compared without reading the texts again.
#
# A sketch is a MinHash of one permutation (Li, Owen and Zhang 2012; a place left empty borrows from the next one that
# is not, Shrivastava and Li 2014): the share of places at which two agree estimates the Jaccard similarity of their
# sets of runs of `RUN` words, with a standard deviation of 0.04.


RUN = 3
PLACES = 128
MIN_WORDS = 30
"""A shorter text has no sketch: greetings and signatures are alike and mean nothing."""
ALIKE = 0.75
"""Estimated similarity from which on two documents are near-duplicates."""
_BAND = 4
"""Two sketches are compared when they agree on a band of so many places: of pairs at 0.75, all but one in 100,000
do on one of 32."""
NEIGHBOURS = 8
"""Of the documents that agree on a band, each is compared with so many: hundreds are one form filled in again."""
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")

_MIX = np.uint64(0x9E3779B97F4A7C15)
_BITS = np.uint64(64 - 7)
"""The first 7 bits of a hash give its place, one of `PLACES`."""


def sketch(text: str) -> bytes:
    """`PLACES` numbers of 16 bits, the same on every machine; empty for a text of fewer than `MIN_WORDS` words."""
    words = _WORD.findall(text.casefold())
    if len(words) < MIN_WORDS:
        return b""
    hashes = np.fromiter((zlib.crc32(word.encode("utf-8", "replace")) for word in words), np.uint64, len(words))
    runs = np.zeros(len(words) - RUN + 1, dtype=np.uint64)
    for place in range(RUN):
        runs = runs * _MIX + hashes[place : place + len(runs)]
    runs = np.unique((runs ^ (runs >> np.uint64(31))) * _MIX)
    places = (runs >> _BITS).astype(np.int64)
    filled, firsts = np.unique(places, return_index=True)
    lender = np.searchsorted(filled, np.arange(PLACES)) % len(filled)
    borrowed = (filled[lender] - np.arange(PLACES)) % PLACES
    numbers = (runs[firsts[lender]] >> np.uint64(32)) + borrowed.astype(np.uint64) * np.uint64(40_503)
    return numbers.astype("<u2").tobytes()


def nearest(names: Sequence[str], contents: Sequence[str], sketches: Sequence[bytes]) -> dict[str, str]:
    """Each document with the one most like it, of those that are `ALIKE` and not the very same.

    `names` are unique; `contents` tell the same from the like (a hash will do). Of several, the first by name.
    """
    having = sorted((sketches[at], at) for at in range(len(names)) if sketches[at])
    order = [at for _, at in having]
    table = _table([kept for kept, _ in having])
    best: dict[str, tuple[float, str]] = {}
    for first, second in _candidates(table):
        one, other = order[first], order[second]
        likeness = float((table[first] == table[second]).mean())
        if likeness >= ALIKE and contents[one] != contents[other]:
            for name, like in ((names[one], names[other]), (names[other], names[one])):
                best[name] = min(best.get(name, (0.0, "")), (-likeness, like))
    return {name: like for name, (_, like) in sorted(best.items())}


def most_alike(own: bytes, others: Sequence[tuple[str, bytes]]) -> str | None:
    """Of (name, sketch), the name of the one most like a sketch, of several the first; None: none is `ALIKE`."""
    table = _table([sketch for _, sketch in others])
    agreeing = (table == np.frombuffer(own, dtype="<u2")).mean(axis=1)
    alike = [(-share, name) for share, (name, _) in zip(agreeing.tolist(), others, strict=True) if share >= ALIKE]
    return min(alike)[1] if alike else None


def _table(sketches: Sequence[bytes]) -> NDArray[np.uint16]:
    """Sketches, none of them empty: uint16 (n, `PLACES`)."""
    return np.frombuffer(b"".join(sketches), dtype="<u2").reshape(len(sketches), PLACES)


def _candidates(table: NDArray[np.uint16]) -> list[tuple[int, int]]:
    """Pairs of rows that agree on a band."""
    pairs: set[tuple[int, int]] = set()
    for start in range(0, PLACES, _BAND):
        keys = np.ascontiguousarray(table[:, start : start + _BAND]).view(np.uint64).ravel()
        rows = np.argsort(keys, kind="stable")
        for shift in range(1, NEIGHBOURS + 1):
            same = keys[rows[shift:]] == keys[rows[:-shift]]
            pairs.update(zip(rows[:-shift][same].tolist(), rows[shift:][same].tolist(), strict=True))
    return sorted(pairs)
