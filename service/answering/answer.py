"""A question becomes a cited answer or a refusal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.access import Access
from core.answers import Answer, Citation, Draft, Hit, Mode, Passage, Reason, Refusal, Usage
from core.filters import UNFILTERED, Filters
from core.settings import AnsweringSettings
from indexes.open import Indexes
from indexes.search import search
from service.answering.cite import cite
from service.answering.cost import cost
from service.answering.generators.choose import Model
from service.answering.pack import pack, pack_documents, tokens
from service.answering.prompt import instruction, write_prompt
from service.answering.refuse import nothing_relevant

NO_USAGE = Usage()
MARGIN = 64
"""Tokens left free for what a server wraps around the prompt."""
SCORED_CHUNKS = 100
"""Chunks of pinned documents that are ranked against the question, for the case that not all of them fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, of which documents, and how.

    `documents`: in mode "documents" those the model is given; in mode "rag" those searched, all when empty.
    `limit`: hits taken from search; None for the number in the settings.
    """

    text: str
    collection: str = "default"
    mode: Mode = "rag"
    documents: tuple[str, ...] = ()
    limit: int | None = None
    filters: Filters = UNFILTERED
    """What is searched, besides `documents`."""


def answer(
    question: Question, *, access: Access, indexes: Indexes, model: Model, settings: AnsweringSettings
) -> Answer | Refusal:
    """Search as `access` allows, show the model what was found, check what it quotes.

    Mode "rag" searches, "documents" gives the model the pinned documents, "closed_book" gives it nothing.

    Raises:
        UnknownCollection, UnknownDocument: the question names one that the caller cannot read.
        ModelUnavailable: the model did not reply.
        SettingsError: the model's context window has no room for a passage.
    """
    started = time.perf_counter()
    if question.mode == "closed_book":
        hits: tuple[Hit, ...] = ()
        timings = {}
    elif question.mode == "documents":
        hits = _pinned(question, access=access, indexes=indexes)
        timings = {"read": _ms_since(started)}
    else:
        found = search(
            indexes,
            question.text,
            access=access,
            collection=question.collection,
            limit=question.limit or indexes.search.limit,
            filters=replace(question.filters, documents=frozenset(question.documents) or None),
        )
        hits = () if nothing_relevant(found.hits, min_similarity=settings.min_similarity) else found.hits
        timings = dict(found.timings_ms)
    outcome = answer_from(
        question.text, hits, mode=question.mode, model=model, index_version=indexes.version, settings=settings
    )
    return replace(outcome, timings_ms={**timings, **outcome.timings_ms, "total": _ms_since(started)})


def answer_from(
    text: str, hits: Sequence[Hit], *, mode: Mode, model: Model, index_version: str, settings: AnsweringSettings
) -> Answer | Refusal:
    """What `answer` does once the hits are known: pack, generate, cite.

    `hits` are best first; in mode "documents" they keep their order. Without hits a model is asked in mode
    "closed_book" only.

    Raises:
        ModelUnavailable: the model did not reply.
        SettingsError: the model's context window has no room for a passage.
    """
    started = time.perf_counter()
    if not hits and mode != "closed_book":
        return _refusal("no_relevant_passage", _Made(model, mode, index_version))
    passages = _pack(text, hits, mode=mode, model=model, settings=settings)
    packed = time.perf_counter()
    draft = model.generator.generate(write_prompt(text, passages))
    generated = time.perf_counter()
    citations, dropped = cite(draft.quotes, passages)
    timings = {
        "pack": (packed - started) * 1000,
        "generate": (generated - packed) * 1000,
        "cite": _ms_since(generated),
    }
    made = _Made(model, mode, index_version, draft.usage, timings, passages, dropped)
    if draft.abstained:
        return _refusal("model_abstained", made)
    if not citations and mode != "closed_book":
        return _refusal("unsupported_answer", made)
    return _answer(draft, citations, made)


@dataclass(frozen=True, slots=True)
class _Made:
    """What an answer and a refusal both tell of how they came about."""

    model: Model
    mode: Mode
    index_version: str
    usage: Usage = NO_USAGE
    timings_ms: dict[str, float] | None = None
    passages: tuple[Passage, ...] = ()
    dropped_quotes: int = 0


def _answer(draft: Draft, citations: tuple[Citation, ...], made: _Made) -> Answer:
    return Answer(
        text=draft.text,
        citations=citations,
        model=made.model.name,
        mode=made.mode,
        usage=made.usage,
        cost_usd=cost(made.usage, made.model.price),
        timings_ms=made.timings_ms or {},
        index_version=made.index_version,
        passages=made.passages,
        dropped_quotes=made.dropped_quotes,
    )


def _refusal(reason: Reason, made: _Made) -> Refusal:
    return Refusal(
        reason=reason,
        model=made.model.name,
        mode=made.mode,
        usage=made.usage,
        cost_usd=cost(made.usage, made.model.price),
        timings_ms=made.timings_ms or {},
        index_version=made.index_version,
        passages=made.passages,
        dropped_quotes=made.dropped_quotes,
    )


def _pack(
    text: str, hits: Sequence[Hit], *, mode: Mode, model: Model, settings: AnsweringSettings
) -> tuple[Passage, ...]:
    budget = model.context_window - model.max_output_tokens - tokens(instruction()) - tokens(text) - MARGIN
    if mode == "documents":
        return pack_documents(hits, budget=budget)
    return pack(hits, budget=budget, most=settings.passages)


def _pinned(question: Question, *, access: Access, indexes: Indexes) -> tuple[Hit, ...]:
    """Every chunk of the pinned documents, in order; those that search finds carry its score."""
    hits: list[Hit] = []
    for document in dict.fromkeys(question.documents):
        indexes.catalogue.document(question.collection, document, access=access)
        hits += indexes.catalogue.chunks(question.collection, document, access=access)
    if len(hits) <= SCORED_CHUNKS // 10:
        return tuple(hits)
    ranked = search(
        indexes,
        question.text,
        access=access,
        collection=question.collection,
        limit=SCORED_CHUNKS,
        filters=Filters(documents=frozenset(question.documents)),
    )
    score = {hit.chunk_id: hit.score for hit in ranked.hits}
    return tuple(replace(hit, score=score.get(hit.chunk_id, 0.0)) for hit in hits)


def _ms_since(moment: float) -> float:
    return (time.perf_counter() - moment) * 1000
