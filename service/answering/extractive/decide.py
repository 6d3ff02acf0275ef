"""When the evidence is good enough to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.answering.extractive.match import Candidate
from service.answering.extractive.question import Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What an answer needs. The figures were chosen on questions whose documents are not used for reporting."""

    coverage: float = 0.55
    """Weighted share of the question's terms the stretch accounts for: below, it speaks of something else."""
    paraphrase_cosine: float = 0.62
    """At this similarity in meaning, `paraphrase_coverage` is enough: other words for the same thing."""
    paraphrase_coverage: float = 0.45
    cosine: float = 0.30
    """Below this, shared words are a coincidence."""
    exact: float = 0.15
    """Every name, date and number of the question must be worth this much: another year is another fact."""
    focus: float = 0.15
    """And so must every word of what is asked for."""
    fresh: int = 1
    """Words that an answer adds to the question."""


THRESHOLDS = Thresholds()


def enough(asking: Asking, candidate: Candidate, thresholds: Thresholds = THRESHOLDS) -> bool:
    """True when the candidate answers the question rather than resembling it."""
    if candidate.cosine < thresholds.cosine or not candidate.fits or candidate.fresh < thresholds.fresh:
        return False
    for term in asking.terms:
        needed = thresholds.exact if term.exact else thresholds.focus if term.focus else 0.0
        if candidate.found[term.stem] < needed:
            return False
    if candidate.coverage >= thresholds.coverage:
        return True
    return candidate.cosine >= thresholds.paraphrase_cosine and candidate.coverage >= thresholds.paraphrase_coverage


def choose(asking: Asking, candidates: Sequence[Candidate], thresholds: Thresholds = THRESHOLDS) -> list[Candidate]:
    """The candidates that answer together, in the order of the answer; empty when the evidence is weak."""
    for candidate in candidates[:3]:
        if enough(asking, candidate, thresholds):
            return [candidate]
    return []
