"""From candidates to an order: both rankings merged, documents weighed as wholes, once more with the best as a guide.

docs/retrieval.md says what each step brings, and what else was tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.settings import SearchSettings
from indexes import fuse
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
        orders = [[name for name, _ in fuse.ordered(scores)] for scores in (dense, candidates.worded)]
        merged = dict(fuse.reciprocal_rank_fusion(zip((weight, 1 - weight), orders, strict=True)))
        scores = fuse.min_max({name: merged[name] for name in candidates.names}, floor=0.0)
        return np.array(list(scores.values()))
    words = np.array([candidates.worded.get(name, 0.0) for name in candidates.names])
    low, high = cosines.min(), cosines.max()
    near = (cosines - low) / (high - low) if high > low else np.ones_like(cosines)
    return np.asarray(weight * near + (1 - weight) * words / max(words.max(), WEAK_BM25), dtype=np.float64)


def _order(scores: Scores) -> list[int]:
    """The places of the candidates, best first, ties by id."""
    return [int(place) for place in np.argsort(-scores, kind="stable")]
