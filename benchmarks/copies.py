"""A large collection made of a small one: every copy of a chunk has a vector a little off and a tenth of its words
exchanged, so that neither index meets the same thing twice and distances stay like those of real text.

A copy is written by the product's own write path, a document for a document. Documents carry groups that open known
shares of them: `hundredth`, `tenth` and `half`, and all of them `everyone`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.access import OWNER

if TYPE_CHECKING:
    from indexes.catalogue.rows import Version
    from indexes.embedders.protocol import Vectors
    from indexes.indexes import Indexes

COLLECTION = "copies"
NOISE = 0.03
"""Of every dimension: a copy has a cosine of about 0.86 with its original, as neighbours of one page have."""
EXCHANGED = 10
"""One word of so many is another chunk's."""
WRITTEN = 2000
"""Chunks written together."""
SEED = 7


@dataclass(frozen=True, slots=True)
class Original:
    """A document of the small collection. vectors: float32 (len(texts), dimension)."""

    name: str
    texts: list[str]
    vectors: Vectors


def originals(indexes: Indexes) -> list[Original]:
    """Every document of every collection of an open data folder."""
    found: dict[str, Original] = {}
    for collection in (row.name for row in indexes.catalogue.collections(access=OWNER)):
        vectors: dict[str, Vectors] = {}
        for names, batch in indexes.catalogue.embeddings(collection):
            vectors.update(zip(names, batch, strict=True))
        texts: dict[str, list[tuple[str, str]]] = {}
        for entries in indexes.catalogue.entries(collection):
            for entry in entries:
                texts.setdefault(entry.document_id, []).append((entry.id, entry.text))
        for number, (key, parts) in enumerate(texts.items()):
            own = np.stack([vectors[name] for name, _ in parts])
            found[key] = Original(f"{collection}/{number}", [text for _, text in parts], own)
    return list(found.values())


def fill(indexes: Indexes, small: Sequence[Original], size: int) -> None:
    """Write copies until the collection holds `size` chunks, more or less a document."""
    from indexes.write import write_documents

    batch: list[Version] = []
    waiting = held = 0
    for version in _versions(small):
        batch.append(version)
        waiting += len(version.chunks)
        if waiting >= WRITTEN or held + waiting >= size:
            write_documents(indexes, batch)
            held, waiting = held + waiting, 0
            batch = []
        if held >= size:
            return


def _versions(small: Sequence[Original]) -> Iterator[Version]:
    from core.documents import Chunk, Parsed
    from indexes.catalogue.rows import NewDocument, Version

    draw, noise, number = random.Random(SEED), np.random.default_rng(SEED), 0
    words = [word for original in small for text in original.texts for word in text.split()]
    while True:
        for original in small:
            texts = [_exchanged(text, words, draw) if number >= len(small) else text for text in original.texts]
            chunks, start = [], 0
            for ordinal, text in enumerate(texts):
                chunks.append(Chunk(ordinal=ordinal, text=text, index_text=text, start=start, end=start + len(text)))
                start += len(text) + 1
            document = NewDocument(
                collection=COLLECTION,
                document=f"{number:07}/{original.name}",
                version="1",
                sha256=f"{number:064}",
                size=start,
                mtime_ns=1,
                media_type="text/plain",
                parsed=Parsed(text="\n".join(texts), elements=()),
                groups=frozenset(_groups(number)),
            )
            moved = original.vectors + noise.normal(scale=NOISE, size=original.vectors.shape).astype(np.float32)
            vectors = moved if number >= len(small) else original.vectors
            yield Version(document, chunks, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
            number += 1


def _groups(number: int) -> Iterator[str]:
    yield "everyone"
    for name, each in (("half", 2), ("tenth", 10), ("hundredth", 100)):
        if number % each == 0:
            yield name


def _exchanged(text: str, words: Sequence[str], draw: random.Random) -> str:
    own = text.split()
    for _ in range(len(own) // EXCHANGED):
        own[draw.randrange(len(own))] = draw.choice(words)
    return " ".join(own)
