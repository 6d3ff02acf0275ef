"""The write order: whatever fails in the middle, readers see whole documents, and what is left over can be removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from sqlalchemy import event

from core.access import OWNER
from core.errors import IndexBroken
from indexes.catalogue.rows import Version
from indexes.catalogue.statements import BLOCK
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.search.search import search
from indexes.vectors.protocol import VectorIndex
from indexes.write import SLICE, finish_intents, remove_document, write_documents
from tests.indexes.store import agree, new_document, store, version


@dataclass
class Failing:
    """A vector index that breaks before or after it wrote, or when it should delete."""

    real: VectorIndex
    at: str

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        if self.at == "before vectors":
            raise IndexBroken("planted")
        self.real.upsert(collection, ids, vectors)
        if self.at == "before commit":
            raise IndexBroken("planted")

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        if self.at == "after commit":
            raise IndexBroken("planted")
        self.real.delete(collection, ids)
        if self.at == "after deleting":
            raise IndexBroken("planted")

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        return self.real.nearest(collection, vector, limit)

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        return self.real.nearest_to_each(collection, vectors, limit)

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        return self.real.vectors(collection, ids)

    def ids(self, collection: str) -> set[str]:
        return self.real.ids(collection)

    def drop(self, collection: str) -> None:
        self.real.drop(collection)

    def close(self) -> None:
        self.real.close()


def failing(indexes: Indexes, at: str) -> Indexes:
    return replace(indexes, vectors=Failing(indexes.vectors, at))


def served(indexes: Indexes) -> set[str]:
    """Texts that searching for either version finds, by both indexes."""
    return {hit.text for text in ("old", "new") for hit in search(indexes, text, access=OWNER, limit=50).hits}


def test_a_written_document_is_in_both_indexes(indexes: Indexes) -> None:
    store(indexes, "a.txt", "one", "two")
    assert agree(indexes)
    assert len(indexes.vectors.ids("default")) == 2


def test_a_new_version_replaces_the_old_one_in_both_indexes(indexes: Indexes) -> None:
    store(indexes, "a.txt", "old one", "old two", "old three")
    store(indexes, "a.txt", "new", version="v2")
    assert served(indexes) == {"new"}
    assert agree(indexes)


def test_writing_the_same_version_again_keeps_it(indexes: Indexes) -> None:
    store(indexes, "a.txt", "one", "two", "three")
    store(indexes, "a.txt", "one", "two")
    assert served(indexes) == {"one", "two"}
    assert agree(indexes)


def test_a_document_without_chunks_is_stored_and_takes_the_old_chunks_away(indexes: Indexes) -> None:
    store(indexes, "a.txt", "old")
    store(indexes, "a.txt", version="v2")
    assert indexes.catalogue.document("default", "a.txt", access=OWNER).chunks == 0
    assert indexes.catalogue.chunks("default", "a.txt", access=OWNER) == []
    assert agree(indexes)


@pytest.mark.parametrize("at", ["before vectors", "before commit"])
def test_a_failure_before_the_commit_leaves_the_old_version(indexes: Indexes, at: str) -> None:
    store(indexes, "a.txt", "old one", "old two")
    with pytest.raises(IndexBroken, match="planted"):
        store(failing(indexes, at), "a.txt", "new", "new two", "new three", version="v2")
    assert served(indexes) == {"old one", "old two"}
    assert finish_intents(indexes) == 1
    assert agree(indexes)
    assert served(indexes) == {"old one", "old two"}


@pytest.mark.parametrize("at", ["after commit", "after deleting"])
def test_a_failure_after_the_commit_leaves_the_new_version(indexes: Indexes, at: str) -> None:
    store(indexes, "a.txt", "old one", "old two")
    with pytest.raises(IndexBroken, match="planted"):
        store(failing(indexes, at), "a.txt", "new", version="v2")
    assert served(indexes) == {"new"}
    assert finish_intents(indexes) == 1
    assert agree(indexes)


@pytest.mark.parametrize("at", ["before vectors", "before commit", "after commit", "after deleting"])
def test_writing_again_after_a_failure_succeeds_without_a_sweep(indexes: Indexes, at: str) -> None:
    store(indexes, "a.txt", "old one", "old two")
    with pytest.raises(IndexBroken):
        store(failing(indexes, at), "a.txt", "new", "new two", version="v2")
    store(indexes, "a.txt", "new", "new two", version="v2")
    assert served(indexes) == {"new", "new two"}
    finish_intents(indexes)
    assert agree(indexes)


@pytest.mark.parametrize(
    ("at", "expected"), [("before commit", {"old a", "old b"}), ("after commit", {"new a", "new b"})]
)
def test_documents_written_together_change_together(indexes: Indexes, at: str, expected: set[str]) -> None:
    write_documents(indexes, [version(indexes, f"{name}.txt", f"old {name}") for name in "ab"])
    new = [version(indexes, f"{name}.txt", f"new {name}", version="v2") for name in "ab"]
    with pytest.raises(IndexBroken, match="planted"):
        write_documents(failing(indexes, at), new)
    assert served(indexes) == expected
    assert finish_intents(indexes) == 2
    assert agree(indexes)


def test_a_removed_document_is_in_neither_index(indexes: Indexes) -> None:
    store(indexes, "a.txt", "old")
    store(indexes, "b.txt", "other")
    remove_document(indexes, "default", "a.txt")
    remove_document(indexes, "default", "never.txt")
    assert served(indexes) == {"other"}
    assert agree(indexes)


def test_a_removal_that_fails_half_way_is_finished_later(indexes: Indexes) -> None:
    store(indexes, "a.txt", "old")
    with pytest.raises(IndexBroken):
        remove_document(failing(indexes, "after commit"), "default", "a.txt")
    assert served(indexes) == set()
    assert finish_intents(indexes) == 1
    assert agree(indexes)


def test_vectors_that_do_not_fit_the_chunks_are_refused_before_anything_is_written(indexes: Indexes) -> None:
    document = new_document("a.txt", "text", version="v1")
    with pytest.raises(ValueError, match="vectors of shape"):
        write_documents(indexes, [Version(document, [], np.zeros((1, 384), np.float32))])
    assert indexes.catalogue.collections(access=OWNER) == []


def test_a_large_document_goes_to_the_derived_indexes_in_slices_and_is_seen_whole(indexes: Indexes) -> None:
    store(indexes, "a.md", "old words")
    seen: list[tuple[int, list[str]]] = []

    @dataclass
    class Watching(Failing):
        def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
            found = [hit.text for hit in indexes.catalogue.chunks("default", "a.md", access=OWNER)]
            seen.append((len(ids), found))
            super().upsert(collection, ids, vectors)

    new = version(indexes, "a.md", *(f"word {number}" for number in range(SLICE + 1)), version="v2")
    write_documents(replace(indexes, vectors=Watching(indexes.vectors, "never")), [new])
    assert seen == [(SLICE, ["old words"]), (1, ["old words"])]
    assert len(indexes.catalogue.chunks("default", "a.md", access=OWNER)) == SLICE + 1
    assert agree(indexes)


def test_rows_are_given_to_the_database_in_blocks(indexes: Indexes) -> None:
    sizes: list[int] = []

    def count(*arguments: object) -> None:
        if arguments[-1]:
            sizes.append(len(arguments[3]))  # type: ignore[arg-type]

    new = version(indexes, "a.md", *(f"word {number}" for number in range(2 * BLOCK + 1)))
    event.listen(indexes.catalogue.engine, "before_cursor_execute", count)
    indexes.catalogue.replace([new])
    assert max(sizes) == BLOCK
    found = [hit.text for hit in indexes.catalogue.chunks("default", "a.md", access=OWNER)]
    assert found == [chunk.text for chunk in new.chunks]
    ids, vectors = next(indexes.catalogue.embeddings("default"))
    assert ids == new.chunk_ids
    assert np.array_equal(vectors, new.vectors)
