"""What stretches of text mean, compared with a question: as wholes, and word by word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from indexes.embedders.protocol import Embedder, Vectors
from service.answering.extractive.question import Asking
from service.answering.extractive.words import STOP_WORDS, tokens

UNLIKE, ALIKE = 0.5, 0.75
"""Cosines of two words up to which they mean different things, and from which on the same: "wages" and "salary" have
0.73, "contest" and "competition" 0.73, "bill" and "fine" 0.31."""


@dataclass(frozen=True, slots=True)
class Close:
    """How close a stretch is to a question: cosines in [-1, 1] with what is around it and alone.

    `alike`, `around`: for each term how surely the stretch, or what is around it, says it in other words, in [0, 1].
    """

    cosine: float
    alone: float
    alike: dict[str, float]
    around: dict[str, float]


def compare(asking: Asking, stretches: Sequence[tuple[str, str, str]], embedder: Embedder) -> list[Close]:
    """One `Close` for each (stretch in its context, stretch alone, what is around it)."""
    wanted = {term.stem: term.word.lower() for term in asking.terms if not term.exact}
    inside = [_words(alone) for _, alone, _ in stretches]
    around = [_words(near) for _, _, near in stretches]
    texts = [text for whole, alone, _ in stretches for text in (whole, alone)]
    words = sorted({*wanted.values()}.union(*inside, *around)) if wanted else []
    vectors = np.asarray(embedder.embed_passages([*texts, *words]))
    cosines = vectors[: len(texts)] @ np.asarray(embedder.embed_query(asking.text))
    place = {word: len(texts) + number for number, word in enumerate(words)}
    return [
        Close(
            cosine=float(cosines[2 * number]),
            alone=float(cosines[2 * number + 1]),
            alike=_alike(wanted, inside[number], vectors, place),
            around=_alike(wanted, around[number], vectors, place),
        )
        for number in range(len(stretches))
    ]


def _words(text: str) -> set[str]:
    """The words of a text that carry content, in lower case, without figures."""
    lower = {token.lower() for token in tokens(text)}
    return {word for word in lower - STOP_WORDS if len(word) > 2 and not any(map(str.isdigit, word))}


def _alike(wanted: dict[str, str], words: Iterable[str], vectors: Vectors, place: dict[str, int]) -> dict[str, float]:
    rows = [place[word] for word in words if word in place]
    if not rows or not wanted:
        return {}
    closest = (vectors[[place[word] for word in wanted.values()]] @ vectors[rows].T).max(axis=1)
    return dict(zip(wanted, np.clip((closest - UNLIKE) / (ALIKE - UNLIKE), 0, 1).tolist(), strict=True))
