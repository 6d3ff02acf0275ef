"""Comparing with every vector: the same hits as the catalogue's own comparison, which joins every row."""

from __future__ import annotations

import pytest

from core.ids import document_of
from indexes import exact
from indexes.open import Indexes
from tests.indexes.store import store


def test_it_finds_what_comparing_row_by_row_finds(indexes: Indexes) -> None:
    for number in range(30):
        store(indexes, f"{number}.txt", f"word{number} and word{number % 7}", "the same everywhere")
        store(indexes, f"{number}.txt", f"word{number}", collection="other \ud800")
    vectors = indexes.embedder.embed_passages(["word3", "the same everywhere"])
    for collection in ("default", "other \ud800"):
        found = exact.nearest(indexes.catalogue.engine, collection, vectors, 10)
        every = {document_of(name) for name in indexes.catalogue.chunk_ids(collection)}
        for vector, hits in zip(vectors, found, strict=True):
            expected = indexes.catalogue.nearest(collection, vector, 10, within=every)
            assert [name for name, _ in hits] == [name for name, _ in expected]
            assert [cosine for _, cosine in hits] == pytest.approx([cosine for _, cosine in expected], abs=1e-6)
    assert exact.nearest(indexes.catalogue.engine, "none", vectors, 10) == [[], []]
