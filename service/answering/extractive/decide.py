"""When the evidence is good enough to answer."""

from __future__ import annotations

from collections.abc import Sequence

from service.answering.extractive.match import Candidate
from service.answering.extractive.weights import ENOUGH


def choose(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates that answer together, in the order of the answer; empty when the evidence is weak."""
    return [candidates[0]] if candidates and candidates[0].score >= ENOUGH else []
