from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from evaluation.statistics.compare import Declared, compare, compare_all, declared_pairs
from evaluation.statistics.inference import cluster_means, groups_of, holm, mcnemar_exact, newcombe_paired, wilson
from tests.evaluation.made_up import scores


@pytest.mark.parametrize("n", [1, 2, 9, 50, 400])
def test_wilson_equals_scipy(n: int) -> None:
    for successes in range(0, n + 1, max(n // 9, 1)):
        theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
        assert wilson(successes, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize("losses", [0, 1, 7, 60, 300])
def test_mcnemar_equals_scipy(losses: int) -> None:
    for wins in (0, 1, 5, 8, 61, 240):
        theirs = stats.binomtest(wins, losses + wins, 0.5).pvalue if losses + wins else 1.0
        assert mcnemar_exact(losses, wins) == pytest.approx(theirs, abs=1e-9)


def test_an_interval_never_has_zero_width() -> None:
    assert wilson(0, 50)[0] == 0.0
    assert wilson(0, 50)[1] == pytest.approx(0.0713, abs=1e-4)
    assert wilson(50, 50)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = newcombe_paired(0, 0, 0, 40)
    assert low < 0 < high


def test_newcombe_equals_his_printed_example_and_a_hand_computed_one() -> None:
    # Newcombe (1998), table II, method 10, for 36 both, 12 and 2 discordant, 0 neither.
    assert newcombe_paired(36, 12, 2, 0) == pytest.approx((0.0569, 0.3404), abs=5e-5)
    # All 54 discordant the same way: both ends are Wilson's z^2 / (n + z^2) from 0 and from 1, joined by Pythagoras.
    end = 1.959964**2 / (54 + 1.959964**2)
    assert newcombe_paired(0, 54, 0, 0) == pytest.approx((1 - 2**0.5 * end, 1.0), abs=1e-6)


def test_holm_equals_a_hand_computed_case() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_bootstrap_is_the_same_for_the_same_seed_and_pairs_stay_paired() -> None:
    values = {"a": np.arange(30.0)[:, None], "b": np.arange(30.0)[:, None] + 1}
    names = np.arange(30) // 2
    first = cluster_means(values, names, resamples=200, seed=1)
    again = cluster_means(values, names, resamples=200, seed=1)
    assert np.array_equal(first["a"], again["a"])
    assert np.allclose(first["b"] - first["a"], 1.0)


def test_the_bootstrap_error_of_a_mean_is_the_textbook_one() -> None:
    values = np.random.default_rng(0).normal(size=(400, 1))
    drawn = cluster_means({"a": values}, np.arange(400), resamples=4000, seed=2)["a"]
    assert drawn.std() == pytest.approx(values.std() / 20, rel=0.05)


def test_alike_questions_widen_the_interval_and_few_clusters_are_not_trusted() -> None:
    outcomes = ["correct" if number % 20 < 10 else "wrong" for number in range(200)]
    alone = compare(scores("a", ["wrong"] * 200), scores("b", outcomes), seed=1)
    alike = compare(scores("a", ["wrong"] * 200, clusters=20), scores("b", outcomes, clusters=20), seed=1)
    assert alike["high"] - alike["low"] > 1.5 * (alone["high"] - alone["low"])
    assert groups_of(["x"] * 5).tolist() == [0, 1, 2, 3, 4]


def test_wins_losses_and_ties_are_counted_over_questions_scored_in_both() -> None:
    before = scores("a", ["correct", "wrong", "abstained", "unscored", "correct"])
    after = scores("b", ["wrong", "correct", "correct", "correct", "correct"])
    found = compare(before, after, seed=1)
    assert (found["wins"], found["losses"], found["ties"], found["n"]) == (2, 1, 1, 4)
    assert found["difference"] == 0.25
    assert found["low"] < found["difference"] < found["high"]


def test_each_rung_is_compared_with_its_neighbour_and_with_plain_prompting() -> None:
    pairs = declared_pairs(["closed_book", "manual", "rag"])
    assert pairs == [
        Declared("closed_book", "manual", "adjacent"),
        Declared("manual", "rag", "adjacent"),
        Declared("closed_book", "rag", "closed_book"),
    ]
    rows = [
        *scores("closed_book", ["wrong"] * 12),
        *scores("manual", ["correct"] * 12),
        *scores("rag", ["correct"] * 12),
    ]
    found = compare_all(rows, pairs, margin=0.05, seed=1)
    assert [row["p_holm"] for row in found] == pytest.approx([3 * 2 / 4096, 1.0, 3 * 2 / 4096], rel=1e-4)


def test_rungs_without_a_shared_question_compare_as_unknown() -> None:
    found = compare(scores("a", ["unscored"]), scores("b", ["correct"]), seed=1)
    assert (found["difference"], found["low"], found["high"], found["n"]) == (None, -1.0, 1.0, 0)


def test_replicates_are_averaged_within_the_question_before_anything_else() -> None:
    before = scores("a", ["wrong"] * 30)
    once = scores("b", ["correct"] * 10 + ["wrong"] * 20)
    again = [dataclasses.replace(score, replicate=copy) for score in once for copy in range(5)]
    alone, repeated = compare(before, once), compare(before, again)
    assert repeated == alone, "asking again and hearing the same tells nothing new"
    half = [*once, *(dataclasses.replace(score, replicate=1, outcome="wrong") for score in once)]
    found = compare(before, half)
    assert (found["n"], found["difference"]) == (30, pytest.approx(1 / 6, abs=1e-6))
    assert found["p_value"] == found["p_permutation"], "McNemar's test knows no halves"


def test_rungs_within_the_margin_are_shown_to_be_equivalent_and_a_thin_sample_shows_nothing() -> None:
    many = scores("a", ["correct", "wrong"] * 500)
    few = scores("a", ["correct", "wrong"] * 10)
    assert compare(many, many, margin=0.05)["equivalent"]["p_value"] < 0.001
    assert compare(few, few, margin=0.05)["equivalent"]["p_value"] > 0.05


def test_simultaneous_intervals_are_wider_than_one_alone_and_controls_stand_by_themselves() -> None:
    outcomes = ["correct"] * 40 + ["wrong"] * 20
    rows = [score for rung in ("closed_book", "rag", "oracle", "random_context") for score in scores(rung, outcomes)]
    found = compare_all(rows, declared_pairs(["closed_book", "rag", "oracle", "random_context"]), margin=0.05, seed=1)
    assert [row["kind"] for row in found] == ["adjacent", "adjacent", "closed_book", "control", "control"]
    for row in found:
        alone = row["kind"] == "control"
        assert (row["low_simultaneous"] == row["low"]) == alone
        assert (row["high_simultaneous"] == row["high"]) == alone
