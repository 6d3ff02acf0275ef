"""When not to ask a model at all."""

from __future__ import annotations

from collections.abc import Sequence

from core.answers import Hit


def nothing_relevant(hits: Sequence[Hit], *, min_similarity: float) -> bool:
    """True when no hit is as close to the question as `min_similarity` (cosine) and none shares a word with it.

    A hit that carries neither figure was chosen by the caller and counts as relevant.
    """
    return not any(_relevant(hit, min_similarity) for hit in hits)


def _relevant(hit: Hit, min_similarity: float) -> bool:
    if hit.dense is None and hit.keyword is None:
        return True
    return (hit.dense is not None and hit.dense >= min_similarity) or (hit.keyword is not None and hit.keyword > 0)
