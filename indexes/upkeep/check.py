"""Comparing what is stored with itself: the catalogue's own pages and rows, and the derived indexes both ways.

Safe beside an ingestion: what is being written is not taken for damage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.access import OWNER
from core.errors import IndexBroken
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.schema import transaction
from indexes.embedders.protocol import Vectors
from indexes.keyword.protocol import KeywordIndex
from indexes.upkeep import refill
from indexes.upkeep.checksums import REMEDY as RESTORE
from indexes.upkeep.derived import REMEDY
from indexes.vectors.protocol import VectorIndex

# Whether SQLite finds its own file in order, for a catalogue that no checksum vouches for.


MAX_FAULTS = 3


def check(catalogue: Catalogue, *, thorough: bool = False) -> None:
    """Look through the pages of the file; `thorough`: at its indices and values as well.

    Raises:
        IndexBroken: it is damaged.
    """
    found = faults(catalogue, thorough=thorough)
    if found:
        raise IndexBroken(f"The catalogue {catalogue.engine.url.database} is damaged: {'; '.join(found)}. {RESTORE}")


def faults(catalogue: Catalogue, *, thorough: bool) -> list[str]:
    """What SQLite finds wrong, a few words each."""
    pragma = "integrity_check" if thorough else "quick_check"
    with transaction(catalogue.engine) as connection:
        rows = connection.exec_driver_sql(f"pragma {pragma}({MAX_FAULTS})").scalars().all()
        orphans = connection.exec_driver_sql("pragma foreign_key_check").all()
    found = [" ".join(str(row).split()) for row in rows if row != "ok"]
    return found + [f"{len(orphans)} rows belong to none"] * bool(orphans)


SAMPLE = 256
"""Vectors a collection that are searched for by themselves, unless all are to be."""
UNIT = 1e-3
"""By how much the length of a stored vector may differ from 1."""
NEAR = 1e-4
"""By how much a number of a vector may differ from what the catalogue holds."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the part, what is wrong with it, and what to do."""

    part: str
    what: str
    remedy: str

    @property
    def sentence(self) -> str:
        """The fault in one line."""
        return f"The {self.part} {self.what}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and what is wrong with it."""

    documents: int
    chunks: int
    searched: int
    faults: tuple[Fault, ...]


def verify(
    catalogue: Catalogue, vectors: VectorIndex, keyword: KeywordIndex, *, dimension: int, full: bool
) -> Verified:
    """Look at everything; `full`: search for every vector by itself, not for a sample."""
    searched = documents = chunks = 0
    faults = list(_tried(lambda: _of_catalogue(catalogue, dimension), "catalogue", RESTORE))
    if not faults:
        rows = catalogue.collections(access=OWNER)
        documents, chunks = sum(row.documents for row in rows), sum(row.chunks for row in rows)
        for row in rows:
            most = row.chunks if full else SAMPLE
            searched += min(row.chunks, most)
            faults += _tried(partial(_of_vectors, catalogue, vectors, row.name, most), "vector index", REMEDY)
            faults += _tried(partial(_of_words, catalogue, keyword, row.name), "keyword index", REMEDY)
    return Verified(documents, chunks, searched, tuple(faults))


def _tried(look: Callable[[], Iterator[str]], part: str, remedy: str) -> list[Fault]:
    """What a look at a part finds; that it cannot be read is a fault like others."""
    found: list[str] = []
    try:
        found.extend(look())
    except IndexBroken as error:
        found.append(f"cannot be read ({str(error).rstrip('.')})")
    return [Fault(part, what, remedy) for what in found]


def _of_catalogue(catalogue: Catalogue, dimension: int) -> Iterator[str]:
    """The file, its rows, and the vectors that everything else is made from."""
    if found := faults(catalogue, thorough=True):
        yield f"is damaged: {'; '.join(found)}"
        return
    with transaction(catalogue.engine) as connection:
        miscounted = connection.exec_driver_sql(
            "select count(*) from documents "
            "where chunks != (select count(*) from chunks where document_id = documents.id)"
        ).scalar_one()
    if miscounted:
        yield f"holds {miscounted:,} documents with more or fewer chunks than they were indexed with"
    for row in catalogue.collections(access=OWNER):
        odd = sum(_odd(batch, dimension) for _, batch in catalogue.embeddings(row.name))
        if odd:
            yield f"holds {odd:,} vectors that are not of unit length in {row.name!r}"


def _odd(batch: Vectors, dimension: int) -> int:
    if batch.shape[1] != dimension:
        return len(batch)
    return int(np.count_nonzero(~(np.abs(np.linalg.norm(batch, axis=1) - 1.0) < UNIT)))


def _of_words(catalogue: Catalogue, keyword: KeywordIndex, collection: str) -> Iterator[str]:
    """Its ids both ways."""
    yield from _of_ids(catalogue, keyword, collection)


def _of_ids(catalogue: Catalogue, index: VectorIndex | KeywordIndex, collection: str) -> Iterator[str]:
    held = catalogue.chunk_ids(collection)
    stored = index.ids(collection)
    promised = refill.promised(catalogue, collection)
    held_since = catalogue.chunk_ids(collection)
    missing, extra = (held - stored) & held_since, stored - held_since - promised
    if missing:
        yield f"lacks {len(missing):,} of {len(held):,} chunks of {collection!r}"
    if extra and (extra := extra & index.ids(collection)):
        yield f"holds {len(extra):,} entries of {collection!r} that belong to no chunk"


def _of_vectors(catalogue: Catalogue, vectors: VectorIndex, collection: str, most: int) -> Iterator[str]:
    """Its ids both ways, each vector against the catalogue's, and whether searching for it finds it."""
    yield from _of_ids(catalogue, vectors, collection)
    chunks = sum(row.chunks for row in catalogue.collections(access=OWNER) if row.name == collection)
    step, different, lost = max(1, chunks // max(1, most)), 0, 0
    for names, batch in catalogue.embeddings(collection):
        found = vectors.vectors(collection, names)
        present = [place for place, name in enumerate(names) if name in found]
        different += sum(not np.allclose(found[names[place]], batch[place], atol=NEAR) for place in present)
        chosen = present[::step]
        lost += len(refill.not_found(vectors, collection, [names[place] for place in chosen], batch[chosen]))
    if different:
        yield f"holds {different:,} vectors of {collection!r} that are not the catalogue's"
    if lost:
        yield f"does not find {lost:,} vectors of {collection!r} that are searched for by themselves"
