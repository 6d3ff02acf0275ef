"""Merging the scores of two or more rankings into one; pure functions of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def min_max(scores: Mapping[str, float], *, floor: float | None = None, least: float = 0.0) -> dict[str, float]:
    """Scores stretched to [0, 1]: the best gets 1, the lowest (or `floor`, when given) gets 0.

    Equal scores all get 1. A floor is a score's known minimum, such as 0 for BM25: with it the last hit of a short
    ranking still counts for more than no hit (Bruch et al. 2023, "An Analysis of Fusion Functions", section 4).
    Where best and lowest differ by less than `least`, they are stretched as if they differed by that much: a ranking by
    next to nothing stays next to nothing.
    """
    if not scores:
        return {}
    low = min(scores.values()) if floor is None else floor
    span = max(max(scores.values()) - low, least)
    return {name: (score - low) / span if span > 0 else 1.0 for name, score in scores.items()}


def ranks(scores: Mapping[str, float]) -> dict[str, int]:
    """The place of each id by its score, from 1, best first, ties by id."""
    best = sorted(scores, key=lambda name: (-scores[name], name))
    return {name: place for place, name in enumerate(best, start=1)}


def weighted(rankings: Iterable[tuple[float, Mapping[str, float]]]) -> list[tuple[str, float]]:
    """(id, sum of weight x score), best first, ties by id; an id that a ranking lacks scores 0 there."""
    total: dict[str, float] = {}
    for weight, scores in rankings:
        for name, score in scores.items():
            total[name] = total.get(name, 0.0) + weight * score
    return ordered(total)


def ordered(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """(id, score), best first, ties by id."""
    return sorted(scores.items(), key=lambda found: (-found[1], found[0]))


def reciprocal_rank_fusion(rankings: Iterable[tuple[float, Sequence[str]]], *, k: int = 60) -> list[tuple[str, float]]:
    """(id, sum over rankings of weight / (k + rank)), best first, ties by id (Cormack et al. 2009)."""
    return weighted(
        (weight, {name: 1.0 / (k + rank) for rank, name in enumerate(names, start=1)}) for weight, names in rankings
    )
