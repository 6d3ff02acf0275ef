"""Keyword search: the words decide, the query language does not."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import IndexBroken
from indexes.catalogue.rows import Entry
from indexes.keyword.query import telling, words_of
from indexes.keyword.tantivy import TantivyIndex

LIBRARY = [
    Entry("leave", "d1", "Leave policy\nEmployees receive paid leave every year."),
    Entry("travel", "d2", "Flights are booked by the travel desk. See form 10-K and read_only."),
    Entry("form", "d3", "10 forms were printed and k was the last letter of the read, and only that."),
]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[TantivyIndex]:
    index = TantivyIndex(tmp_path)
    index.upsert("default", LIBRARY)
    yield index
    index.close()


def found(index: TantivyIndex, text: str) -> list[str]:
    return [name for name, _ in index.search("default", text, 10)]


def test_a_chunk_is_found_by_another_form_of_its_word_or_by_its_title(library: TantivyIndex) -> None:
    assert found(library, "booking a flight") == ["travel"]
    assert found(library, "policies") == ["leave"]


def test_a_compound_counts_for_more_than_its_parts(library: TantivyIndex) -> None:
    assert found(library, "10-K")[0] == "travel"
    assert found(library, "read_only")[0] == "travel"
    assert words_of("Is 10-K read_only?") == (["Is", "10", "K", "read", "only"], ["10 K", "read only"])


def test_accents_and_case_do_not_matter(library: TantivyIndex) -> None:
    library.upsert("default", [Entry("a", "d4", "Das Café in Zürich")])
    assert found(library, "CAFE zurich") == ["a"]
    assert found(library, "cafe\u0301") == ["a"]


def test_stop_words_are_dropped_while_other_words_remain(library: TantivyIndex) -> None:
    assert telling(["What", "is", "the", "leave"]) == ["leave"]
    assert telling(["the"]) == ["the"]
    assert found(library, "what is the leave") == ["leave"]
    assert set(found(library, "the")) == {"travel", "form"}


def test_capitals_keep_an_acronym_that_is_spelled_like_a_stop_word(library: TantivyIndex) -> None:
    question = "Who approves IT purchases in the US?"
    assert telling(words_of(question)[0]) == ["approves", "IT", "purchases", "US"]
    assert telling(words_of("What does WHO say about it?")[0]) == ["WHO", "say"]
    library.upsert("default", [Entry("it", "d4", "IT orders laptops.")])
    assert found(library, "Who runs IT") == ["it"]


def test_a_question_all_in_capitals_names_no_acronym_by_them() -> None:
    assert telling(words_of("WHAT IS THE LEAVE?")[0]) == ["LEAVE"]


def test_an_index_is_there_when_it_is_opened_again(library: TantivyIndex, tmp_path: Path) -> None:
    library.close()
    again = TantivyIndex(tmp_path)
    assert found(again, "leave") == ["leave"]
    again.upsert("default", [Entry("leave", "d1", "sabbatical")])
    assert found(again, "leave") == []
    again.close()


def test_a_question_of_thousands_of_words_keeps_the_rarest(library: TantivyIndex) -> None:
    numbered = [Entry(f"n{number}", "d5", f"word{number} word{(number + 1) % 80}") for number in range(80)]
    library.upsert("default", [*numbered, Entry("one", "d6", "sabbatical")])
    asked = " ".join(f"unknown{n} word{n}" for n in range(80)) + " sabbatical"
    assert "one" in [name for name, _ in library.search("default", asked, 100)]


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\x00", '"', '""" OR', "NEAR(a b)", "leave*", "title:leave", "^leave", "a AND (", "-", "{a b}:",
     "\ud800", "___", "١٢٣", "日本", "'; drop table chunks; --", "word " * 5000, " ".join(map(str, range(3000)))],
)  # fmt: skip
def test_no_question_is_a_syntax_error(library: TantivyIndex, text: str) -> None:
    library.search("default", text, 5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.lists(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12), min_size=1, max_size=9))
def test_whatever_is_indexed_is_found_by_its_own_words(library: TantivyIndex, words: list[str]) -> None:
    library.upsert("other", [Entry("it", "d", " ".join(words))])
    assert [name for name, _ in library.search("other", " ".join(words), 5)] == ["it"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=60))
def test_no_text_at_all_is_a_syntax_error(library: TantivyIndex, text: str) -> None:
    library.search("default", text, 5)


def test_whatever_damaged_files_do_to_tantivy_is_told_as_a_broken_index(tmp_path: Path) -> None:
    good = TantivyIndex(tmp_path / "good")
    documents = [f"d{number}" for number in range(40)]
    good.upsert("default", [Entry(f"{name}#0", name, f"{name} says alpha, beta and gamma.") for name in documents])
    good.close()
    causes = [
        cause
        for suffix in (".fast", ".store", ".pos", ".idx", ".term")
        for seed in range(8)
        for cause in broken_by(damaged(tmp_path / "good", tmp_path / f"{seed}{suffix}", suffix, seed), documents)
    ]
    assert {"KeyError", "PanicException"} <= {type(cause).__name__ for cause in causes}


def damaged(good: Path, copy: Path, suffix: str, seed: int) -> Path:
    """A copy of an index with sixteen bytes of a file replaced."""
    shutil.copytree(good, copy)
    draw = random.Random(seed)
    (file,) = copy.rglob(f"*{suffix}")
    content = bytearray(file.read_bytes())
    start = draw.randrange(len(content) - 16)
    content[start : start + 16] = draw.randbytes(16)
    file.write_bytes(content)
    return copy


def broken_by(folder: Path, documents: list[str]) -> Iterator[BaseException | None]:
    """What tantivy raised in whatever is read of an index."""
    index = TantivyIndex(folder)
    readings: list[Callable[[], object]] = [
        lambda: index.search("default", "alpha beta-gamma", 10),
        lambda: index.spread("default", "alpha beta", documents),
        lambda: index.ids("default"),
    ]
    for read in readings:
        try:
            read()
        except IndexBroken as error:
            told = error.__cause__
            yield told.__cause__ if type(told) is RuntimeError and told.__cause__ else told
    index.close()
