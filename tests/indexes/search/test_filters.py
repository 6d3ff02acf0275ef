"""What a search keeps to: filters narrow what may be read, and never widen it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest

from core.access import ANONYMOUS, OWNER, Access
from core.errors import UnknownDocument
from core.filters import Filters
from core.settings.load import Settings
from core.settings.sections import SearchSettings
from core.sources import Patterns
from indexes.catalogue.rows import Description
from indexes.indexes import Indexes
from indexes.open import open_indexes
from indexes.search.search import search
from indexes.search.trace import DEEPEST, trace
from indexes.write import remove_document
from tests.indexes.store import store

HR = Access(frozenset({"hr"}))


@pytest.fixture
def library(indexes: Indexes) -> Indexes:
    store(indexes, "hr/pay.txt", "the budget of pay", groups=["hr"], tags=("money",), valid_from="2025-01-31")
    store(indexes, "hr/leave.txt", "the budget of leave", tags=("people", "money"), valid_from="2026-02-01")
    store(indexes, "it/plan.md", "the budget of machines", tags=("plan",))
    return indexes


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {"hr/pay.txt", "hr/leave.txt", "it/plan.md"}),
        (Filters(documents=frozenset({"hr/pay.txt", "none"})), {"hr/pay.txt"}),
        (Filters(documents=frozenset()), set()),
        (Filters(paths=Patterns(("hr/**",))), {"hr/pay.txt", "hr/leave.txt"}),
        (Filters(paths=Patterns(("*.md",))), {"it/plan.md"}),
        (Filters(tags=frozenset({"money", "plan"})), {"hr/pay.txt", "hr/leave.txt", "it/plan.md"}),
        (Filters(tags=frozenset({"people"})), {"hr/leave.txt"}),
        (Filters(groups=frozenset({"hr", "none"})), {"hr/pay.txt"}),
        (Filters(since=date(2026, 2, 1)), {"hr/leave.txt"}),
        (Filters(until=date(2026, 1, 31)), {"hr/pay.txt"}),
        (Filters(since=date(2025, 1, 31), tags=frozenset({"people"})), {"hr/leave.txt"}),
    ],
)
def test_a_search_keeps_to_the_documents_that_meet_every_filter(
    library: Indexes, filters: Filters, expected: set[str]
) -> None:
    found = search(library, "budget", access=OWNER, limit=9, filters=filters).hits
    assert {hit.document for hit in found} == expected


def test_no_filter_opens_a_document_that_may_not_be_read(library: Indexes) -> None:
    for filters in (Filters(groups=frozenset({"hr"})), Filters(documents=frozenset({"hr/pay.txt"}))):
        assert search(library, "budget", access=ANONYMOUS, limit=9, filters=filters).hits == ()
        assert len(search(library, "budget", access=HR, limit=9, filters=filters).hits) == 1


def test_a_change_of_groups_and_a_removal_hold_for_the_very_next_search(library: Indexes) -> None:
    def seen() -> set[str]:
        return {hit.document for hit in search(library, "budget", access=ANONYMOUS, limit=9).hits}

    assert seen() == {"hr/leave.txt", "it/plan.md"}
    library.catalogue.describe("default", "it/plan.md", Description(groups=frozenset({"it"})))
    assert seen() == {"hr/leave.txt"}
    library.catalogue.describe("default", "hr/pay.txt", Description())
    assert seen() == {"hr/leave.txt", "hr/pay.txt"}
    remove_document(library, "default", "hr/leave.txt")
    assert seen() == {"hr/pay.txt"}


@pytest.mark.parametrize("exact_chunks", [0, 4000])
def test_what_may_be_read_is_found_as_if_nothing_else_were_there(data: Settings, exact_chunks: int) -> None:
    chosen = SearchSettings(candidates=10, exact_chunks=exact_chunks)
    with open_indexes(data.model_copy(update={"search": chosen})) as indexes:
        for number in range(40):
            groups = ["few"] if number % 10 == 0 else ["many"]
            store(indexes, f"{number}.txt", *(f"budget {number} of part {part}" for part in range(5)), groups=groups)
        found = search(indexes, "budget of part 3", access=Access(frozenset({"few"})), limit=10).hits
        assert {hit.document for hit in found} <= {"0.txt", "10.txt", "20.txt", "30.txt"}
        for name in [row.document for row in indexes.catalogue.documents("default", access=OWNER)]:
            if int(name.removesuffix(".txt")) % 10:
                remove_document(indexes, "default", name)
        alone = search(indexes, "budget of part 3", access=OWNER, limit=10).hits
    assert [hit.dense for hit in found] == pytest.approx([hit.dense for hit in alone])


def test_every_hit_says_how_it_was_scored(library: Indexes) -> None:
    first, *others = search(library, "budget of machines", access=OWNER, limit=9).hits
    assert (first.document, first.dense_rank, first.keyword_rank) == ("it/plan.md", 1, 1)
    assert sorted(hit.dense_rank or 0 for hit in others) == [2, 3]


def test_a_trace_says_where_a_document_ended_up_and_why(data: Settings) -> None:
    with open_indexes(data.model_copy(update={"search": SearchSettings(candidates=2)})) as indexes:
        store(indexes, "near.txt", "red green blue", "red green")
        store(indexes, "also.txt", "red green blue black white")
        store(indexes, "far.txt", "nothing of the kind", "yellow")
        near = trace(indexes, "red green blue", "near.txt", access=OWNER)
        far = trace(indexes, "red green blue", "far.txt", access=OWNER)
        assert near is not None
        assert (near.rank, near.dense_rank, near.keyword_rank) == (1, 1, 1)
        assert far is not None
        assert (far.rank, far.score, far.keyword_rank) == (None, None, None)
        assert "shares no word" in far.reason
        assert trace(indexes, "red", "far.txt", access=OWNER, filters=Filters(tags=frozenset({"any"}))) is None
        with pytest.raises(UnknownDocument):
            trace(indexes, "red", "none.txt", access=OWNER)


def test_a_trace_takes_turns_and_counts_ranks_no_further_than_a_thousand(data: Settings) -> None:
    taken: list[str] = []

    @contextmanager
    def slot() -> Iterator[None]:
        taken.append("begun")
        yield
        taken.append("ended")

    with open_indexes(data) as indexes:
        store(indexes, "near.txt", *(f"red green blue {number}" for number in range(DEEPEST)))
        store(indexes, "far.txt", "red yellow and a good many other words")
        found = trace(replace(indexes, slot=slot), "red green blue", "far.txt", access=OWNER)
    assert taken == ["begun", "ended"] * 3
    assert found is not None
    assert (found.rank, found.dense_rank) == (None, None)
    assert found.reason.startswith("Not among the best 100: beyond the first 1,000 by meaning")


def test_a_trace_tells_a_stranger_nothing(library: Indexes) -> None:
    with pytest.raises(UnknownDocument):
        trace(library, "budget", "hr/pay.txt", access=ANONYMOUS)
    seen = trace(library, "budget of pay", "hr/leave.txt", access=ANONYMOUS)
    assert seen is not None
    assert seen.dense_rank in (1, 2)
