"""The statistics against statsmodels and scipy, to 1e-9. Statsmodels takes seconds to load: those are slow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from evaluation.statistics.inference import (
    clustered_error,
    degrees_of_freedom,
    fieller,
    holm,
    mcnemar_exact,
    sign_flip,
    t_point,
    tost,
    wilson,
)
from evaluation.statistics.paired import Paired
from tests.evaluation.statistics import worlds

CORRECT = np.array([1.0, 0.0, 0.0, 0.0])


def exactly(value: Any) -> Any:
    return pytest.approx(value, abs=1e-9, rel=1e-9)


def generator() -> np.random.Generator:
    return np.random.default_rng(8)


@pytest.mark.slow
def test_wilson_is_that_of_statsmodels() -> None:
    from statsmodels.stats import proportion

    for n in (1, 2, 7, 50, 400):
        for successes in {0, 1, n // 3, n // 2, n - 1, n}:
            theirs = proportion.proportion_confint(successes, n, method="wilson")
            assert wilson(successes, n) == exactly(theirs)


@pytest.mark.slow
def test_mcnemar_is_that_of_statsmodels() -> None:
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    for losses, wins in generator().integers(0, 60, size=(60, 2)).tolist():
        theirs = tables.mcnemar([[5, losses], [wins, 5]], exact=True).pvalue
        assert mcnemar_exact(losses, wins) == exactly(theirs)


@pytest.mark.slow
def test_holm_is_that_of_statsmodels() -> None:
    from statsmodels.stats import multitest

    for count in range(1, 20):
        p_values = (generator().random(count) ** 3).tolist()
        assert holm(p_values) == exactly(list(multitest.multipletests(p_values, method="holm")[1]))


@pytest.mark.slow
@pytest.mark.parametrize(("clusters", "size"), [(2, 3), (5, 1), (12, 4), (30, 10)])
def test_the_clustered_error_of_even_clusters_is_that_of_statsmodels(clusters: int, size: int) -> None:
    from statsmodels.regression import linear_model

    groups = worlds.groups(clusters * size, size)
    values = generator().normal(size=len(groups))
    fitted = linear_model.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert clustered_error(values, groups) == exactly((float(fitted.bse[0]), clusters - 1))


@pytest.mark.parametrize("clusters", [2, 5, 12])
def test_the_clustered_error_of_uneven_clusters_is_the_jackknife_over_clusters(clusters: int) -> None:
    groups = worlds.uneven(6 * clusters, clusters)
    values = generator().normal(size=len(groups))
    left_out = np.array([values[groups != group].mean() for group in range(clusters)])
    error = np.sqrt((clusters - 1) / clusters * ((left_out - values.mean()) ** 2).sum())
    assert clustered_error(values, groups)[0] == exactly(error)
    assert degrees_of_freedom(groups) < clusters - 1 or clusters == 2


@pytest.mark.slow
@pytest.mark.parametrize("margin", [0.05, 0.3, 1.0])
def test_tost_is_that_of_statsmodels(margin: float) -> None:
    from statsmodels.stats import weightstats

    drawn = generator()
    for n in (3, 20, 60):
        first, second = drawn.normal(size=n), drawn.normal(0.1, size=n)
        error, df = clustered_error(second - first, np.arange(n))
        theirs = weightstats.ttost_paired(second, first, -margin, margin)[0]
        assert tost(float((second - first).mean()), error, df, margin) == exactly(theirs)


@pytest.mark.parametrize("n", range(2, 12))
def test_the_sign_flip_test_is_that_of_scipy_where_every_assignment_is_tried(n: int) -> None:
    differences = np.random.default_rng(n).choice([-2.0, -1.0, 0.5, 1.0, 3.0], size=n)
    theirs = stats.permutation_test(
        (differences,),
        lambda sample, axis: np.abs(np.sum(sample, axis=axis)),
        permutation_type="samples",
        n_resamples=np.inf,
        alternative="greater",
        vectorized=True,
    ).pvalue
    assert sign_flip(differences, np.arange(n), resamples=100, seed=1) == exactly(theirs)


def test_drawn_signs_come_near_to_all_signs_and_are_never_zero() -> None:
    differences = np.concatenate([np.ones(40), -np.ones(24)])
    drawn = sign_flip(differences, np.arange(64), resamples=9_999, seed=3)
    exact = float(stats.binomtest(24, 64).pvalue)
    assert drawn == pytest.approx(exact, abs=0.01)
    assert sign_flip(np.ones(64), np.arange(64), resamples=99, seed=3) == 0.01
    clustered = sign_flip(differences, np.arange(64) // 8, resamples=99, seed=3)
    assert clustered > exact, "eight clusters are less evidence than 64 questions"


def test_fieller_is_the_set_of_ratios_that_a_t_test_does_not_reject() -> None:
    generator = np.random.default_rng(4)
    whole = generator.normal(1.0, 1.0, size=50)
    part = 0.6 * whole + generator.normal(0, 0.5, size=50)
    found = fieller(part, whole, np.arange(50))
    assert found is not None
    for end in found:
        assert float(stats.ttest_1samp(part - end * whole, 0.0).pvalue) == pytest.approx(0.05, abs=1e-9)
    assert fieller(part, whole - whole.mean() + 0.1, np.arange(50)) is None


@pytest.mark.parametrize(("wins", "losses", "ties"), [(0, 0, 40), (3, 0, 10), (22, 7, 121), (5, 30, 2)])
def test_the_interval_of_a_difference_is_that_of_bonett_and_price_with_t_for_the_normal(
    wins: int, losses: int, ties: int
) -> None:
    n = wins + losses + ties
    rows = np.zeros((n, 4))
    rows[:, 0] = np.repeat([1.0, -1.0, 0.0], [wins, losses, ties])
    low, high = Paired([(np.zeros((n, 4)), rows)], np.arange(n)).estimate(CORRECT, stake=1.0).interval()
    up, down = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    half = t_point(0.975, n - 1) * np.sqrt((up + down - (up - down) ** 2) / (n + 2))
    assert (low[0], high[0]) == exactly((up - down - half, up - down + half))
