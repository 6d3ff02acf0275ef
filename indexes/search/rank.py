"""From candidates to an order: both rankings merged, documents weighed as wholes, once more with the best as a guide.

docs/retrieval.md says what each step brings, and what else was tried.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.settings.sections import SearchSettings
from indexes.catalogue.rows import Outline
from indexes.embedders.protocol import Vectors

Scores = NDArray[np.float64]
WEAK_BM25 = 1.0
"""A best BM25 below this tells little: the words stand in half of all chunks or more."""
GUIDES = 3
"""Best hits that the question's vector is moved towards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Chunks that either index found, by id in order, with what ranking them needs.

    `documents`: the document of each; `vectors`: float32 (len(names), dimension); `question`: float32 (dimension,);
    all of unit length. `worded`: BM25 of those that the keyword index found. `whole`: what speaks for each document,
    0 or more.
    """

    names: Sequence[str]
    documents: Sequence[str]
    vectors: Vectors
    question: Vectors
    worded: Mapping[str, float]
    whole: Mapping[str, float]


def ranked(candidates: Candidates, settings: SearchSettings) -> list[tuple[str, float]]:
    """(chunk id, score), best first, ties by id. One index alone when the settings give the other no weight."""
    if not candidates.names:
        return []
    scores = _scores(candidates, candidates.question, settings)
    if settings.feedback and not alone(settings):
        best = candidates.vectors[_order(scores)[:GUIDES]].mean(axis=0)
        moved = (1 - settings.feedback) * candidates.question + settings.feedback * best / np.linalg.norm(best)
        scores = _scores(candidates, moved, settings)
    return [(candidates.names[place], float(scores[place])) for place in _order(scores)]


def best_documents(candidates: Candidates, settings: SearchSettings, most: int) -> list[str]:
    """The ids of the documents of the best chunks, at most so many, before documents are weighed as wholes."""
    order = _order(_merged(candidates, candidates.question, settings)) if candidates.names else []
    return list(dict.fromkeys(candidates.documents[place] for place in order))[:most]


def alone(settings: SearchSettings) -> bool:
    """Whether a single index ranks."""
    return settings.dense_weight in (0.0, 1.0)


def shares(candidates: Candidates, settings: SearchSettings) -> Scores:
    """How much of each candidate's score is owed to its document as a whole."""
    if alone(settings) or not candidates.whole:
        return np.zeros(len(candidates.names))
    shared = 1 - len(set(candidates.documents)) / len(candidates.documents)  # a document of one chunk says nothing more
    weight = settings.document_weight * shared
    whole = np.array([candidates.whole.get(document, 0.0) for document in candidates.documents])
    return np.asarray(weight * whole / (1 + weight * whole.max()))


def _scores(candidates: Candidates, question: Vectors, settings: SearchSettings) -> Scores:
    share = shares(candidates, settings)
    return np.asarray(share + (1 - share.max()) * _merged(candidates, question, settings))


def _merged(candidates: Candidates, question: Vectors, settings: SearchSettings) -> Scores:
    """Both rankings in one, from 0 to 1."""
    weight, cosines = settings.dense_weight, candidates.vectors @ question
    if settings.fusion == "rrf":
        dense = dict(zip(candidates.names, cosines.tolist(), strict=True))
        orders = [[name for name, _ in ordered(scores)] for scores in (dense, candidates.worded)]
        merged = dict(reciprocal_rank_fusion(zip((weight, 1 - weight), orders, strict=True)))
        scores = min_max({name: merged[name] for name in candidates.names}, floor=0.0)
        return np.array(list(scores.values()))
    words = np.array([candidates.worded.get(name, 0.0) for name in candidates.names])
    low, high = cosines.min(), cosines.max()
    near = (cosines - low) / (high - low) if high > low else np.ones_like(cosines)
    return np.asarray(weight * near + (1 - weight) * words / max(words.max(), WEAK_BM25), dtype=np.float64)


def _order(scores: Scores) -> list[int]:
    """The places of the candidates, best first, ties by id."""
    return [int(place) for place in np.argsort(-scores, kind="stable")]


# Merging the scores of two or more rankings into one; pure functions of numbers.


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


# What a question and a document as a whole have to do with each other; pure functions.
#
# "What did the pump maker say of stocks in its latest report for Q3?" names a document in three ways, and the chunk
# that answers need hold none of them: the maker stands all over the document, the quarter in its name, and "latest"
# is a matter of dates.


K1, B = 3.0, 0.75
"""As in BM25. A chunk is counted as a word is there: k1 is greater, since more of them say more."""
WEAK = 1.0
"""Documents whose evidence differs by less than this hardly differ."""

_LATEST = re.compile(r"\b(latest|newest|most recent|most recently)\b", re.IGNORECASE)
_EXTENSION = re.compile(r"\.\w{1,5}$")
_WORDS = re.compile(r"[\W_]+")


def evidence(
    terms: Collection[str],
    spread: Mapping[str, Mapping[str, int]],
    outlines: Mapping[str, Outline],
    *,
    words: Callable[[str], Collection[str]],
) -> dict[str, float]:
    """How well each of some documents fits a question, from 0 for the worst to 1: {document id: score}.

    BM25 over these documents (Robertson and Zaragoza 2009, idf as in Lucene) with chunks in place of occurrences:
    `spread` counts in how many chunks of a document each term stands. A term in the document's name counts once more.
    `words` gives the terms of a name.
    """
    if not outlines:
        return {}
    named = {name: set(words(name_of(outline.document))) for name, outline in outlines.items()}
    average = sum(outline.chunks for outline in outlines.values()) / len(outlines) or 1.0
    scores = dict.fromkeys(outlines, 0.0)
    for term in terms:
        often = {name: n for name, n in spread.get(term, {}).items() if name in outlines}
        rare = _idf(len(outlines), len(often))
        for name, n in often.items():
            scores[name] += rare * n * (K1 + 1) / (n + K1 * (1 - B + B * outlines[name].chunks / average))
        holding = [name for name in outlines if term in named[name]]
        for name in holding:
            scores[name] += _idf(len(outlines), len(holding))
    return min_max(scores, least=WEAK) if max(scores.values()) > min(scores.values()) else dict.fromkeys(scores, 0.0)


def name_of(document: str) -> str:
    """The words of a path, without the file's extension."""
    return _WORDS.sub(" ", _EXTENSION.sub("", document))


def asks_for_latest(question: str) -> bool:
    """Whether a question asks for the newest of several documents."""
    return _LATEST.search(question) is not None


def newness(outlines: Mapping[str, Outline]) -> dict[str, float]:
    """From 0 for the oldest document to 1 for the newest, by the order of their days; half for one without a date."""
    days = sorted({outline.day for outline in outlines.values() if outline.day})
    last = max(1, len(days) - 1)
    return {name: days.index(outline.day) / last if outline.day else 0.5 for name, outline in outlines.items()}


def _idf(documents: int, holding: int) -> float:
    return math.log(1 + (documents - holding + 0.5) / (holding + 0.5))
