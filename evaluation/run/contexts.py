"""What each rung gives the model to read: one function a rung, from a question in hand to the hits it is shown.

Whatever searches goes through `indexes.search`, with the settings that it is served with; a rung that stands for a part
of search changes the one setting that says so.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

from core.access import OWNER, Access
from core.answers import Hit, Mode
from core.settings.sections import AnsweringSettings
from evaluation.dataset import Evidence, Item
from evaluation.gold import Corpus, Gold, find
from indexes.indexes import Indexes
from indexes.rerankers.keep_order import KeepOrder
from indexes.search.search import search
from service.answering.answer import Question, pinned_hits
from service.answering.pack import size
from service.answering.refuse import nothing_relevant

RANKED_CHUNKS = 50
"""Chunks that are ranked to measure retrieval: enough for ten different documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a model is given on one question.

    `ranked`: chunks as search ranked them, up to 50; None where nothing is searched. `truncated_share`: the share of
    the collection, in tokens, that did not fit. `timings_ms`: what it took to find, by stage and in total.
    """

    hits: tuple[Hit, ...] = ()
    mode: Mode = "rag"
    ranked: tuple[Hit, ...] | None = None
    truncated_share: float | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Library:
    """One collection, with the settings that it is searched and answered from, as all questions of a run use it.

    `room`: tokens that the model has for passages. `seed`: of the passages that are drawn at random.
    `access`: who asks; what it may not read is not there for any rung.
    """

    indexes: Indexes
    collection: str
    answering: AnsweringSettings
    room: int
    seed: int
    access: Access = OWNER

    @cached_property
    def corpus(self) -> Corpus:
        """Texts and chunks, for finding gold."""
        return Corpus(self.indexes, self.collection, self.access)

    @cached_property
    def documents(self) -> dict[str, int]:
        """Tokens by document, by name: how much of a model's window each takes."""
        rows = self.indexes.catalogue.documents(self.collection, access=self.access)
        return {row.document: sum(map(size, self.corpus.chunks(row.document))) for row in rows}

    @cached_property
    def chunk_ids(self) -> list[str]:
        """Every chunk that may be read, in order."""
        if self.access.everything:
            return sorted(self.indexes.catalogue.chunk_ids(self.collection))
        return sorted(hit.chunk_id for document in self.documents for hit in self.corpus.chunks(document))

    def search(self, text: str, indexes: Indexes) -> Context:
        """What `indexes` find: the hits that answering would take, none if it would refuse, and how all were ranked.

        More are asked for than answering takes, never more than the candidates it merges: the first stay the same.
        """
        limit, candidates = indexes.search.limit, indexes.search.candidates
        most = max(limit, min(RANKED_CHUNKS, candidates))
        found = search(indexes, text, access=self.access, collection=self.collection, limit=most)
        hits = found.hits[:limit]
        if nothing_relevant(hits, min_similarity=self.answering.min_similarity):
            hits = ()
        return Context(hits=hits, ranked=found.hits, timings_ms=dict(found.timings_ms))


@dataclass(frozen=True)
class Asked:
    """A question in hand: what is looked up for one rung is there for the next."""

    item: Item
    gold: Gold
    library: Library

    @cached_property
    def found(self) -> Context:
        """What search finds, without a second look by a reranker."""
        return self.library.search(self.item.question, replace(self.library.indexes, reranker=KeepOrder()))


def nothing(_: Asked) -> Context:
    """The question alone."""
    return Context(mode="closed_book")


def gold_documents(asked: Asked) -> Context:
    """Whole documents that a person would hand over; nothing where there are none."""
    documents = asked.item.asked_of
    if not documents:
        return Context()
    question = Question(
        text=asked.item.question, collection=asked.library.collection, mode="documents", documents=documents
    )
    with _timed() as timings:
        hits = pinned_hits(question, access=asked.library.access, indexes=asked.library.indexes)
    return Context(hits=hits, mode="documents", timings_ms=timings)


def gold_passages(asked: Asked) -> Context:
    """The passages that hold the evidence."""
    return Context(hits=asked.gold.passages)


def whole_collection(asked: Asked) -> Context:
    """As many whole documents as fit, by name: all of them, or else those that search finds most likely first."""
    sizes, room = asked.library.documents, asked.library.room
    with _timed() as timings:
        order: Sequence[str] = list(sizes)
        if sum(sizes.values()) > room:
            likely = [hit.document for hit in asked.found.ranked or ()]
            order = list(dict.fromkeys([*likely, *sizes]))
        chosen, left = [], room
        for document in order:
            if sizes[document] <= left:
                chosen.append(document)
                left -= sizes[document]
        held = sum(sizes[document] for document in chosen)
        hits = [hit for document in sorted(chosen or order[:1]) for hit in asked.library.corpus.chunks(document)]
    total = sum(sizes.values())
    return Context(
        hits=tuple(hits),
        mode="documents",
        truncated_share=round(1 - (held or min(room, total)) / total, 6) if total else None,
        timings_ms=timings,
    )


def by_words(asked: Asked) -> Context:
    """What the keyword index alone finds."""
    found = _leg(asked, dense_weight=0)
    return replace(found, hits=_worded(found.hits), ranked=_worded(found.ranked or ()))


def by_meaning(asked: Asked) -> Context:
    """What the vector index alone finds."""
    return _leg(asked, dense_weight=1)


def by_both(asked: Asked) -> Context:
    """What search finds, before any reranker."""
    return asked.found


def reranked(asked: Asked) -> Context:
    """What search finds, in the order of the reranker of the settings."""
    return asked.library.search(asked.item.question, asked.library.indexes)


def at_random(asked: Asked) -> Context:
    """As many passages as search gives, drawn from those that are not gold."""
    library, gold = asked.library, {hit.chunk_id for hit in asked.gold.passages}
    count = min(len(asked.found.hits), library.answering.passages)
    drawn = random.Random(f"{library.seed} {asked.item.id}")
    places = drawn.sample(range(len(library.chunk_ids)), min(count + len(gold), len(library.chunk_ids)))
    wanted = [name for name in map(library.chunk_ids.__getitem__, places) if name not in gold][:count]
    held = library.indexes.catalogue.hits(wanted, access=library.access)
    return Context(hits=tuple(held[name] for name in wanted if name in held))


def without_gold(asked: Asked) -> Context:
    """What search finds once every passage that holds evidence is taken out."""
    gold = {hit.chunk_id for hit in asked.gold.passages}
    others = [hit for hit in asked.found.ranked or () if hit.chunk_id not in gold and not _holds(hit, asked.item)]
    library = asked.library
    hits = tuple(others[: library.indexes.search.limit])
    if nothing_relevant(hits, min_similarity=library.answering.min_similarity):
        hits = ()
    return Context(hits=hits, ranked=tuple(others), timings_ms=asked.found.timings_ms)


def _leg(asked: Asked, *, dense_weight: int) -> Context:
    indexes = asked.library.indexes
    alone = indexes.search.model_copy(update={"dense_weight": float(dense_weight)})
    return asked.library.search(asked.item.question, replace(indexes, search=alone, reranker=KeepOrder()))


def _worded(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    return tuple(hit for hit in hits if hit.keyword)


def _holds(hit: Hit, item: Item) -> bool:
    places = [Evidence(document=place.document, text=place.text) for place in item.evidence]
    return any(find(place, hit.text) for place in places)


@contextmanager
def _timed() -> Iterator[dict[str, float]]:
    timings: dict[str, float] = {}
    began = time.perf_counter()
    yield timings
    timings["read"] = timings["total"] = (time.perf_counter() - began) * 1000
