"""Rungs against each other, question by question, at any prices: the difference with its error, and what follows.

One method serves shares and money alike. A difference is a sum of columns (correct, wrong, abstained, USD a call), each
times its price; with 1, 0, 0, 0 for prices it is the difference of the shares of correct answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.statistics.inference import (
    MIN_EFFECT,
    Floats,
    Groups,
    assumed_effect,
    cluster_weights,
    degrees_of_freedom,
    t_below,
    t_point,
)

ADDED = 2
"""Questions added to every comparison: one that the rung wins and one that it loses (Agresti and Min 2005)."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Differences of pairs of rungs: float64 (pairs,) each, in the unit of the prices.

    `point` is what was measured; `centre` and `error` are the middle and the standard error of the intervals.
    """

    point: Floats
    centre: Floats
    error: Floats
    df: float

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """The ends of the two-sided interval of each difference."""
        half = t_point((1 + level) / 2, self.df) * self.error
        return np.minimum(self.centre - half, self.point), np.maximum(self.centre + half, self.point)

    def p_not_above(self, bound: float = 0.0) -> Floats:
        """One-sided p against "the difference is at most `bound`": small where it is shown to be larger."""
        safe = np.where(self.error > 0, self.error, 1.0)
        p = t_below((bound - self.centre) / safe, self.df)
        return np.where(self.error > 0, p, np.where(self.centre > bound, 0.0, 1.0))


class Paired:
    """Pairs of rungs over the same clustered questions, kept as moments, so that other prices cost next to nothing."""

    def __init__(self, pairs: Sequence[tuple[Floats, Floats]], groups: Groups) -> None:
        """`pairs`: (rows of the baseline, rows of the rung), float64 (questions, 4) each."""
        difference = np.stack([rung - baseline for baseline, rung in pairs])
        self.questions = len(groups)
        self.groups = int(groups.max()) + 1
        self.mean = difference.mean(axis=1)
        self.second = np.einsum("pni,pnj->pij", difference, difference) / self.questions
        sums = np.zeros((len(difference), self.groups, 4))
        np.add.at(sums.transpose(1, 0, 2), groups, (difference - self.mean[:, None]).transpose(1, 0, 2))
        self.spread = np.einsum("g,pgi,pgj->pij", cluster_weights(groups), sums, sums)
        self.df, self.assumed_effect = degrees_of_freedom(groups), assumed_effect(groups)
        self.discordant = (np.abs(difference[:, :, :3]).max(axis=2) > 1e-12).sum(axis=1)

    def estimate(self, prices: Floats, *, stake: Floats | float, fixed: Floats | float = 0.0) -> Estimates:
        """The differences at these prices, less `fixed`.

        Two questions are added, one won and one lost by what a discordant question is worth in quadratic mean
        (by `stake` where none is discordant), so that neither few nor no discordant questions make an interval too
        narrow: the interval of Bonett and Price (2012), Journal of Educational and Behavioral Statistics 37:479,
        for differences of shares, here with any prices. Clusters: the effective number of questions stands in for
        their number, and t for the normal distribution, with the degrees of freedom of `clustered_error`.
        """
        point = self.mean @ prices
        square = np.einsum("pij,i,j->p", self.second, prices, prices)
        effective = self.questions / self._effect(prices, np.maximum(square - point**2, 0))
        outcome = prices * (1.0, 1.0, 1.0, 0.0)
        won = np.einsum("pij,i,j->p", self.second, outcome, outcome) * self.questions
        won = np.where(won > 1e-18, won / np.maximum(self.discordant, 1), np.square(stake))
        calls = self.mean[:, 3] * prices[3]
        total = effective + ADDED
        centre = (effective * point + ADDED * calls) / total
        variance = (effective * square + ADDED * (won + calls**2)) / total - centre**2
        error = np.sqrt(np.maximum(variance, 0) / total)
        return Estimates(point - fixed, centre - fixed, error, self.df)

    def _effect(self, prices: Floats, variance: Floats) -> Floats:
        """The design effect of each pair, as in `statistics.design_effect`."""
        if self.groups == self.questions:
            return np.ones(len(variance))
        clustered = np.einsum("pij,i,j->p", self.spread, prices, prices)
        alone = variance / (self.questions - 1)
        known = alone > 1e-18
        effect = np.maximum(clustered / np.where(known, alone, 1.0), MIN_EFFECT)
        return np.where(known, effect, self.assumed_effect)
