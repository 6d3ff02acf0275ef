"""What every VectorIndex does: the shipped fake and Chroma run the same tests, then the same random operations."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, overload

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.errors import IndexBroken
from indexes.embedders.protocol import Vectors
from indexes.vectors.chroma import ChromaIndex
from indexes.vectors.process import SLICE, Busy, ChromaProcess
from indexes.vectors.protocol import Counting, VectorIndex
from tests.fakes.vectors import MemoryIndex
from tests.faults.processes import only_linux

DIMENSION = 8
OPEN: dict[str, Callable[[Path], VectorIndex]] = {
    "memory": lambda folder: MemoryIndex(),
    "chroma": lambda folder: ChromaIndex(folder / "chroma"),
}
ODD_NAMES = ["default", "a", "Größe & more/..", "c" * 600, "half \ud800 a pair", "\x00"]


def unit(*seeds: int) -> Vectors:
    """One random vector of unit length a seed."""
    vectors = np.stack([np.random.default_rng(seed).normal(size=DIMENSION) for seed in seeds]).astype(np.float32)
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaProcess]:
    """One for all tests: it takes a second to start."""
    opened = ChromaProcess(tmp_path_factory.mktemp("apart") / "chroma")
    yield opened
    opened.close()


@pytest.fixture(params=[*sorted(OPEN), "apart"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorIndex]:
    if request.param == "apart":
        shared: ChromaProcess = request.getfixturevalue("apart")
        yield shared
        for name in ODD_NAMES:
            shared.drop(name)
        return
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


class Waiting(Sequence[str]):
    """Names that are handed out when `go` is set, once somebody has asked for them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names, self.asked, self.go = names, threading.Event(), threading.Event()
        self.sizes: list[int] = []
        """How many were handed out each time."""

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        self.asked.set()
        assert self.go.wait(60)
        found = self.names[place]
        self.sizes.append(len(found) if isinstance(place, slice) else 1)
        return found


def test_a_search_waits_for_no_write_that_has_not_come_to_its_end(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path / "chroma")
    index.upsert("small", ["a"], unit(1))
    names = Waiting(["b", "c"])
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(index.upsert, "large", names, unit(2, 3))
        try:
            assert names.asked.wait(60)
            found = pool.submit(index.nearest, "small", unit(1)[0], 1).result(10)
            assert index.ids("small") == {"a"}
        finally:
            names.go.set()
        writing.result(60)
    assert found[0][0] == "a"
    assert index.ids("large") == {"b", "c"}
    index.close()


class Dropping(Sequence[str]):
    """Names that take their collection away when somebody looks whether there are any."""

    def __init__(self, store: VectorIndex, names: Sequence[str]) -> None:
        self.store, self.names = store, names

    def __len__(self) -> int:
        self.store.drop("default")
        return len(self.names)

    def __getitem__(self, place: Any) -> Any:
        return self.names[place]


def test_what_is_read_of_a_collection_that_is_dropped_meanwhile_is_empty(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path / "chroma")
    index.upsert("default", ["a"], unit(1))
    assert index.vectors("default", Dropping(index, ["a"])) == {}
    index.upsert("default", ["b"], unit(2))
    assert index.ids("default") == {"b"}
    index.close()


def test_a_search_that_fails_leaves_no_mark_of_a_broken_write(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path / "chroma")
    index.upsert("default", ["a"], unit(1))
    with pytest.raises(IndexBroken):
        index.nearest("default", unit(2)[0][:5], 1)
    index.upsert("default", ["b"], unit(2))
    index.close()
    ChromaIndex(tmp_path / "chroma").close()


def test_how_widely_to_search_follows_what_is_deleted(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path / "chroma")
    names = [f"chunk-{number}" for number in range(1100)]
    index.upsert("default", names, unit(*range(1100)))
    index.delete("default", names[1:])
    known = index._collection("default")
    assert known is not None
    assert known.size == 1
    index.close()


@only_linux
def test_a_store_apart_says_that_it_is_busy_to_whoever_has_no_patience(apart: ChromaProcess) -> None:
    apart.upsert("patience", ["a"], unit(1))
    os.kill(apart.pid, signal.SIGSTOP)
    while Path(f"/proc/{apart.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        pass
    with pytest.raises(Busy):
        apart.nearest_to_each("patience", unit(1), 1, patience=0.01)
    os.kill(apart.pid, signal.SIGCONT)
    assert [hit[0] for hit in apart.nearest("patience", unit(1)[0], 1)] == ["a"]


def test_a_store_apart_lets_a_search_go_before_the_next_slice(apart: ChromaProcess) -> None:
    apart.upsert("small", ["a"], unit(1))
    assert apart.count("small") == 1
    names = Waiting([f"chunk-{number}" for number in range(2 * SLICE)])
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(apart.upsert, "large", names, unit(*range(2 * SLICE)))
        try:
            assert names.asked.wait(60)
            assert [hit[0] for hit in apart.nearest("small", unit(1)[0], 1)] == ["a"]
        finally:
            names.go.set()
        writing.result(60)
    assert apart.ids("large") == set(names.names)
    assert max(names.sizes) == SLICE


def test_a_store_apart_that_dies_is_broken_and_says_of_what(tmp_path: Path) -> None:
    index = ChromaProcess(tmp_path / "chroma")
    os.kill(index.pid, signal.SIGKILL)
    with pytest.raises(IndexBroken, match="signal 9"):
        index.ids("default")
    with pytest.raises(IndexBroken):
        index.close()


def test_a_store_apart_that_is_broken_says_why(tmp_path: Path) -> None:
    (tmp_path / "chroma.writing").touch()
    with pytest.raises(IndexBroken, match="was cut off"):
        ChromaProcess(tmp_path / "chroma")


def test_a_store_apart_ends_with_its_owner_and_until_then_nobody_opens_its_folder(tmp_path: Path) -> None:
    code = "import os, sys; from indexes.vectors.process import ChromaProcess; from pathlib import Path; "
    code += "index = ChromaProcess(Path(sys.argv[1])); print(index.pid, flush=True); os.kill(os.getpid(), 9)"
    owner = subprocess.run([sys.executable, "-c", code, str(tmp_path / "chroma")], capture_output=True, check=False)
    assert owner.returncode == -signal.SIGKILL
    index = ChromaIndex(tmp_path / "chroma")  # waits for it
    index.upsert("default", ["a"], unit(1))
    index.close()


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
