"""Rungs against each other on the same questions: difference, interval, exact test, who won where."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation.score import Score
from evaluation.statistics import cluster_means, holm, mcnemar_exact, newcombe_paired, percentile_interval, units


def declared_pairs(rungs: Sequence[str]) -> list[tuple[str, str]]:
    """(baseline, rung): each rung with the one below it, then every other one with plain prompting."""
    adjacent = list(itertools.pairwise(rungs))
    from_foot = [("closed_book", rung) for rung in rungs if "closed_book" in rungs and rung != "closed_book"]
    return adjacent + [pair for pair in from_foot if pair not in adjacent]


def compare_all(
    scores: Sequence[Score], pairs: Sequence[tuple[str, str]], *, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """The declared comparisons, with Holm's correction over all of them."""
    compared = [
        compare(
            [score for score in scores if score.rung == baseline],
            [score for score in scores if score.rung == rung],
            resamples=resamples,
            seed=seed,
        )
        for baseline, rung in pairs
    ]
    adjusted = holm([comparison["p_value"] for comparison in compared])
    return [
        {"baseline": baseline, "rung": rung, **comparison, "p_holm": p_holm}
        for (baseline, rung), comparison, p_holm in zip(pairs, compared, adjusted, strict=True)
    ]


def compare(baseline: Sequence[Score], rung: Sequence[Score], *, resamples: int, seed: int) -> dict[str, Any]:
    """Accuracy of `rung` minus that of `baseline`, over the questions scored in both.

    `low`/`high`: the wider on either side of a 95 % percentile interval from a bootstrap of whole clusters and
    Newcombe's score interval for paired shares, so that neither alike questions nor few discordant ones can
    shrink it. `p_value`: exact McNemar. `wins`: right in `rung` alone; `losses`: right in `baseline` alone.
    """
    first = {(score.question_id, score.replicate): score for score in baseline if score.outcome != "unscored"}
    second = {(score.question_id, score.replicate): score for score in rung if score.outcome != "unscored"}
    shared = [key for key in first if key in second]
    before = np.array([first[key].outcome == "correct" for key in shared], dtype=np.float64)
    after = np.array([second[key].outcome == "correct" for key in shared], dtype=np.float64)
    wins, losses = int(((after == 1) & (before == 0)).sum()), int(((after == 0) & (before == 1)).sum())
    both = int(((after == 1) & (before == 1)).sum())
    clusters = [first[key].cluster for key in shared]
    low, high = newcombe_paired(both, wins, losses, len(shared) - both - wins - losses)
    if shared:
        rows = {"difference": (after - before)[:, None]}
        drawn = cluster_means(rows, units(clusters), resamples=resamples, seed=seed)["difference"][:, 0]
        drawn_low, drawn_high = percentile_interval(drawn)
        low, high = min(low, drawn_low), max(high, drawn_high)
    return {
        "difference": round((wins - losses) / len(shared), 6) if shared else None,
        "low": round(low, 6),
        "high": round(high, 6),
        "p_value": float(f"{mcnemar_exact(losses, wins):.6g}"),
        "wins": wins,
        "losses": losses,
        "ties": len(shared) - wins - losses,
        "n": len(shared),
        "clusters": len(set(clusters)),
    }
