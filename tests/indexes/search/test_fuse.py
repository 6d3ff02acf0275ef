"""Fusion, by hand."""

from __future__ import annotations

import pytest

from indexes.search.rank import min_max, reciprocal_rank_fusion, weighted


def test_min_max_stretches_from_the_lowest_to_the_best() -> None:
    assert min_max({"a": 3.0, "b": 1.0, "c": 2.0}) == {"a": 1.0, "b": 0.0, "c": 0.5}


def test_with_a_floor_the_lowest_hit_still_counts() -> None:
    assert min_max({"a": 4.0, "b": 1.0}, floor=0.0) == {"a": 1.0, "b": 0.25}


def test_equal_scores_are_all_best_and_nothing_stays_nothing() -> None:
    assert min_max({"a": 2.0, "b": 2.0}) == {"a": 1.0, "b": 1.0}
    assert min_max({}) == {}


def test_next_to_nothing_is_not_stretched_to_everything() -> None:
    assert min_max({"a": 0.001}, floor=0.0, least=1.0) == {"a": 0.001}


def test_a_weighted_sum_counts_a_missing_score_as_nothing_and_breaks_ties_by_id() -> None:
    fused = weighted([(0.5, {"c": 1.0, "a": 0.0}), (0.5, {"b": 1.0, "a": 1.0})])
    assert fused == [("a", 0.5), ("b", 0.5), ("c", 0.5)]


def test_reciprocal_ranks_add_up() -> None:
    fused = dict(reciprocal_rank_fusion([(1.0, ["a", "b"]), (1.0, ["b"])], k=60))
    assert fused == pytest.approx({"b": 1 / 62 + 1 / 61, "a": 1 / 61})
