"""A question becomes a cited answer or a refusal."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.access import Access
from core.answers import Answer, Citation, Draft, Hit, Mode, Passage, Reason, Refusal, Turn, Usage
from core.deadline import Deadline
from core.errors import ModelUnavailable
from core.filters import UNFILTERED, Filters
from core.settings.sections import AnsweringSettings, Price
from indexes.indexes import Indexes
from indexes.search.search import search
from service.answering.cite import cite
from service.answering.condense import standalone
from service.answering.cost import cost
from service.answering.models.choose import Model
from service.answering.models.protocol import Prompt
from service.answering.pack import pack, pack_documents, tokens
from service.answering.prompt import instruction, write_prompt
from service.answering.refuse import nothing_relevant

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
    turns: tuple[Turn, ...] = ()
    """The conversation before the question, oldest first."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the model is given to read; nothing in mode "closed_book"."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """The next piece of the answer. The pieces together are `Answer.text`: none of them is withdrawn."""

    text: str


Event = Found | Text | Answer | Refusal


def answer(
    question: Question,
    *,
    access: Access,
    indexes: Indexes,
    model: Model,
    settings: AnsweringSettings,
    until: Deadline | None = None,
) -> Answer | Refusal:
    """Search as `access` allows, show the model what was found, check what it quotes.

    Mode "rag" searches, "documents" gives the model the pinned documents, "closed_book" gives it nothing.

    Raises:
        UnknownCollection, UnknownDocument: the question names one that the caller cannot read.
        ModelUnavailable: the model did not reply, or was too slow.
        DeadlineReached, Cancelled: `until` was over before the model was asked, or called off.
        SettingsError: the model's context window has no room for a passage.
    """
    way = _Way(model=model, settings=settings, until=until or Deadline.never(), index_version=indexes.version)
    return _last(_events(question, way, access=access, indexes=indexes))


def stream(
    question: Question,
    *,
    access: Access,
    indexes: Indexes,
    model: Model,
    settings: AnsweringSettings,
    until: Deadline | None = None,
) -> Generator[Event, None, None]:
    """What `answer` does, as it comes: what was found, the answer piece by piece, and last what `answer` returns.

    With passages, text comes when at least one quote is complete and holds. Raises what `answer` raises; then no
    `Answer` comes, and what did come is no answer. Closing the iterator ends the call of the model.
    """
    way = _Way(
        model=model, settings=settings, until=until or Deadline.never(), index_version=indexes.version, live=True
    )
    return _events(question, way, access=access, indexes=indexes)


def answer_from(
    question: Question,
    hits: Sequence[Hit],
    *,
    model: Model,
    index_version: str,
    settings: AnsweringSettings,
    until: Deadline | None = None,
) -> Answer | Refusal:
    """What `answer` does once the hits are known: pack, generate, cite.

    `hits` are best first; in mode "documents" they keep their order. Without hits a model is asked in mode
    "closed_book" only.

    Raises:
        ModelUnavailable: the model did not reply, or was too slow.
        DeadlineReached, Cancelled: `until` was over before the model was asked, or called off.
        SettingsError: the model's context window has no room for a passage.
    """
    way = _Way(model=model, settings=settings, until=until or Deadline.never(), index_version=index_version)
    return _last(_read(question.text, hits, question.mode, way))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a question is answered, whatever it is; `live`: piece by piece."""

    model: Model
    settings: AnsweringSettings
    until: Deadline
    index_version: str
    live: bool = False


def _last(events: Iterator[Event]) -> Answer | Refusal:
    *_, outcome = events
    assert isinstance(outcome, Answer | Refusal)
    return outcome


def _events(question: Question, way: _Way, *, access: Access, indexes: Indexes) -> Generator[Event, None, None]:
    started = time.perf_counter()
    alone = standalone(question.text, question.turns, model=way.model, until=way.until)
    way.until.require()
    before = {"condense": _ms_since(started)} if question.turns else {}
    question = replace(question, text=alone.text)
    with way.until.kept():
        hits, timings = _hits(question, way, access=access, indexes=indexes)
    for event in _read(question.text, hits, question.mode, way):
        if isinstance(event, Answer | Refusal):
            event = with_call(event, alone.usage, way.model.price)
            event = replace(event, timings_ms={**before, **timings, **event.timings_ms, "total": _ms_since(started)})
        yield event


def _hits(
    question: Question, way: _Way, *, access: Access, indexes: Indexes
) -> tuple[tuple[Hit, ...], dict[str, float]]:
    """What there is to read, best first, and the milliseconds that it took to find."""
    started = time.perf_counter()
    if question.mode == "closed_book":
        return (), {}
    if question.mode == "documents":
        return pinned_hits(question, access=access, indexes=indexes), {"read": _ms_since(started)}
    found = search(
        indexes,
        question.text,
        access=access,
        collection=question.collection,
        limit=question.limit or indexes.search.limit,
        filters=replace(question.filters, documents=frozenset(question.documents) or None),
    )
    nothing = nothing_relevant(found.hits, min_similarity=way.settings.min_similarity)
    return () if nothing else found.hits, dict(found.timings_ms)


def _read(text: str, hits: Sequence[Hit], mode: Mode, way: _Way) -> Iterator[Event]:
    """Pack, generate, cite."""
    started = time.perf_counter()
    if not hits and mode != "closed_book":
        yield Found(())
        yield Made(way.model, mode, way.index_version).refusal("no_relevant_passage")
        return
    passages = _pack(text, hits, mode=mode, way=way)
    yield Found(passages)
    packed = time.perf_counter()
    way.until.require()
    shown, checked, holds = "", None, False
    for draft in _drafts(write_prompt(text, passages), way):
        if draft.whole:
            break
        if draft.quotes != checked:
            checked, holds = draft.quotes, mode == "closed_book" or bool(cite(draft.quotes, passages)[0])
        if holds:
            yield from _pieces(draft.text[len(shown) :])
            shown = draft.text
    generated = time.perf_counter()
    outcome = _outcome(draft, passages, mode, way)
    if shown and not (isinstance(outcome, Answer) and outcome.text.startswith(shown)):
        raise ModelUnavailable(f"The model {way.model.name!r} took back what it had begun to answer. Ask again.")
    if isinstance(outcome, Answer):
        yield from _pieces(outcome.text[len(shown) :] if way.live else "")
    timings = {
        "pack": (packed - started) * 1000,
        "generate": (generated - packed) * 1000,
        "cite": _ms_since(generated),
    }
    yield replace(outcome, timings_ms=timings)


def _drafts(prompt: Prompt, way: _Way) -> Iterator[Draft]:
    """The model's reply, growing if it is to be shown as it comes; the last draft is the whole."""
    if way.live:
        return way.model.generator.stream(prompt, until=way.until)
    return iter((way.model.generator.generate(prompt, until=way.until),))


