"""What a sample can show before it is paid for: the sample size of a paired comparison of shares, and its reverse."""

from __future__ import annotations

import math
from statistics import NormalDist

_STEPS = 60
"""Halvings of an interval of at most 1: far finer than a question."""


def questions_needed(
    difference: float, discordant: float, *, power: float = 0.8, alpha: float = 0.05, design_effect: float = 1
) -> float:
    """Questions with which a true difference of paired shares is found significant with this power; not rounded.

    n = (z_(1-alpha/2) sqrt(psi) + z_power sqrt(psi - d^2))^2 / d^2, times the design effect. d: `difference`, in
    (0, psi]. psi: `discordant`, the share of questions that come out differently on the two rungs.

    Source: Connor (1987), Biometrics 43:207, for McNemar's test.
    """
    two_sided, one_sided = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    spread = two_sided * math.sqrt(discordant) + one_sided * math.sqrt(max(discordant - difference**2, 0.0))
    return design_effect * (spread / difference) ** 2


def smallest_difference(
    n: int, discordant: float, power: float = 0.8, alpha: float = 0.05, design_effect: float = 1
) -> float | None:
    """The smallest true difference of paired shares that `n` questions show as significant with this power.

    None where not even a difference of all of the discordant share would be. The inverse of `questions_needed`.
    """
    known = {"power": power, "alpha": alpha, "design_effect": design_effect}
    if n <= 0 or not 0 < discordant <= 1 or questions_needed(discordant, discordant, **known) > n:
        return None
    low, high = 0.0, discordant
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if questions_needed(middle, discordant, **known) <= n else (middle, high)
    return high


def design_effect(sizes: list[int], correlation: float) -> float:
    """How many times more questions are needed because those of one cluster are alike: 1 + (m - 1) rho.

    `sizes`: questions by cluster; m is their mean weighted by size, so that large clusters count for what they are.

    Source: Kish (1965), Survey Sampling, section 5.4; for unequal sizes Kerry and Bland (2001), Statistics in
    Medicine 20:377.
    """
    total = sum(sizes)
    weighted = sum(size * size for size in sizes) / total if total else 1.0
    return 1 + (weighted - 1) * correlation
