"""Worlds made up for tests: what rungs do to questions, drawn so that the truth is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluation.money.roi import NOTHING, ZERO, Economy, Shares
from evaluation.statistics.inference import Floats, Groups
from evaluation.statistics.outcomes import Outcomes

CORRECT, WRONG, ABSTAINED = 0, 1, 2


def groups(questions: int, size: int) -> Groups:
    """Clusters of `size` questions one after the other."""
    return np.arange(questions) // size


def uneven(questions: int, clusters: int) -> Groups:
    """Clusters of which the largest holds far more questions than the smallest."""
    shares = 1 / np.arange(1, clusters + 1) ** 0.8
    sizes = np.maximum(np.floor(shares / shares.sum() * questions), 1).astype(int)
    sizes[0] += questions - sizes.sum()
    return np.repeat(np.arange(clusters), sizes)


def draw(shares: Floats, of: Groups, *, icc: float, seed: np.random.Generator) -> Floats:
    """A category a question, with these shares: each cluster has its own, from a Dirichlet distribution.

    The correlation of two questions of a cluster is `icc`, for every category.
    """
    clusters = int(of.max()) + 1
    if icc == 0:
        own = np.tile(shares, (clusters, 1))
    else:
        own = seed.gamma(np.maximum(shares, 1e-9) * (1 - icc) / icc, size=(clusters, len(shares)))
        own /= own.sum(axis=1, keepdims=True)
    above = seed.random(len(of))[:, None] > own.cumsum(axis=1)[of]
    found: Floats = np.minimum(above.sum(axis=1), len(shares) - 1).astype(np.float64)
    return found


def together(first: Sequence[float], second: Sequence[float], *, alike: float) -> Floats:
    """Shares of the nine pairs of outcomes of two rungs: the same one in a share `alike` of them where it can be."""
    one, two = np.array(first), np.array(second)
    same = np.minimum(one, two)
    rest_one, rest_two = one - same, two - same
    left = rest_one.sum()
    joined = np.diag(same) + (np.outer(rest_one, rest_two) / left if left > 1e-12 else 0)
    return (alike * joined + (1 - alike) * np.outer(one, two)).ravel()


def ladder(
    shares: Sequence[Sequence[float]], of: Groups, *, icc: float, alike: float, seed: np.random.Generator
) -> list[Floats]:
    """The outcomes of several rungs: float64 (questions,) each, with these shares of correct, wrong and abstained.

    Two rungs come out alike by `alike`, two questions of a cluster by `icc`: correlations of the normal variables that
    are cut into outcomes.
    """
    from scipy.special import ndtr

    def normal() -> Floats:
        clusters = seed.normal(size=int(of.max()) + 1)[of]
        made: Floats = np.sqrt(1 - icc) * seed.normal(size=len(of)) + np.sqrt(icc) * clusters
        return made

    common = normal()
    drawn = [ndtr(np.sqrt(alike) * common + np.sqrt(1 - alike) * normal()) for _ in shares]
    return [
        np.minimum((place[:, None] > np.cumsum(share)).sum(axis=1), 2).astype(np.float64)
        for place, share in zip(drawn, shares, strict=True)
    ]


def rows(outcomes: Floats, *, cost: float = 0.0) -> Floats:
    """A table of one rung from its outcomes: float64 (questions, 4)."""
    table = np.zeros((len(outcomes), 4))
    table[np.arange(len(outcomes)), outcomes.astype(int)] = 1
    table[:, 3] = cost
    return table


def economy(tables: dict[str, Floats], of: Groups) -> Economy:
    """An economy of rungs that can all be deployed; every question has an answer."""
    from decimal import Decimal

    n = len(of)
    nothing = np.tile([0.0, 0.0, 1.0, 0.0], (n, 1))
    points = {
        rung: Shares(*(Decimal(str(value)) for value in table.mean(axis=0).round(12).tolist()))
        for rung, table in tables.items()
    }
    return Economy(
        rungs=tuple(tables),
        deployable=tuple(tables),
        points={NOTHING: Shares(ZERO, ZERO, Decimal(1), ZERO), **points},
        table=Outcomes(
            questions=tuple(map(str, range(n))),
            rows={NOTHING: nothing, **tables},
            groups=of,
            clusters=int(of.max()) + 1,
        ),
        resamples=100,
    )
