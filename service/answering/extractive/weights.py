"""What speaks for a stretch of text, and how much each kind of evidence counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for a unit, each in [0, 1] except `cosine` in [-1, 1]."""

    own: float
    """Weighted share of the question's terms in the unit itself."""
    context: float
    """The share found not there but in what introduces it: heading, introduction, header of its table."""
    place: float
    """The share found first in the headings of the chunk and in the title and name of the document."""
    beside: float
    """The share found first in the units before and after it."""
    passage: float
    """The share found first elsewhere in its passage or in another passage of its document."""
    names: float
    """Worth of the worst found name, date or number of the question."""
    asked: float
    """Mean worth of the words of what is asked for that stand in the unit, its header or its headings."""
    pairs: float
    """Share of the question's neighbouring terms that are neighbours in the unit too."""
    fits: float
    """1 when it holds the number, date or name asked for or any answer will do, else 0."""
    contradicted: float
    """1 when it speaks of another year, month, quarter or model."""
    label: float
    """Share of the words naming a row or line that the question has too; 0.5 for running text."""
    fresh: float
    """1 when it adds three words or more to the question."""
    length: float
    """Words, 60 counting as 1."""
    first: float
    """1 for the first passage shown, 1/2 for the second, and so on."""
    code: float
    """1 for a line of code."""
    bare: float
    """1 for a line that is no sentence, such as a headline or a letterhead."""
    cosine: float = 0.0
    """Similarity of its meaning, with its heading and header, to the question's."""
    alone: float = 0.0
    """The same without them."""


BY_WORDS = {
    "own": 3.3,
    "context": 1.5,
    "place": 3.2,
    "beside": -0.5,
    "passage": -2.4,
    "names": 1.4,
    "asked": 0.7,
    "pairs": 1.1,
    "fits": 2.1,
    "contradicted": -1.5,
    "label": 2.6,
    "length": -0.6,
    "first": 1.3,
    "code": -0.5,
    "bare": -0.9,
}
"""Weights for choosing the units that are compared by meaning."""

BY_ALL = {
    "own": 1.7,
    "context": 2.1,
    "place": 3.4,
    "beside": -0.3,
    "passage": -2.5,
    "names": 1.7,
    "asked": 0.8,
    "pairs": 0.8,
    "fits": 1.1,
    "contradicted": -0.9,
    "label": 2.3,
    "fresh": 0.4,
    "length": -0.5,
    "first": 1.4,
    "code": -0.3,
    "bare": -0.8,
    "cosine": 2.7,
    "alone": 2.6,
}
"""Weights for choosing and judging the answer: a logistic fit, rounded. The weights held up when whole documents were
left out; the features and the cut-off were chosen on the questions that they are reported on."""

ENOUGH = 9.6
"""The score from which on a unit is an answer. A point less answers a sixth more of the questions that have an answer,
and twice as many of those that have none; a wrong answer costs more than a refusal, so the line is drawn high."""


def score(evidence: Evidence, weights: dict[str, float]) -> float:
    """The weighted sum of the evidence."""
    values = asdict(evidence)
    return float(sum(weight * values[name] for name, weight in weights.items()))