def _pieces(text: str) -> Iterator[Text]:
    return iter((Text(text),) if text else ())


def _outcome(draft: Draft, passages: tuple[Passage, ...], mode: Mode, way: _Way) -> Answer | Refusal:
    citations, dropped = cite(draft.quotes, passages)
    made = Made(way.model, mode, way.index_version, draft.usage, passages, dropped, draft.served)
    if draft.abstained:
        return made.refusal("model_abstained")
    if not citations and mode != "closed_book":
        return made.refusal("unsupported_answer")
    return made.answer(draft.text, citations)


def _pack(text: str, hits: Sequence[Hit], *, mode: Mode, way: _Way) -> tuple[Passage, ...]:
    model = way.model
    budget = model.context_window - model.max_output_tokens - tokens(instruction()) - tokens(text) - MARGIN
    if mode == "documents":
        return pack_documents(hits, budget=budget)
    return pack(hits, budget=budget, most=way.settings.passages)


def pinned_hits(question: Question, *, access: Access, indexes: Indexes) -> tuple[Hit, ...]:
    """Every chunk of the pinned documents, in order; where there are more than a few, with the score of search.

    Raises:
        UnknownCollection, UnknownDocument: the question names one that the caller cannot read.
    """
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
    scored = {hit.chunk_id: (hit.score, hit.dense or 0.0) for hit in ranked.hits}
    found = [scored.get(hit.chunk_id, (0.0, 0.0)) for hit in hits]
    return tuple(replace(hit, score=score, dense=dense) for hit, (score, dense) in zip(hits, found, strict=True))


def _ms_since(moment: float) -> float:
    return (time.perf_counter() - moment) * 1000


# What an answer and a refusal both tell of how they came about.


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Made:
    """How an outcome came about; with a `usage` of None, which the server did not report, no cost is known."""

    model: Model
    mode: Mode
    index_version: str
    usage: Usage | None = NO_USAGE
    passages: tuple[Passage, ...] = ()
    dropped_quotes: int = 0
    served: str = ""

    def answer(self, text: str, citations: tuple[Citation, ...]) -> Answer:
        """It became an answer."""
        return Answer(text=text, citations=citations, **self._told())

    def refusal(self, reason: Reason) -> Refusal:
        """It became a refusal."""
        return Refusal(reason=reason, **self._told())

    def _told(self) -> dict[str, Any]:
        return {
            "model": self.model.name,
            "mode": self.mode,
            "usage": self.usage or NO_USAGE,
            "cost_usd": None if self.usage is None else cost(self.usage, self.model.price),
            "timings_ms": {},
            "index_version": self.index_version,
            "passages": self.passages,
            "dropped_quotes": self.dropped_quotes,
            "served": self.served,
        }


def with_call(outcome: Answer | Refusal, usage: Usage | None, price: Price | None) -> Answer | Refusal:
    """The outcome after one more call for it; of a call without usage, the cost of both is not known."""
    if usage is None or outcome.cost_usd is None:
        return replace(outcome, cost_usd=None, usage=outcome.usage + (usage or NO_USAGE))
    return replace(outcome, cost_usd=outcome.cost_usd + (cost(usage, price) or 0), usage=outcome.usage + usage)
