"""What every KeywordIndex does: the shipped fake and tantivy run the same tests, then the same random operations."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from indexes.catalogue.rows import Entry
from indexes.keyword.protocol import KeywordIndex
from indexes.keyword.tantivy import TantivyIndex
from tests.fakes.keyword import MemoryKeywordIndex

OPEN: dict[str, Callable[[Path], KeywordIndex]] = {
    "memory": lambda folder: MemoryKeywordIndex(),
    "tantivy": lambda folder: TantivyIndex(folder / "keyword"),
}
ODD_NAMES = ["default", "a", "Größe & more/..", "c" * 600, "half \ud800 a pair", "\x00"]


def entry(name: str, text: str, *, document: str = "d") -> Entry:
    return Entry(name, document, text)


@pytest.fixture(params=sorted(OPEN))
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeywordIndex]:
    opened = OPEN[request.param](tmp_path)
    yield opened
    opened.close()


def test_scores_are_positive_and_the_better_comes_first(index: KeywordIndex) -> None:
    index.upsert("default", [entry("a", "red red green"), entry("b", "red blue blue blue"), entry("c", "blue")])
    found = index.search("default", "red green", 9)
    assert [name for name, _ in found] == ["a", "b"]
    assert found[0][1] > found[1][1] > 0


def test_equal_chunks_come_in_the_order_of_their_ids(index: KeywordIndex) -> None:
    index.upsert("default", [entry(name, "red") for name in "cab"])
    assert [name for name, _ in index.search("default", "red", 3)] == ["a", "b", "c"]


class Waiting(list[Entry]):
    """Entries that are handed out when `go` is set, once somebody has asked for them."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__(entries)
        self.asked, self.go = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[Entry]:
        self.asked.set()
        assert self.go.wait(60)
        return super().__iter__()


def test_a_search_waits_for_no_write_that_has_not_come_to_its_end(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "keyword")
    index.upsert("small", [entry("a", "red")])
    entries = Waiting([entry("b", "red"), entry("c", "red")])
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(index.upsert, "large", entries)
        try:
            assert entries.asked.wait(60)
            found = pool.submit(index.search, "small", "red", 9).result(10)
        finally:
            entries.go.set()
        writing.result(60)
    assert [name for name, _ in found] == ["a"]
    assert index.ids("large") == {"b", "c"}
    index.close()


def test_a_rare_word_counts_for_more_than_a_common_one(index: KeywordIndex) -> None:
    index.upsert("default", [entry("a", "common rare"), *(entry(f"b{n}", "common other") for n in range(9))])
    assert index.search("default", "rare", 1)[0][1] > index.search("default", "common", 1)[0][1]


def test_the_chunks_of_each_document_that_hold_a_term_are_counted(index: KeywordIndex) -> None:
    rows = [("a", "red red", "one"), ("b", "Red green", "one"), ("c", "red", "two"), ("d", "red", "three")]
    index.upsert("default", [entry(name, text, document=document) for name, text, document in rows])
    spread = index.spread("default", "the red, green and blue", {"one", "two", "none"})
    assert spread == {"red": {"one": 2, "two": 1}, "green": {"one": 1}, "blue": {}}
    assert list(spread) == index.terms("The RED, green and blue red")
    assert index.spread("default", "red", []) == {term: {} for term in index.spread("default", "red", [])}
    assert index.spread("nothing", "red", {"one"}) in ({}, {"red": {}})


def test_writing_a_known_id_replaces_it(index: KeywordIndex) -> None:
    index.upsert("default", [entry("a", "red"), entry("b", "green")])
    index.upsert("default", [entry("a", "blue")])
    assert index.search("default", "red", 9) == []
    assert [name for name, _ in index.search("default", "blue", 9)] == ["a"]
    assert index.ids("default") == {"a", "b"}


def test_a_deleted_chunk_is_not_found_again(index: KeywordIndex) -> None:
    index.upsert("default", [entry("a", "red"), entry("b", "red")])
    index.delete("default", ["a", "never indexed"])
    assert index.ids("default") == {"b"}
    assert [name for name, _ in index.search("default", "red", 9)] == ["b"]


