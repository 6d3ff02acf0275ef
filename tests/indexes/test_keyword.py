"""Keyword search: the words decide, the query language does not."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.access import ANONYMOUS, OWNER, Access
from indexes.keyword import Stemmer, words_of
from indexes.open import Indexes
from indexes.write import remove_document
from tests.indexes.store import store


def found(indexes: Indexes, text: str, *, access: Access = OWNER, limit: int = 10) -> list[str]:
    names = [name for name, _ in indexes.keyword.search("default", text, access=access, limit=limit)]
    hits = indexes.catalogue.hits("default", names, access=access)
    return [hits[name].document for name in names]


@pytest.fixture
def library(indexes: Indexes) -> Indexes:
    store(indexes, "leave.txt", "Employees receive paid leave every year.", title="Leave policy")
    store(indexes, "travel.txt", "Flights are booked by the travel desk. See form 10-K and read_only.")
    store(indexes, "form.txt", "10 forms were printed and k was the last letter.")
    store(indexes, "secret.txt", "The pay of every director.", groups=["hr"])
    return indexes


def test_a_chunk_is_found_by_another_form_of_its_word_or_by_its_title(library: Indexes) -> None:
    assert found(library, "booking a flight") == ["travel.txt"]
    assert found(library, "policies") == ["leave.txt"]


def test_scores_are_positive_and_the_better_comes_first(library: Indexes) -> None:
    scores = [score for _, score in library.keyword.search("default", "paid leave every day", access=OWNER, limit=9)]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0


def test_a_compound_counts_for_more_than_its_parts(library: Indexes) -> None:
    assert found(library, "10-K")[0] == "travel.txt"
    assert words_of("Is 10-K read_only?") == (["Is", "10", "K", "read", "only"], ["10 K", "read only"])


def test_accents_and_case_do_not_matter(indexes: Indexes) -> None:
    store(indexes, "a.txt", "Das Café in Zürich")
    assert found(indexes, "CAFE zurich") == ["a.txt"]
    assert found(indexes, "cafe\u0301") == ["a.txt"]


def test_stop_words_are_dropped_while_other_words_remain(library: Indexes) -> None:
    assert found(library, "what is the leave") == ["leave.txt"]
    assert "travel.txt" in found(library, "the")


def test_a_stranger_finds_nothing_of_a_limited_document(library: Indexes) -> None:
    assert found(library, "director", access=ANONYMOUS) == []
    assert found(library, "director", access=Access(frozenset({"hr"}))) == ["secret.txt"]


def test_a_search_keeps_to_its_collection_and_to_the_documents_named(library: Indexes) -> None:
    store(library, "other.txt", "paid leave", collection="other")
    assert found(library, "paid leave") == ["leave.txt"]
    within = library.keyword.search("default", "leave travel", access=OWNER, limit=9, within=["travel.txt"])
    assert len(within) == 1


def test_a_removed_or_replaced_document_is_not_found_by_its_old_words(library: Indexes) -> None:
    store(library, "leave.txt", "sabbatical", version="v2")
    remove_document(library, "default", "travel.txt")
    assert found(library, "employees flights") == []
    assert found(library, "sabbatical") == ["leave.txt"]


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\x00", '"', '""" OR', "NEAR(a b)", "leave*", "title:leave", "^leave", "a AND (", "-", "{a b}:",
     "\ud800", "___", "١٢٣", "日本", "'; drop table chunks; --", "word " * 5000, " ".join(map(str, range(3000)))],
)  # fmt: skip
def test_no_question_is_a_syntax_error(library: Indexes, text: str) -> None:
    library.keyword.search("default", text, access=OWNER, limit=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=60))
def test_no_text_at_all_is_a_syntax_error(library: Indexes, text: str) -> None:
    library.keyword.search("default", text, access=OWNER, limit=5)


@settings(deadline=None)
@given(words=st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=8))
def test_the_stemmer_never_invents_a_word(words: list[str]) -> None:
    stemmer = Stemmer()
    assert set(stemmer.stems([word.encode("utf-8", "replace").decode() for word in words])) <= set(words)
    stemmer.close()


def test_the_stemmer_gives_the_terms_that_are_stored() -> None:
    stemmer = Stemmer()
    assert stemmer.stems(["policies", "Booking", "___"]) == {"policies": "polici", "Booking": "book"}
    assert stemmer.stems(["policies"]) == {"policies": "polici"}
    stemmer.close()
