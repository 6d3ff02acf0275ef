"""The statistics of paired outcomes: intervals, exact tests, corrections and a cluster bootstrap. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

FEW_CLUSTERS = 10
"""With fewer clusters, intervals that rest on them say nothing: Cameron and Miller (2015), JHR 50:317."""
Floats = NDArray[np.float64]
Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


def wilson(successes: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Wilson score interval of a share; (0, 1) for n = 0. Never of width zero.

    Source: Wilson (1927), JASA 22:209; recommended by Brown, Cai and DasGupta (2001), Statistical Science 16:101.
    """
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == n else centre + half)


def mcnemar_exact(losses: int, wins: int) -> float:
    """Two-sided p of the exact McNemar test: discordant pairs fall to either side with probability 1/2.

    Source: McNemar (1947), Psychometrika 12:153, with the binomial in place of chi-squared; 1 without discordant pairs.
    """
    n = losses + wins
    tail = sum(math.comb(n, k) for k in range(min(losses, wins) + 1))
    return min(1.0, 2 * tail / (1 << n))


def newcombe_paired(both: int, wins: int, losses: int, neither: int) -> tuple[float, float]:
    """95 % interval of the difference of two paired shares: score intervals joined with their correlation.

    `both`: right in both; `wins`: right in the second alone; `losses`: right in the first alone. The difference
    is second minus first. Never of width zero.

    Source: Newcombe (1998), Statistics in Medicine 17:2635, method 10.
    """
    n = both + wins + losses + neither
    if n == 0:
        return -1.0, 1.0
    second, first = (both + wins) / n, (both + losses) / n
    low2, high2 = wilson(both + wins, n)
    low1, high1 = wilson(both + losses, n)
    margins = (both + wins) * (losses + neither) * (both + losses) * (wins + neither)
    cross = both * neither - wins * losses
    corrected = max(cross - n / 2, 0) if cross > 0 else cross
    phi = corrected / math.sqrt(margins) if margins else 0.0
    down2, up2, down1, up1 = second - low2, high2 - second, first - low1, high1 - first
    difference = second - first
    low = difference - math.sqrt(max(down2**2 - 2 * phi * down2 * up1 + up1**2, 0))
    high = difference + math.sqrt(max(up2**2 - 2 * phi * up2 * down1 + down1**2, 0))
    return max(low, -1.0), min(high, 1.0)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for making several comparisons, in the order given.

    Source: Holm (1979), Scandinavian Journal of Statistics 6:65.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def cluster_means(
    values: Mapping[str, Floats], clusters: Sequence[str], *, resamples: int, seed: int
) -> dict[str, Floats]:
    """Means of `values` over questions, in each of `resamples` draws of whole clusters with replacement.

    `values`: name -> float64 (questions, columns); every array is drawn alike, so differences stay paired.
    Returns name -> float64 (resamples, columns). Needs at least one question.

    Source: the cluster (or block) bootstrap of Davison and Hinkley (1997), Bootstrap Methods, section 3.8.
    """
    names, index = np.unique(np.asarray(clusters), return_inverse=True)
    count = len(names)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    weights = draws.astype(np.float64)
    sizes = weights @ np.bincount(index, minlength=count).astype(np.float64)
    means = {}
    for name, rows in values.items():
        sums = np.zeros((count, rows.shape[1]))
        np.add.at(sums, index, rows)
        means[name] = (weights @ sums) / sizes[:, None]
    return means


def units(clusters: Sequence[str], *, fewest: int = FEW_CLUSTERS) -> list[str]:
    """What to resample: the clusters, or each question by itself where there are too few clusters to say anything."""
    if len(set(clusters)) >= fewest:
        return list(clusters)
    return [str(position) for position in range(len(clusters))]


def percentile_interval(samples: Floats) -> tuple[float, float]:
    """The 2.5 and 97.5 % points of resampled values."""
    low, high = np.percentile(samples, [2.5, 97.5])
    return float(low), float(high)
