"""What speaks for a stretch of text, and how much each kind of evidence counts."""

from __future__ import annotations

from dataclasses import dataclass


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
    superseded: float
    """1 when a later version of its document is shown, and the question tells no year of this one."""
    label: float
    """Share of the words naming a row or line that the question has too; 0.5 for running text."""
    column: float
    """For a row, how far the name of one of its columns is asked for; 0.5 for running text."""
    rival: float
    """1 when a name of the question is missing and the row or line goes by another name."""
    other_row: float = 0.0
    """For a row, the share of the terms that it lacks and another row of its passage says."""
    fresh: float
    """1 when it adds a name, a figure where one is asked for, or three words to the question."""
    length: float
    """Words, 60 counting as 1."""
    first: float
    """1 for the first passage shown, 1/2 for the second, and so on."""
    code: float
    """1 for a line of code."""
    bare: float
    """1 for a line that is no sentence, such as a headline or a letterhead."""
    shown: float
    """What search gave its passage: 1 for the best there can be."""
    cosine: float = 0.0
    """Similarity of its meaning, with its heading and header, to the question's."""
    alone: float = 0.0
    """The same without them."""
    alike: float = 0.0
    """The share of the question's terms that it says in other words."""
    alike_around: float = 0.0
    """The share that only its headings and header say in other words."""
    lost_names: float = 0.0
    """The share that are names, dates or numbers found neither in it nor in what names it."""
    lost_words: float = 0.0
    """The share that are other words found there neither as they are nor in other words."""
    lost_in_row: float = 0.0
    """`lost_words` of a row, which names in a word or two what it is about; 0 for running text."""
    absent: float = 0.0
    """The share of `lost_names` and `lost_words` that stands in no passage at all."""
    lead: float = 0.0
    """How far its score lies ahead of the best other's, at most `MAX_LEAD`; less than 0 when behind."""


MAX_LEAD = 4.0
"""What a lead counts for at most."""

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

CHOOSING = {
    "own": 2.2,
    "context": 1.6,
    "place": 2.8,
    "passage": -1.7,
    "asked": 1.0,
    "fits": 3.6,
    "contradicted": -1.5,
    "superseded": -2.1,
    "label": 2.4,
    "column": 1.3,
    "fresh": 5.9,
    "length": -1.1,
    "shown": 3.2,
    "cosine": 3.5,
    "alone": 2.9,
    "alike_around": 2.3,
    "lost_names": -3.3,
    "lost_words": -2.7,
}
"""Weights for choosing the unit that answers, fitted so that the right ones of a question come first."""

JUDGING = {
    "place": 2.76,
    "names": 2.12,
    "fits": 3.83,
    "other_row": -10.85,
    "rival": -0.75,
    "bare": -1.81,
    "shown": 1.84,
    "lost_names": -4.67,
    "lost_in_row": -2.54,
    "absent": -2.98,
    "lead": 0.42,
}
"""Weights for judging whether the chosen unit answers at all."""

BY_SCORE = 0.35
"""What its sum by `CHOOSING` counts beside them."""

USUAL = -14.38
"""The log-odds where all evidence is 0.

These and the weights above come from `benchmarks/answering.py --fit`: two logistic fits with ridge, on
the demo and on 17 office files with 33 questions, over the questions there and others without an answer made of them.
docs/benchmarks.md says what they reach on documents that they were not fitted to.
"""

ENOUGH = -0.75
"""Log-odds from which on a unit is an answer. Between -1.0 and 0.0 the demo's right answers less its wrong ones are
level, and so is the net benefit at its prices; a low one of these refuses few questions that have an answer,
and still nine in ten of those that have none."""


def score(evidence: Evidence, weights: dict[str, float]) -> float:
    """The weighted sum of the evidence."""
    total: float = sum(weight * getattr(evidence, name) for name, weight in weights.items())
    return total
