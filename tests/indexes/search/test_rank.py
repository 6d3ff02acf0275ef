"""Ranking, by hand: four chunks with vectors in the plane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.settings.sections import SearchSettings
from indexes.search.rank import Candidates, ranked, shares

QUESTION = np.array([1, 0], dtype=np.float32)
PLAIN = SearchSettings(feedback=0)
FOUR = Candidates(
    names=["d@v#0", "d@v#1", "e@v#0", "f@v#0"],
    documents=["d", "d", "e", "f"],
    vectors=np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32),
    question=QUESTION,
    worded={"e@v#0": 4.0, "d@v#1": 2.0},
    whole={},
)


def names(candidates: Candidates, settings: SearchSettings) -> list[str]:
    return [name for name, _ in ranked(candidates, settings)]


def test_both_rankings_count_alike_by_their_scores() -> None:
    found = dict(ranked(FOUR, PLAIN))
    assert found == pytest.approx({"e@v#0": 0.8, "d@v#1": 0.65, "d@v#0": 0.5, "f@v#0": 0.0})


def test_an_index_without_weight_has_no_say_and_documents_have_none() -> None:
    whole = replace(FOUR, whole={"f": 1.0})
    assert names(whole, SearchSettings(dense_weight=1)) == ["d@v#0", "d@v#1", "e@v#0", "f@v#0"]
    assert names(whole, SearchSettings(dense_weight=0))[:2] == ["e@v#0", "d@v#1"]


def test_ranks_alone_can_be_merged() -> None:
    found = ranked(FOUR, SearchSettings(fusion="rrf", feedback=0))
    assert next(name for name, _ in found) == "e@v#0"
    assert found[0][1] == 1.0
    assert {name for name, _ in found} == set(FOUR.names)


def test_what_speaks_for_a_document_lifts_its_chunks_and_scores_stay_within_one() -> None:
    lifted = ranked(replace(FOUR, whole={"d": 1.0}), PLAIN)
    assert next(name for name, _ in lifted) == "d@v#1"
    assert all(0 <= score <= 1 for _, score in lifted)


def test_what_of_a_score_is_owed_to_the_document_can_be_told() -> None:
    lifted, weight = replace(FOUR, whole={"d": 1.0}), PLAIN.document_weight / 4
    share = weight / (1 + weight)
    assert shares(lifted, PLAIN).tolist() == pytest.approx([share, share, 0, 0])
    plain, found = dict(ranked(FOUR, PLAIN)), dict(ranked(lifted, PLAIN))
    assert found["d@v#0"] == pytest.approx(share + plain["d@v#0"] / (1 + weight))
    assert not shares(FOUR, PLAIN).any()


def test_documents_of_one_chunk_each_are_weighed_by_that_chunk_alone() -> None:
    names = [f"{letter}@v#0" for letter in "abcd"]
    ones = replace(FOUR, names=names, documents=list("abcd"), worded={"b@v#0": 1.0}, whole={"d": 1.0})
    assert ranked(ones, PLAIN) == ranked(replace(ones, whole={}), PLAIN)


def test_chunks_like_the_best_ones_move_up() -> None:
    like = replace(
        FOUR,
        names=[f"{letter}@v#0" for letter in "abcde"],
        documents=list("abcde"),
        vectors=np.array([[0.9, 0.436], [0.9, 0.436], [0.9, 0.436], [0.7, -0.714], [0.69, 0.724]], dtype=np.float32),
        worded={f"{letter}@v#0": 3.0 for letter in "abc"},
    )
    assert names(like, PLAIN)[3:] == ["d@v#0", "e@v#0"]
    assert names(like, SearchSettings(feedback=0.25))[3:] == ["e@v#0", "d@v#0"]


def test_nothing_ranks_nothing() -> None:
    assert ranked(replace(FOUR, names=[], worded={}), PLAIN) == []
