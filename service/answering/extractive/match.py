"""How well each unit of the passages fits the question."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.answers import Passage
from indexes.embedders.protocol import Embedder
from service.answering.extractive.fits import fits
from service.answering.extractive.question import Asking, Term
from service.answering.extractive.units import Unit, cut
from service.answering.extractive.words import stems

OWN, CONTEXT, PLACE, NEIGHBOUR = 1.0, 0.95, 0.85, 0.6
"""What finding a word is worth: in the unit, in what introduces it, in headings and title, in the unit next to it."""
EMBEDDED = 12
"""Units that are compared with the question by meaning: the best by words. An encoder needs 2-3 ms for each."""
COVERAGE_WEIGHT, COSINE_WEIGHT, FIT_WEIGHT, ORDER_WEIGHT = 1.0, 0.7, 0.25, 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit with its evidence. `found`: worth in [0, 1] by stem of the question's terms.

    `coverage` in [0, 1] is the weighted share of the question's terms that it accounts for; `cosine` is its
    similarity in meaning; `fits` says whether it holds the kind of thing that is asked for.
    """

    unit: Unit
    found: dict[str, float]
    coverage: float
    cosine: float
    fits: bool
    score: float


def rank(asking: Asking, passages: Sequence[Passage], embedder: Embedder) -> list[Candidate]:
    """The candidates, best first; at most `EMBEDDED`. Empty when no unit shares a word with the question."""
    units = [(passage, units) for passage in passages if (units := cut(passage))]
    weight = weigh(asking.terms, [unit for _, several in units for unit in several])
    scored = []
    for place, (passage, several) in enumerate(units):
        order = 1 - place / len(units)
        for unit, found in zip(several, _found(asking.terms, passage, several), strict=True):
            own = any(worth >= PLACE for worth in found.values())
            if unit.kind == "heading" or unit.text.rstrip().endswith("?") or not own:
                continue
            coverage = covered(weight, found)
            fit = fits(asking.asked, unit, asking)
            score = COVERAGE_WEIGHT * coverage + FIT_WEIGHT * fit + ORDER_WEIGHT * order
            scored.append(
                (
                    score,
                    passage,
                    Candidate(unit=unit, found=found, coverage=coverage, cosine=0.0, fits=fit, score=score),
                )
            )
    scored.sort(key=lambda entry: (-entry[0], entry[2].unit.passage, entry[2].unit.order))
    return _with_cosine(asking, [(passage, candidate) for _, passage, candidate in scored[:EMBEDDED]], embedder)


def weigh(terms: Sequence[Term], units: Sequence[Unit]) -> dict[str, float]:
    """What each term counts: its own weight, less when every unit holds it. Sums to 1."""
    holding = Counter(stem for unit in units for stem in set(stems(unit.text)))
    raw = {
        term.stem: term.weight * (1 + math.log((len(units) + 1) / (holding[term.stem] + 1)) / math.log(len(units) + 2))
        for term in terms
    }
    total = sum(raw.values()) or 1.0
    return {stem: value / total for stem, value in raw.items()}


def covered(weight: dict[str, float], found: dict[str, float]) -> float:
    """The weighted share of the terms that `found` accounts for."""
    return sum(weight[stem] * found.get(stem, 0.0) for stem in weight)


def _found(terms: Sequence[Term], passage: Passage, units: Sequence[Unit]) -> list[dict[str, float]]:
    """For every unit, what finding each term in and around it is worth."""
    hit = passage.hit
    place = set(stems(" ".join([*hit.headings, hit.title, hit.document, hit.header])))
    own = [set(stems(unit.text)) for unit in units]
    found = []
    for position, unit in enumerate(units):
        context = set(stems(unit.context))
        beside = set().union(*own[max(position - 1, 0) : position + 2]) if unit.kind == "sentence" else set()
        worth = {}
        for term in terms:
            levels = ((own[position], OWN), (context, CONTEXT), (place, PLACE), (beside, NEIGHBOUR))
            worth[term.stem] = next((level for words, level in levels if term.stem in words), 0.0)
        found.append(worth)
    return found


def _with_cosine(
    asking: Asking, candidates: Sequence[tuple[Passage, Candidate]], embedder: Embedder
) -> list[Candidate]:
    if not candidates:
        return []
    texts = [_in_context(passage, candidate.unit) for passage, candidate in candidates]
    cosines = np.asarray(embedder.embed_passages(texts)) @ np.asarray(embedder.embed_query(asking.text))
    ranked = [
        Candidate(
            unit=candidate.unit,
            found=candidate.found,
            coverage=candidate.coverage,
            cosine=float(cosine),
            fits=candidate.fits,
            score=candidate.score + COSINE_WEIGHT * float(cosine),
        )
        for (_, candidate), cosine in zip(candidates, cosines, strict=True)
    ]
    return sorted(ranked, key=lambda candidate: (-candidate.score, candidate.unit.passage, candidate.unit.order))


def _in_context(passage: Passage, unit: Unit) -> str:
    """The unit with the last heading above it and the header of its table, as one line."""
    heading = passage.hit.headings[-1] if passage.hit.headings else passage.hit.title
    return " ".join(f"{heading} {unit.context} {unit.text}".split())
