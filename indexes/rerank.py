"""A second look at the best hits: put into the order of a reranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.answers import Hit
from indexes.rerankers.protocol import Reranker


def rerank(reranker: Reranker, text: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The first `reranker.candidates` hits in the order of their new scores, ties as they came, then the rest.

    `Hit.score` becomes the reranker's. The rest keep their order below: their scores are scaled by the lowest new one.
    When the reranker has no time for all its candidates, the hits stay as they are.
    """
    first, rest = hits[: reranker.candidates], hits[reranker.candidates :]
    scores = reranker.scores(text, [what_it_reads(hit) for hit in first]) if first else None
    if scores is None:
        return tuple(hits)
    order = sorted(range(len(first)), key=lambda place: (-scores[place], place))
    lowest = min(scores)
    return (
        *(_rescored(first[place], scores[place], reranked=scores[place]) for place in order),
        *(_rescored(hit, hit.score * lowest) for hit in rest),
    )


def _rescored(hit: Hit, score: float, *, reranked: float | None = None) -> Hit:
    return replace(hit, score=score, fused=hit.score, reranked=reranked)


def what_it_reads(hit: Hit) -> str:
    """Title and headings, then the text."""
    return "\n".join(filter(None, [" › ".join(filter(None, [hit.title, *hit.headings])), hit.header, hit.text]))
