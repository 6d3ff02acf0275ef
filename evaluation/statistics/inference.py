"""The statistics of paired outcomes: intervals, tests, corrections and a cluster bootstrap. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

FEW_CLUSTERS = 10
"""With fewer clusters, intervals that rest on them are unreliable: Cameron and Miller (2015), JHR 50:317."""
MIN_CLUSTERS = 5
"""With fewer still, each question stands for itself, and the report says that other documents may fare otherwise."""
Floats = NDArray[np.float64]
Groups = NDArray[np.intp]
Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution."""
EXACT_CLUSTERS = 14
"""Up to so many clusters every assignment of signs is tried; beyond, signs are drawn."""


def t_point(probability: float, df: float) -> float:
    """The point below which Student's t with `df` degrees of freedom lies with this probability."""
    from scipy.special import stdtrit

    return float(stdtrit(df, probability))


def t_below(value: Floats | float, df: float) -> Floats:
    """The probability that Student's t with `df` degrees of freedom lies below `value`."""
    from scipy.special import stdtr

    below: Floats = np.asarray(stdtr(df, value), dtype=np.float64)
    return below


def wilson(successes: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson score interval of a share; (0, 1) for n = 0. Never of width zero.

    `n` may be an effective number of questions, and `z` a point of Student's t, where questions come in clusters.

    Source: Wilson (1927), JASA 22:209; recommended by Brown, Cai and DasGupta (2001), Statistical Science 16:101.
    """
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(max(share * (1 - share), 0) / n + z * z / (4 * n * n))
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == n else centre + half)


def share_interval(values: Floats, groups: Groups) -> tuple[float, float]:
    """95 % interval of a share over clustered questions: Wilson's, with the effective number of questions and t.

    `values`: float64 (n,), 0 or 1, or the mean of replicates. Without clusters it is Wilson's interval itself.

    Source: Korn and Graubard (1998), Survey Methodology 24:193, with Wilson's interval in place of Clopper-Pearson's.
    """
    n, clusters = len(values), int(groups.max(initial=-1)) + 1
    if n == 0 or clusters == n:
        return wilson(float(values.sum()), n)
    effective = n / design_effect(values, groups)
    return wilson(float(values.mean()) * effective, effective, t_point(0.975, degrees_of_freedom(groups)))


def clustered_error(values: Floats, groups: Groups) -> tuple[float, float]:
    """Standard error of a mean whose questions come in clusters, and the degrees of freedom to use it with.

    The jackknife over clusters, which stays right where clusters differ in size (CR3 of Bell and McCaffrey 2002, Survey
    Methodology 28:169); with clusters of one size it is that of Liang and Zeger (1986), Biometrika 73:13, times
    G / (G - 1), and with a cluster a question s / sqrt(n).
    """
    weights = cluster_weights(groups)
    sums = np.bincount(groups, weights=values - values.mean())
    return float(np.sqrt(weights @ (sums * sums))), degrees_of_freedom(groups)


def cluster_weights(groups: Groups) -> Floats:
    """What the squared sum of deviations of each cluster counts for in the variance of a mean; float64 (clusters,)."""
    sizes = np.bincount(groups)
    weights: Floats = (len(sizes) - 1) / len(sizes) / np.square(len(groups) - sizes, dtype=np.float64)
    return weights


def degrees_of_freedom(groups: Groups) -> float:
    """The effective number of clusters, less one: n^2 / sum of squared sizes, which is their number where sizes agree.

    Source: Kish (1965), Survey Sampling, section 5.4, for the effective number.
    """
    sizes = np.bincount(groups).astype(np.float64)
    return max(float(len(groups) ** 2 / (sizes @ sizes)) - 1, 1.0)


def design_effect(values: Floats, groups: Groups) -> float:
    """How many clustered questions are worth one independent one, at least `MIN_EFFECT`.

    Where all values are equal nothing shows how alike the questions of a cluster are: `assumed_effect`.

    Source: Kish (1965), Survey Sampling, chapter 5.
    """
    n = len(values)
    if int(groups.max()) + 1 == n:
        return 1.0
    variance = float(values.var()) / (n - 1)
    if variance <= 1e-18:
        return assumed_effect(groups)
    return max(clustered_error(values, groups)[0] ** 2 / variance, MIN_EFFECT)


def assumed_effect(groups: Groups) -> float:
    """The design effect where two questions of a cluster are alike by `ASSUMED_ICC`: 1 + (m - 1) rho."""
    sizes = np.bincount(groups).astype(np.float64)
    return 1 + (float(sizes @ sizes) / len(groups) - 1) * ASSUMED_ICC


MIN_EFFECT = 0.5
"""Below one by chance or because clusters balance each other; t with few degrees of freedom pays for the chance."""
ASSUMED_ICC = 0.3
"""How alike two questions of a cluster are taken to be where the data cannot say."""


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


def sign_flip(differences: Floats, groups: Groups, *, resamples: int, seed: int) -> float:
    """Two-sided p of the paired permutation test: under no difference, the sign of each cluster's sum is a coin.

    Every assignment of signs is tried up to `EXACT_CLUSTERS` clusters that differ; beyond, `resamples` are drawn, and
    the assignment that was seen counts among them, so that p is never 0.

    Source: Fisher (1935), The Design of Experiments, section 21; Phipson and Smyth (2010), SAGMB 9:39 for the count.
    """
    sums = np.bincount(groups, weights=differences)
    sums = sums[np.abs(sums) > 1e-12]
    seen = abs(float(sums.sum())) - 1e-9
    if len(sums) <= EXACT_CLUSTERS:
        codes = np.arange(1 << len(sums))[:, None] >> np.arange(len(sums)) & 1
        return float((np.abs((2.0 * codes - 1) @ sums) >= seen).mean())
    signs = 2.0 * np.random.default_rng(seed).integers(0, 2, size=(resamples, len(sums))) - 1
    return float((1 + (np.abs(signs @ sums) >= seen).sum()) / (1 + resamples))


def tost(centre: float, error: float, df: float, margin: float) -> float:
    """p of two one-sided t tests: small where a difference is shown to lie within `margin` on either side of zero.

    Source: Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15:657.
    """
    if error <= 0:
        return 0.0 if abs(centre) < margin else 1.0
    return float(max(t_below((centre - margin) / error, df), t_below(-(centre + margin) / error, df)))


def fieller(part: Floats, whole: Floats, groups: Groups, level: float = 0.95) -> tuple[float, float] | None:
    """Interval of mean(part) / mean(whole); None where the interval of the denominator holds zero.

    Source: Fieller (1954), JRSS B 16:175, with the covariances and degrees of freedom of `clustered_error`.
    """
    top, bottom = float(part.mean()), float(whole.mean())
    weights = cluster_weights(groups)
    sums = [np.bincount(groups, weights=row - row.mean()) for row in (part, whole)]
    scale = t_point((1 + level) / 2, degrees_of_freedom(groups)) ** 2
    vtt, vtb, vbb = (
        scale * float((weights * a) @ b) for a, b in ((sums[0], sums[0]), (sums[0], sums[1]), (sums[1], sums[1]))
    )
    lead = bottom**2 - vbb
    if lead <= 1e-12:
        return None
    middle = top * bottom - vtb
    spread = math.sqrt(max(middle**2 - lead * (top**2 - vtt), 0))
    return (middle - spread) / lead, (middle + spread) / lead


def cluster_means(values: Mapping[str, Floats], groups: Groups, *, resamples: int, seed: int) -> dict[str, Floats]:
    """Means of `values` over questions, in each of `resamples` draws of whole clusters with replacement.

    `values`: name -> float64 (questions, columns); every array is drawn alike, so differences stay paired.
    Returns name -> float64 (resamples, columns). Needs at least one question.

    Source: the cluster (or block) bootstrap of Davison and Hinkley (1997), Bootstrap Methods, section 3.8.
    """
    count = int(groups.max()) + 1
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    weights = draws.astype(np.float64)
    sizes = weights @ np.bincount(groups, minlength=count).astype(np.float64)
    means = {}
    for name, rows in values.items():
        sums = np.zeros((count, rows.shape[1]))
        np.add.at(sums, groups, rows)
        means[name] = (weights @ sums) / sizes[:, None]
    return means


def groups_of(clusters: Sequence[str], *, fewest: int = MIN_CLUSTERS) -> Groups:
    """The number of each question's cluster: int (n,), from 0 on; a number a question where clusters are too few."""
    names, index = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    if len(names) >= fewest:
        return index.astype(np.intp)
    return np.arange(len(clusters), dtype=np.intp)


def percentile_interval(samples: Floats) -> tuple[float, float]:
    """The 2.5 and 97.5 % points of resampled values."""
    low, high = np.percentile(samples, [2.5, 97.5])
    return float(low), float(high)
