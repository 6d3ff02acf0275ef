"""What speaks for a stretch of text, and how much each kind of evidence counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for a unit, each in [0, 1] except `cosine` in [-1, 1]."""

    own: float
    """Weighted share of the question's terms in the unit itself or in what introduces it."""
    around: float
    """The same with what stands around it, each place at its worth."""
    names: float
    """Worth of the worst found name, date or number of the question."""
    focus: float
    """Worth of the worst found word of what is asked for."""
    pairs: float
    """Share of the question's neighbouring terms that are neighbours in the unit too."""
    fits: float
    """1 when it holds the number, date or name asked for or any answer will do, else 0."""
    label: float
    """Share of the words naming a row or line that the question has too; 0.5 for running text."""
    fresh: float
    """1 when it adds three words or more to the question."""
    length: float
    """Words, 60 counting as 1."""
    first: float
    """1 for the first passage shown, 1/2 for the second, and so on."""
    code: float
    """1 for a line of code or a line that only names what stands below it."""
    cosine: float = 0.0
    """Similarity of its meaning to the question's."""


BY_WORDS = {
    "own": 0.9,
    "around": 4.7,
    "names": 1.3,
    "focus": 0.8,
    "pairs": 0.7,
    "fits": 1.7,
    "label": 2.6,
    "length": -0.8,
    "first": 1.4,
    "code": -0.5,
}
"""Weights for choosing the units that are compared by meaning."""

BY_ALL = {
    "own": 0.3,
    "around": 4.1,
    "names": 1.3,
    "focus": 0.9,
    "pairs": 0.7,
    "fits": 1.7,
    "label": 2.5,
    "length": -0.6,
    "first": 1.3,
    "code": -0.5,
    "cosine": 3.2,
}
"""Weights for choosing and judging the answer: a logistic fit, rounded, cross-validated by document."""

ENOUGH = 10.1
"""The score from which on a unit is an answer. Lower answers more questions, and more of those without an answer."""


def score(evidence: Evidence, weights: dict[str, float]) -> float:
    """The weighted sum of the evidence."""
    values = asdict(evidence)
    return float(sum(weight * values[name] for name, weight in weights.items()))
