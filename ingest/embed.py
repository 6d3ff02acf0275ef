"""Drafts are embedded together; the same content under several paths is embedded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from indexes.embedders.protocol import Embedder, Vectors
from indexes.open import Indexes
from indexes.twins import stored_vectors
from ingest.read import Draft

_MOST_TEXTS = 192
"""Texts given to the embedder at once."""
_Cut = tuple[str, tuple[tuple[int, int], ...]]


def embed_drafts(indexes: Indexes, drafts: Sequence[Draft]) -> list[Vectors]:
    """The vectors of each draft's chunks: float32 (chunks, dimension).

    A document with the content of another one, stored already or among the drafts, gets the vectors of that one if both
    were cut alike: what differs is the title before each chunk, where it comes from the file's name.
    """
    found: dict[_Cut, Vectors] = {}
    fresh: dict[_Cut, Draft] = {}
    for draft in drafts:
        cut = _cut(draft)
        if cut in found or cut in fresh:
            continue
        stored = stored_vectors(indexes.catalogue, draft.document.version)
        if stored is not None and stored[0] == cut[1]:
            found[cut] = stored[1]
        else:
            fresh[cut] = draft
    vectors = _embed(indexes.embedder, [chunk.index_text for draft in fresh.values() for chunk in draft.chunks])
    start = 0
    for cut, draft in fresh.items():
        found[cut] = vectors[start : start + len(draft.chunks)]
        start += len(draft.chunks)
    return [found[_cut(draft)] for draft in drafts]


def embed_texts(embedder: Embedder, drafts: Sequence[Draft], known: Sequence[Mapping[str, Vectors]]) -> list[Vectors]:
    """As `embed_drafts`, with vectors at hand: `known` has those of some of each draft's texts."""
    found = {text: vector for vectors in known for text, vector in vectors.items()}
    texts = [[chunk.index_text for chunk in draft.chunks] for draft in drafts]
    fresh = list(dict.fromkeys(text for each in texts for text in each if text not in found))
    found.update(zip(fresh, _embed(embedder, fresh), strict=True))
    empty = np.empty((0, embedder.dimension), dtype=np.float32)
    return [np.stack([found[text] for text in each]) if each else empty for each in texts]


def _cut(draft: Draft) -> _Cut:
    """What two documents share that are the same and cut alike."""
    return draft.document.version, tuple((chunk.start, chunk.end) for chunk in draft.chunks)


def _embed(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """vectors: float32 (len(texts), dimension)."""
    parts = [embedder.embed_passages(texts[i : i + _MOST_TEXTS]) for i in range(0, len(texts), _MOST_TEXTS)]
    return np.concatenate(parts) if parts else np.empty((0, embedder.dimension), dtype=np.float32)
