"""Where the evidence of a question stands in the indexed documents: places, never chunk ids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from core.access import OWNER, Access
from core.answers import Hit
from core.errors import UnknownDocument
from core.filters import Filters
from evaluation.dataset import Evidence, Item
from indexes.indexes import Indexes
from indexes.search.search import search

CACHED_DOCUMENTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """The gold passages of a question, in document order, and how much of its evidence they stand for.

    `level` is "passage" when every passage holds evidence, "document" when some evidence names a document alone
    or could not be found in it, so that the best passages of the document stand in; "none" without gold.
    """

    passages: tuple[Hit, ...]
    evidence: int
    not_found: int
    level: Literal["passage", "document", "none"]


class Corpus:
    """The texts and chunks of one collection, read as they are needed; the last few stay in memory.

    What `access` may not read is not there.
    """

    def __init__(self, indexes: Indexes, collection: str, access: Access = OWNER) -> None:
        self.indexes = indexes
        self.collection = collection
        self.access = access
        self.text = lru_cache(CACHED_DOCUMENTS)(self._text)
        """Extracted text by document; UnknownDocument when it is not indexed."""
        self.chunks = lru_cache(CACHED_DOCUMENTS)(self._chunks)
        """Chunks by document, in its order; UnknownDocument when it is not indexed."""

    def _text(self, document: str) -> str:
        return self.indexes.catalogue.text(self.collection, document, access=self.access)

    def _chunks(self, document: str) -> tuple[Hit, ...]:
        return tuple(self.indexes.catalogue.chunks(self.collection, document, access=self.access))

    def best_chunks(self, question: str, document: str, limit: int) -> tuple[Hit, ...]:
        """The chunks of one document nearest to the question; all of them when there are no more than `limit`."""
        chunks = self.chunks(document)
        if len(chunks) <= limit:
            return chunks
        found = search(
            self.indexes,
            question,
            access=self.access,
            collection=self.collection,
            limit=limit,
            filters=Filters(documents=frozenset({document})),
        )
        return found.hits or chunks[:limit]


def gold_of(item: Item, corpus: Corpus, *, limit: int) -> Gold:
    """The gold passages of a question. At most `limit` chunks stand in for a document without a known place."""
    if item.unanswerable:
        return Gold(passages=(), evidence=0, not_found=0, level="none")
    evidence = item.evidence or tuple(Evidence(document=document) for document in item.documents)
    passages: dict[str, Hit] = {}
    not_found, level = 0, "passage"
    for place in evidence:
        try:
            span = find(place, corpus.text(place.document))
            if span:
                hits = _overlapping(corpus.chunks(place.document), *span)
            else:
                hits = ()
                not_found += _names_a_place(place)
            if not hits:
                level = "document"
                hits = corpus.best_chunks(item.question, place.document, limit)
        except UnknownDocument:
            not_found += 1
            continue
        passages.update((hit.chunk_id, hit) for hit in hits)
    return Gold(
        passages=tuple(passages.values()),
        evidence=len(evidence),
        not_found=not_found,
        level=("document" if level == "document" else "passage") if passages else "none",
    )


def find(place: Evidence, text: str) -> tuple[int, int] | None:
    """Where evidence stands in a text, as offsets; None when it is not there or names no place.

    Given offsets count when the text there is the evidence. Else its words are searched with any white space
    between them, then with any punctuation between them, thousands set apart or not, and in either case.
    """
    given = (place.start, place.end)
    if given[0] is not None and given[1] is not None and given[0] < given[1] <= len(text):
        there = text[given[0] : given[1]]
        if place.text is None or there.split() == place.text.split():
            return given[0], given[1]
    if not place.text or not place.text.strip():
        return None
    folded = r"\s+".join(map(re.escape, place.text.split()))
    loose = r"[\W_]+".join(map(_grouped, re.findall(r"[^\W_]+", place.text)))
    match = re.search(folded, text) or (re.search(loose, text, re.IGNORECASE) if loose else None)
    return match.span() if match else None


def _grouped(word: str) -> str:
    """A pattern for a word; a figure also with its thousands set apart, as tables show it."""
    return re.sub(r"(?<=\d)(?=(?:\d{3})+$)", r"[,.'’\\s]?", word) if word.isdecimal() else re.escape(word)


def _names_a_place(place: Evidence) -> bool:
    return bool(place.text) or place.start is not None


def _overlapping(chunks: tuple[Hit, ...], start: int, end: int) -> tuple[Hit, ...]:
    """The chunks that hold part of [start, end); for a heading, which stands between chunks, the one it stands over."""
    inside = tuple(hit for hit in chunks if hit.start < end and start < hit.end)
    return inside or next(((hit,) for hit in chunks if hit.start >= end), chunks[-1:])
