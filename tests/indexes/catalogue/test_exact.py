"""Comparing with every vector: the same hits as comparing one by one, whatever part of a collection is looked at."""

from __future__ import annotations

import pytest

from core.access import OWNER
from core.ids import document_of
from indexes.catalogue import exact
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.write import write_documents
from tests.indexes.store import version


def one_by_one(indexes: Indexes, names: set[str], vector: Vectors, limit: int) -> list[tuple[str, float]]:
    found, vectors = indexes.catalogue.vectors(names, access=OWNER)
    cosines = [float(stored @ vector) for stored in vectors]
    return sorted(zip(found, cosines, strict=True), key=lambda hit: (-hit[1], hit[0]))[:limit]


def test_it_finds_what_comparing_one_by_one_finds(indexes: Indexes) -> None:
    passages = [(f"word{number} and word{number % 7}", "the same everywhere") for number in range(30)]
    write_documents(indexes, [version(indexes, f"{number}.txt", *both) for number, both in enumerate(passages)])
    others = [version(indexes, f"{n}.txt", f"word{n}", collection="other \ud800") for n in range(30)]
    write_documents(indexes, others)
    vectors = indexes.embedder.embed_passages(["word3", "the same everywhere"])
    for collection in ("default", "other \ud800"):
        names = indexes.catalogue.chunk_ids(collection)
        documents = sorted(set(map(document_of, names)))
        for chosen in (None, [], documents[:1], documents[:20], documents):
            these = {name for name in names if chosen is None or document_of(name) in chosen}
            found = exact.nearest(indexes.catalogue.engine, collection, vectors, 10, within=chosen)
            for vector, hits in zip(vectors, found, strict=True):
                expected = one_by_one(indexes, these, vector, 10)
                assert [name for name, _ in hits] == [name for name, _ in expected]
                assert [cosine for _, cosine in hits] == pytest.approx([cosine for _, cosine in expected], abs=1e-6)
    assert exact.nearest(indexes.catalogue.engine, "none", vectors, 10) == [[], []]
