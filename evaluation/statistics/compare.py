"""Rungs against each other on the same questions: difference, interval, tests, who won where."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from evaluation.run.rungs import RUNGS
from evaluation.scoring.score import Score
from evaluation.statistics.inference import holm, mcnemar_exact, sign_flip, tost
from evaluation.statistics.outcomes import outcomes
from evaluation.statistics.paired import Paired

Kind = Literal["adjacent", "closed_book", "control"]
CORRECT = np.array([1.0, 0.0, 0.0, 0.0])
"""The prices at which a difference is one of the share of correct answers."""
CONTROLS = (("closed_book", "random_context"), ("random_context", "rag"), ("oracle", "oracle_absent"))
"""(baseline, rung): do passages at random help, does RAG beat them, does the model notice that its evidence is gone."""
PERMUTATIONS = 9_999


@dataclass(frozen=True, slots=True)
class Declared:
    """A comparison that is declared before a run; `control` ones stand outside the family."""

    baseline: str
    rung: str
    kind: Kind


def declared_pairs(rungs: Sequence[str]) -> list[Declared]:
    """The family: each rung with the one below it, then every other one with plain prompting. After it the controls."""
    ladder = [rung for rung in rungs if RUNGS[rung].role != "control"]
    adjacent = [Declared(*pair, "adjacent") for pair in itertools.pairwise(ladder)]
    beside = {(pair.baseline, pair.rung) for pair in adjacent}
    foot = [("closed_book", rung) for rung in ladder if "closed_book" in ladder and rung != "closed_book"]
    return [
        *adjacent,
        *(Declared(*pair, "closed_book") for pair in foot if pair not in beside),
        *(Declared(*pair, "control") for pair in CONTROLS if set(pair) <= set(rungs)),
    ]


def compare_all(
    scores: Sequence[Score], pairs: Sequence[Declared], *, margin: float, seed: int
) -> list[dict[str, Any]]:
    """The declared comparisons: Holm's correction and simultaneous intervals over the family, controls as they are.

    Simultaneous intervals are Bonferroni's (Dunn 1961, JASA 56:52): all of them hold together in 95 % of samples.
    """
    family = sum(pair.kind != "control" for pair in pairs)
    compared = [_compared(scores, pair, family=family, margin=margin, seed=seed) for pair in pairs]
    adjusted = iter(holm([row["p_value"] for row in compared if row["kind"] != "control"]))
    return [
        {**row, "p_holm": row["p_value"] if row["kind"] == "control" else _digits(next(adjusted))} for row in compared
    ]


def _compared(scores: Sequence[Score], pair: Declared, *, family: int, margin: float, seed: int) -> dict[str, Any]:
    found = compare(
        [score for score in scores if score.rung == pair.baseline],
        [score for score in scores if score.rung == pair.rung],
        together=1 if pair.kind == "control" else family,
        margin=margin,
        seed=seed,
    )
    return {"baseline": pair.baseline, "rung": pair.rung, "kind": pair.kind, **found}


def compare(
    baseline: Sequence[Score], rung: Sequence[Score], *, together: int = 1, margin: float = 0.05, seed: int = 7
) -> dict[str, Any]:
    """Accuracy of `rung` minus that of `baseline`, over the questions scored in both.

    `low`/`high`: 95 % interval (`Paired.estimate`); `low_simultaneous`/`high_simultaneous`: one of `together` that
    hold at once. `p_value`: exact McNemar, or `p_permutation` where replicates leave shares between 0 and 1.
    `p_permutation`: signs flipped by cluster. `wins`: better in `rung`; `losses`: better in `baseline`. `rescued`:
    share of what the baseline had not right that the rung has; `harmed`: the reverse. `equivalent`: p of TOST.
    """
    of = outcomes({"baseline": baseline, "rung": rung})
    before, after = of.rows["baseline"][:, 0], of.rows["rung"][:, 0]
    n, difference = len(of.questions), after - before
    wins, losses = int((difference > 0).sum()), int((difference < 0).sum())
    counts = {"wins": wins, "losses": losses, "ties": n - wins - losses, "n": n, "clusters": of.clusters}
    if n < 2:
        return {
            **dict.fromkeys(("difference", "p_permutation", "rescued", "harmed", "equivalent")),
            **dict.fromkeys(("low", "low_simultaneous"), -1.0),
            **dict.fromkeys(("high", "high_simultaneous"), 1.0),
            "p_value": 1.0,
            **counts,
        }
    found = Paired([(of.rows["baseline"], of.rows["rung"])], of.groups).estimate(CORRECT, stake=1.0)
    low, high = (round(float(end[0]), 6) for end in found.interval())
    low_all, high_all = (round(float(end[0]), 6) for end in found.interval(1 - 0.05 / together))
    flipped = sign_flip(difference, of.groups, resamples=PERMUTATIONS, seed=seed)
    whole = bool(np.isin(np.concatenate([before, after]), (0.0, 1.0)).all())
    equal = tost(float(found.centre[0]), float(found.error[0]), found.df, margin)
    return {
        "difference": round(float(found.point[0]), 6),
        "low": max(low, -1.0),
        "high": min(high, 1.0),
        "low_simultaneous": max(low_all, -1.0),
        "high_simultaneous": min(high_all, 1.0),
        "p_value": _digits(mcnemar_exact(losses, wins) if whole else flipped),
        "p_permutation": _digits(flipped),
        "rescued": _share(float((1 - before) @ after), float((1 - before).sum())),
        "harmed": _share(float(before @ (1 - after)), float(before.sum())),
        "equivalent": {"margin": margin, "p_value": _digits(equal)},
        **counts,
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole > 1e-12 else None


def _digits(p: float) -> float:
    return float(f"{p:.6g}")
