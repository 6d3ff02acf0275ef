from __future__ import annotations

import math

import pytest

from evaluation.scoring.retrieval import MEASURES, retrieval_measures


def test_measures_equal_those_computed_by_hand() -> None:
    (found,) = retrieval_measures({"q": ["x", "a", "y", "b"]}, {"q": ["a", "b", "c"]}).values()
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert found["recall@5"] == pytest.approx(2 / 3)
    assert found["mrr@10"] == 0.5
    assert found["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)


def test_a_question_without_hits_scores_zero_and_is_not_dropped() -> None:
    found = retrieval_measures({"q": [], "r": ["a"]}, {"q": ["a"], "r": ["a"], "s": ["a"]})
    assert found["q"] == found["s"] == dict.fromkeys(MEASURES, 0.0)
    assert found["r"]["ndcg@10"] == 1.0


def test_a_question_without_gold_does_not_enter() -> None:
    assert retrieval_measures({"q": ["a"]}, {"q": []}) == {}


def test_ranks_beyond_ten_count_for_nothing_at_ten() -> None:
    ranked = [f"d{number}" for number in range(20)]
    (found,) = retrieval_measures({"q": ranked}, {"q": ["d10", "d5"]}).values()
    assert found["recall@5"] == 0.0
    assert found["recall@10"] == 0.5
    assert found["mrr@10"] == pytest.approx(1 / 6)
