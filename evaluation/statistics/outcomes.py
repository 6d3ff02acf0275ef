"""scores -> tables: for each rung a row a question, so that everything after works on the same few columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.scoring.score import Score
from evaluation.statistics.inference import Floats, Groups, groups_of

COLUMNS = ("correct", "wrong", "abstained")
"""The first columns of a row; the last holds USD a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What rungs made of the questions that every one of them was scored on.

    `rows`: rung -> float64 (questions, 4): correct, wrong, abstained (each from 0 to 1) and USD a call. Replicates are
    averaged within the question first (Miller 2024, arXiv 2411.00640). `groups`: the number of each question's cluster.
    """

    questions: tuple[str, ...]
    rows: dict[str, Floats]
    groups: Groups
    clusters: int


def outcomes(scores: Mapping[str, Sequence[Score]]) -> Outcomes:
    """The questions scored on every rung of `scores`, in order; a call without a cost counts as free here."""
    by_rung = {rung: by_question(of) for rung, of in scores.items()}
    first = next(iter(by_rung.values()))
    shared = [question for question in first if all(question in questions for questions in by_rung.values())]
    clusters = [first[question][0].cluster for question in shared]
    return Outcomes(
        questions=tuple(shared),
        rows={rung: np.array([row(by_rung[rung][question]) for question in shared]).reshape(-1, 4) for rung in by_rung},
        groups=groups_of(clusters),
        clusters=len(set(clusters)),
    )


def row(replicates: Sequence[Score]) -> list[float]:
    """Correct, wrong, abstained and USD a call of one question on one rung, averaged over its replicates."""
    return [
        *(sum(score.outcome == name for score in replicates) / len(replicates) for name in COLUMNS),
        float(sum(score.cost_usd or 0 for score in replicates)) / len(replicates),
    ]


def by_question(scores: Sequence[Score]) -> dict[str, list[Score]]:
    """The scored replicates of each question that has any, in order."""
    found: dict[str, list[Score]] = {}
    for score in scores:
        if score.outcome != "unscored":
            found.setdefault(score.question_id, []).append(score)
    return found
