"""What every VectorIndex does: the shipped fake and Chroma run the same tests, then the same random operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.errors import IndexBroken
from indexes.embedders.protocol import Vectors
from indexes.vector.apart import Apart
from indexes.vector.chroma import ChromaIndex
from indexes.vector.memory import MemoryIndex
from indexes.vector.protocol import Counting, VectorIndex

DIMENSION = 8
OPEN: dict[str, Callable[[Path], VectorIndex]] = {
    "memory": lambda folder: MemoryIndex(),
    "chroma": lambda folder: ChromaIndex(folder / "chroma"),
    "apart": lambda folder: Apart(folder / "chroma"),
}
ODD_NAMES = ["default", "a", "Größe & more/..", "c" * 600, "half \ud800 a pair", "\x00"]


def unit(*seeds: int) -> Vectors:
    """One random vector of unit length a seed."""
    vectors = np.stack([np.random.default_rng(seed).normal(size=DIMENSION) for seed in seeds]).astype(np.float32)
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


@pytest.fixture(params=sorted(OPEN))
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorIndex]:
    opened = OPEN[request.param](tmp_path)
    yield opened
    opened.close()


def test_a_stored_vector_is_nearest_to_itself_with_cosine_one(index: VectorIndex) -> None:
    index.upsert("default", ["a", "b", "c"], unit(1, 2, 3))
    name, cosine = index.nearest("default", unit(2)[0], 1)[0]
    assert name == "b"
    assert cosine == pytest.approx(1.0, abs=1e-5)


def test_the_score_is_the_cosine_also_when_it_is_negative(index: VectorIndex) -> None:
    vector = unit(1)
    index.upsert("default", ["same", "opposite"], np.concatenate([vector, -vector]))
    found = index.nearest("default", vector[0], 10)
    assert [name for name, _ in found] == ["same", "opposite"]
    assert found[1][1] == pytest.approx(-1.0, abs=1e-5)


def test_equal_vectors_come_in_the_order_of_their_ids(index: VectorIndex) -> None:
    index.upsert("default", ["c", "a", "b"], unit(1, 1, 1))
    assert [name for name, _ in index.nearest("default", unit(1)[0], 3)] == ["a", "b", "c"]


def test_writing_a_known_id_replaces_its_vector(index: VectorIndex) -> None:
    index.upsert("default", ["a", "b"], unit(1, 2))
    index.upsert("default", ["a"], unit(3))
    assert index.nearest("default", unit(3)[0], 1)[0][0] == "a"
    assert index.ids("default") == {"a", "b"}


def test_vectors_are_counted_without_being_listed(index: VectorIndex) -> None:
    assert isinstance(index, Counting)
    assert index.count("default") == 0
    index.upsert("default", ["a", "b"], unit(1, 2))
    assert (index.count("default"), index.count("none")) == (2, 0)


def test_more_vectors_than_one_batch_are_all_stored(index: VectorIndex) -> None:
    names = [f"chunk-{number}" for number in range(200)]
    index.upsert("default", names, unit(*range(200)))
    assert index.ids("default") == set(names)
    assert index.nearest("default", unit(199)[0], 1)[0][0] == "chunk-199"


def test_a_deleted_vector_is_not_found_again(index: VectorIndex) -> None:
    index.upsert("default", ["a", "b"], unit(1, 2))
    index.delete("default", ["a", "never stored"])
    assert index.ids("default") == {"b"}
    assert [name for name, _ in index.nearest("default", unit(1)[0], 10)] == ["b"]


def test_an_unknown_collection_is_an_empty_one(index: VectorIndex) -> None:
    index.delete("none", ["a"])
    index.drop("none")
    assert index.ids("none") == set()
    assert index.nearest("none", unit(1)[0], 5) == []


def test_a_dropped_collection_is_empty_and_can_be_filled_again(index: VectorIndex) -> None:
    index.upsert("default", ["a"], unit(1))
    index.drop("default")
    assert index.ids("default") == set()
    index.upsert("default", ["b"], unit(2))
    assert index.nearest("default", unit(1)[0], 5)[0][0] == "b"


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_collection_may_have_any_name(index: VectorIndex, name: str) -> None:
    index.upsert(name, ["a"], unit(1))
    assert index.ids(name) == {"a"}
    assert index.ids(name + "x") == set()


def test_writing_nothing_is_no_error(index: VectorIndex) -> None:
    index.upsert("default", [], np.empty((0, DIMENSION), dtype=np.float32))
    index.delete("default", [])
    assert index.ids("default") == set()


def test_asking_for_no_neighbours_gives_none(index: VectorIndex) -> None:
    index.upsert("default", ["a"], unit(1))
    assert index.nearest("default", unit(1)[0], 0) == []


def test_a_vector_of_another_length_is_refused(index: VectorIndex) -> None:
    index.upsert("default", ["a"], unit(1))
    with pytest.raises(IndexBroken):
        index.upsert("default", ["b"], unit(2)[:, :5])


NAMES = st.sampled_from([f"id-{number}" for number in range(12)])
COLLECTIONS = st.sampled_from(["one", "two"])
SEEDS = st.integers(0, 40)


class SameAsMemory(RuleBasedStateMachine):
    """Whatever is done to both, Chroma answers what the exact index answers; also after it was closed and opened."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.exact = MemoryIndex()
        self.chroma = ChromaIndex(Path(self.folder.name) / "chroma")

    @rule(collection=COLLECTIONS, rows=st.dictionaries(NAMES, SEEDS, min_size=1))
    def upsert(self, collection: str, rows: dict[str, int]) -> None:
        for index in (self.exact, self.chroma):
            index.upsert(collection, list(rows), unit(*rows.values()))

    @rule(collection=COLLECTIONS, names=st.sets(NAMES))
    def delete(self, collection: str, names: set[str]) -> None:
        for index in (self.exact, self.chroma):
            index.delete(collection, sorted(names))

    @rule(collection=COLLECTIONS)
    def drop(self, collection: str) -> None:
        for index in (self.exact, self.chroma):
            index.drop(collection)

    @rule()
    def open_again(self) -> None:
        self.chroma.close()
        self.chroma = ChromaIndex(Path(self.folder.name) / "chroma")

    @rule(collection=COLLECTIONS, seed=SEEDS, limit=st.integers(1, 15))
    def nearest(self, collection: str, seed: int, limit: int) -> None:
        expected = self.exact.nearest(collection, unit(seed)[0], limit)
        found = self.chroma.nearest(collection, unit(seed)[0], limit)
        assert [cosine for _, cosine in found] == pytest.approx([cosine for _, cosine in expected], abs=1e-4)
        assert len({name for name, _ in found}) == len(found)

    @invariant()
    def ids_are_the_same(self) -> None:
        assert all(self.exact.ids(name) == self.chroma.ids(name) for name in ("one", "two"))

    def teardown(self) -> None:
        self.chroma.close()
        self.folder.cleanup()


TestSameAsMemory = SameAsMemory.TestCase
TestSameAsMemory.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