def test_a_search_keeps_to_the_documents_named_with_the_scores_it_has_without(index: KeywordIndex) -> None:
    index.upsert("default", [entry("a", "red", document="one"), entry("b", "red green", document="two")])
    everything = dict(index.search("default", "red", 9))
    within = dict(index.search("default", "red", 9, documents={"two", "none"}))
    assert within == {"b": pytest.approx(everything["b"])}
    assert index.search("default", "red", 9, documents=[]) == []


def test_an_unknown_collection_is_an_empty_one(index: KeywordIndex) -> None:
    index.delete("none", ["a"])
    index.drop("none")
    assert index.ids("none") == set()
    assert index.search("none", "red", 5) == []


def test_a_dropped_collection_is_empty_and_can_be_filled_again(index: KeywordIndex) -> None:
    index.upsert("default", [entry("a", "red")])
    index.drop("default")
    assert index.search("default", "red", 5) == []
    index.upsert("default", [entry("b", "red")])
    assert index.ids("default") == {"b"}


def test_each_collection_has_word_statistics_of_its_own(index: KeywordIndex) -> None:
    index.upsert("one", [entry("a", "red"), entry("b", "green")])
    alone = index.search("one", "red", 1)
    index.upsert("two", [entry(f"c{number}", "red") for number in range(50)])
    assert index.search("one", "red", 1) == alone


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_collection_may_have_any_name(index: KeywordIndex, name: str) -> None:
    index.upsert(name, [entry("a", "red")])
    assert index.ids(name) == {"a"}
    assert index.ids(name + "x") == set()


@pytest.mark.parametrize("text", ["lone \ud800 half", "zero \x00 byte", "", "x" * 100_000])
def test_any_text_can_be_indexed(index: KeywordIndex, text: str) -> None:
    index.upsert("default", [entry("a", text)])
    assert index.ids("default") == {"a"}


def test_nothing_to_do_is_no_error(index: KeywordIndex) -> None:
    index.upsert("default", [])
    index.delete("default", [])
    index.upsert("default", [entry("a", "red")])
    assert index.search("default", "red", 0) == []
    assert index.search("default", "", 9) == []


WORDS = ("amber", "brown", "coral", "ivory", "pink")
NAMES = st.sampled_from([f"id-{number}" for number in range(9)])
COLLECTIONS = st.sampled_from(["one", "two"])
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)


class SameAsMemory(RuleBasedStateMachine):
    """Whatever is done to both, tantivy answers what the plain sum answers; also after it was closed and opened.

    Scores are not compared after a removal: tantivy counts what is removed until its segments are merged.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.exact = MemoryKeywordIndex()
        self.tantivy = TantivyIndex(Path(self.folder.name))
        self.grown_only = True

    @rule(collection=COLLECTIONS, rows=st.dictionaries(NAMES, TEXTS, min_size=1))
    def upsert(self, collection: str, rows: dict[str, str]) -> None:
        self.grown_only &= self.exact.ids(collection).isdisjoint(rows)
        for index in (self.exact, self.tantivy):
            index.upsert(collection, [entry(name, text, document=name[-1]) for name, text in rows.items()])

    @rule(collection=COLLECTIONS, names=st.sets(NAMES))
    def delete(self, collection: str, names: set[str]) -> None:
        self.grown_only &= self.exact.ids(collection).isdisjoint(names)
        for index in (self.exact, self.tantivy):
            index.delete(collection, sorted(names))

    @rule()
    def open_again(self) -> None:
        self.tantivy.close()
        self.tantivy = TantivyIndex(Path(self.folder.name))

    @rule(collection=COLLECTIONS, text=TEXTS, documents=st.none() | st.sets(st.sampled_from("012345678")))
    def search(self, collection: str, text: str, documents: set[str] | None) -> None:
        expected = dict(self.exact.search(collection, text, 99, documents=documents))
        found = dict(self.tantivy.search(collection, text, 99, documents=documents))
        assert set(found) == set(expected)
        if self.grown_only:
            assert found == pytest.approx(expected, rel=1e-3)

    @invariant()
    def ids_are_the_same(self) -> None:
        assert all(self.exact.ids(name) == self.tantivy.ids(name) for name in ("one", "two"))

    def teardown(self) -> None:
        self.tantivy.close()
        self.folder.cleanup()


TestSameAsMemory = SameAsMemory.TestCase
TestSameAsMemory.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
