"""Search: the right passage first, with the real model; and nothing for those who may not read it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from core.access import ANONYMOUS, OWNER, Access
from core.errors import UnknownCollection
from core.filters import Filters
from core.settings.load import Settings
from core.settings.sections import SearchSettings
from indexes.indexes import Indexes
from indexes.open import open_indexes
from indexes.search.search import search
from tests.indexes.store import store

HANDBOOK = {
    "leave.txt": "Full-time employees accrue 27 days of paid annual leave, which must be taken by the end of March.",
    "travel.txt": "Flights longer than six hours may be booked in premium economy with the approval of a line manager.",
    "security.txt": "Lost laptops and phones must be reported to the service desk within four hours.",
    "pension.txt": "The company matches contributions to the retirement scheme up to eight percent of salary.",
    "parking.txt": "Bicycles are kept in the basement; permits for cars are issued at reception under form PK-17.",
}
QUESTIONS = [
    ("How much vacation do I get?", "leave.txt"),
    ("Can I fly in a better class on a long trip?", "travel.txt"),
    ("My computer was stolen, whom do I tell?", "security.txt"),
    ("Does the firm add money to what I save for my old age?", "pension.txt"),
    ("PK-17", "parking.txt"),
]


@pytest.fixture(scope="module")
def handbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexes]:
    with open_indexes(Settings(data=tmp_path_factory.mktemp("handbook"))) as opened:
        for name, text in HANDBOOK.items():
            store(opened, name, text)
        store(opened, "pay.txt", "The director's pay is 400,000 a year.", groups=["hr"])
        yield opened


@pytest.mark.model
@pytest.mark.parametrize(("question", "document"), QUESTIONS)
def test_the_right_passage_comes_first(handbook: Indexes, question: str, document: str) -> None:
    best = search(handbook, question, access=OWNER, limit=3).hits[0]
    assert best.document == document
    assert best.text == HANDBOOK[document]


@pytest.mark.model
@pytest.mark.parametrize("question", ["What does the director earn?", "director's pay", "400,000"])
def test_a_stranger_finds_nothing_of_a_limited_document(handbook: Indexes, question: str) -> None:
    for access in (ANONYMOUS, Access(frozenset({"it"}))):
        hits = search(handbook, question, access=access, limit=50).hits
        assert {hit.document for hit in hits} <= set(HANDBOOK)
        within = search(handbook, question, access=access, limit=50, filters=Filters(documents=frozenset({"pay.txt"})))
        assert within.hits == ()
    assert search(handbook, question, access=Access(frozenset({"hr"})), limit=1).hits[0].document == "pay.txt"


def test_hits_carry_both_scores_the_version_and_the_time_of_each_stage(indexes: Indexes) -> None:
    store(indexes, "a.txt", "red green", "red blue", "yellow", "black")
    result = search(indexes, "red green", access=OWNER, limit=2)
    best, second = result.hits
    assert best.text == "red green"
    assert best.dense == pytest.approx(1.0)
    assert best.keyword is not None
    assert 0 <= second.score < best.score
    assert result.index_version == indexes.version
    assert set(result.timings_ms) == {"embed", "scope", "dense", "keyword", "fetch", "total"}


def test_a_chunk_that_only_words_found_still_has_its_cosine(data: Settings) -> None:
    narrow = data.model_copy(update={"search": SearchSettings(candidates=1)})
    with open_indexes(narrow) as indexes:
        store(indexes, "a.txt", "green green green rare", "rare one two three four five", "six", "seven", "eight")
        hits = search(indexes, "green rare", access=OWNER, limit=5).hits
    assert all(hit.dense is not None for hit in hits)


def test_equal_hits_come_in_the_order_of_their_ids(indexes: Indexes) -> None:
    for name in "cab":
        store(indexes, f"{name}.txt", "the same words")
    hits = search(indexes, "same words", access=OWNER, limit=3).hits
    assert [hit.chunk_id for hit in hits] == sorted(hit.chunk_id for hit in hits)


def test_a_search_can_keep_to_some_documents(indexes: Indexes) -> None:
    for name in "abc":
        store(indexes, f"{name}.txt", "the same words", f"and {name}")
    hits = search(
        indexes, "same words", access=OWNER, limit=9, filters=Filters(documents=frozenset({"b.txt", "none.txt"}))
    ).hits
    assert {hit.document for hit in hits} == {"b.txt"}
    assert search(indexes, "same words", access=OWNER, limit=9, filters=Filters(documents=frozenset())).hits == ()


@pytest.mark.parametrize("hidden", [30, 300])
def test_the_few_readable_chunks_are_found_among_many_that_are_not(data: Settings, hidden: int) -> None:
    narrow = data.model_copy(update={"search": SearchSettings(candidates=5)})
    with open_indexes(narrow) as indexes:
        store(indexes, "hidden.txt", *[f"budget number {number}" for number in range(hidden)], groups=["board"])
        store(indexes, "open.txt", "numbers of budgets of clubs", "something else")
        hits = search(indexes, "budget", access=ANONYMOUS, limit=2).hits
    assert [hit.document for hit in hits] == ["open.txt", "open.txt"]


def test_vectors_that_the_catalogue_does_not_know_are_never_hits(indexes: Indexes) -> None:
    store(indexes, "a.txt", "one two")
    indexes.vectors.upsert("default", ["stray@v1#0"], indexes.embedder.embed_passages(["three"]))
    assert [hit.document for hit in search(indexes, "three", access=OWNER, limit=5).hits] == ["a.txt"]


def test_an_unknown_collection_is_refused(indexes: Indexes) -> None:
    with pytest.raises(UnknownCollection):
        search(indexes, "text", access=OWNER, collection="none", limit=5)


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "the of and", '"', "word " * 2000])
def test_any_question_can_be_asked(indexes: Indexes, text: str) -> None:
    store(indexes, "a.txt", "one two")
    assert len(search(indexes, text, access=OWNER, limit=5).hits) == 1


def test_a_document_replaced_during_the_search_is_found_in_one_version(indexes: Indexes) -> None:
    store(indexes, "a.txt", "one two", "three four", version="v0")
    done, sizes = threading.Event(), set()

    def ask() -> None:
        while not done.is_set():
            hits = search(indexes, "one three", access=OWNER, limit=5).hits
            sizes.add((len(hits), len({hit.chunk_id.partition("#")[0] for hit in hits})))

    asker = threading.Thread(target=ask)
    asker.start()
    for number in range(1, 8):
        store(indexes, "a.txt", "one two", "three four", version=f"v{number}")
    done.set()
    asker.join()
    assert sizes == {(2, 1)}


@pytest.mark.parametrize("quarter", ["q1", "q2", "q3"])
def test_of_documents_that_say_the_same_the_one_that_the_question_names_comes_first(
    indexes: Indexes, quarter: str
) -> None:
    for name in ("q1", "q2", "q3"):
        store(indexes, f"reports/{name.upper()} sales.txt", "sales of pumps rose", "sales of valves fell")
    found = search(indexes, f"how did sales of pumps do in {quarter}", access=OWNER, limit=1).hits[0]
    assert (found.document, found.text) == (f"reports/{quarter.upper()} sales.txt", "sales of pumps rose")
