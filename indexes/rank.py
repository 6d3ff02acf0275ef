"""From candidates to an order: both rankings merged, documents weighed as wholes, once more with the best as a guide.

docs/retrieval.md says what each step brings, and what else was tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core import ids
from core.settings import SearchSettings
from indexes import fuse
from indexes.embedders.protocol import Vectors

WEAK_BM25 = 1.0
"""A best BM25 below this tells little: the words stand in half of all chunks or more."""
GUIDES = 3
"""Best hits that the question's vector is moved towards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Chunks that either index found, with what ranking them needs.

    `vectors`: float32 (len(names), dimension); `question`: float32 (dimension,); all of unit length. `worded`: BM25 of
    those that the keyword index found. `whole`: what speaks for each document, 0 or more.
    """

    names: Sequence[str]
    vectors: Vectors
    question: Vectors
    worded: Mapping[str, float]
    whole: Mapping[str, float]


def ranked(candidates: Candidates, settings: SearchSettings) -> list[tuple[str, float]]:
    """(chunk id, score), best first, ties by id. One index alone when the settings give the other no weight."""
    if not candidates.names:
        return []
    first = _ranked(candidates, candidates.question, settings)
    if alone(settings) or not settings.feedback:
        return first
    places = {name: place for place, name in enumerate(candidates.names)}
    best = candidates.vectors[[places[name] for name, _ in first[:GUIDES]]].mean(axis=0)
    moved = (1 - settings.feedback) * candidates.question + settings.feedback * best / np.linalg.norm(best)
    return _ranked(candidates, moved, settings)


def alone(settings: SearchSettings) -> bool:
    """Whether a single index ranks."""
    return settings.dense_weight in (0.0, 1.0)


def _ranked(candidates: Candidates, question: Vectors, settings: SearchSettings) -> list[tuple[str, float]]:
    dense = dict(zip(candidates.names, (candidates.vectors @ question).tolist(), strict=True))
    merged = fused(dense, candidates.worded, settings)
    if alone(settings):
        return fuse.ordered(merged)
    weight = settings.document_weight * _shared(candidates.names)
    whole = {name: candidates.whole.get(ids.document_of(name), 0.0) for name in candidates.names}
    most = 1 + weight * max(whole.values())
    return fuse.weighted([(1 / most, merged), (weight / most, whole)])


def fused(dense: Mapping[str, float], worded: Mapping[str, float], settings: SearchSettings) -> dict[str, float]:
    """Both rankings in one, from 0 to 1."""
    weight = settings.dense_weight
    if settings.fusion == "rrf":
        orders = [[name for name, _ in fuse.ordered(scores)] for scores in (dense, worded)]
        merged = fuse.reciprocal_rank_fusion(zip((weight, 1 - weight), orders, strict=True))
        return fuse.min_max(dict(merged), floor=0.0)
    by_meaning, by_words = fuse.min_max(dense), fuse.min_max(worded, floor=0.0, least=WEAK_BM25)
    return dict(fuse.weighted([(weight, by_meaning), (1 - weight, by_words)]))


def _shared(names: Sequence[str]) -> float:
    """From 0, when every chunk is of another document, towards 1: a document of one chunk says nothing beside it."""
    return 1 - len(set(map(ids.document_of, names))) / len(names)
