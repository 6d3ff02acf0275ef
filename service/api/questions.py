"""From the wire to the words of search and answering."""

from __future__ import annotations

from dataclasses import replace

from core.access import Access
from core.settings import Settings
from indexes.indexes import Indexes
from indexes.search import search
from indexes.trace import trace
from service.answering.answer import Question
from service.api.schemas import QueryIn
from service.api.searches import SearchIn, SearchOut
from service.api.wire import short_enough


def question_of(body: QueryIn) -> Question:
    """The question that a request asks."""
    return Question(
        text=body.question,
        collection=body.collection,
        mode=body.mode,
        documents=body.documents,
        limit=body.limit,
        filters=body.filters.wanted(()),
    )


def searched(body: SearchIn, *, access: Access, indexes: Indexes, settings: Settings) -> SearchOut:
    """What a request searches for.

    Raises:
        UsageError: the text is too long.
        UnknownCollection, UnknownDocument: the request names one that the caller cannot read.
        IndexBroken: an index cannot be read.
    """
    short_enough(body.text, settings.server.max_question_chars)
    found = search(
        indexes,
        body.text,
        access=access,
        collection=body.collection,
        limit=body.limit or settings.search.limit,
        filters=body.wanted,
    )
    ended_up = None
    if body.trace is not None:
        ended_up = trace(indexes, body.text, body.trace, access=access, collection=body.collection, filters=body.wanted)
    if not access.everything:  # how rare a word is tells of documents that the caller may not read
        found = replace(found, hits=tuple(replace(hit, keyword=None) for hit in found.hits))
        ended_up = replace(ended_up, keyword=None) if ended_up else None
    return SearchOut.of(found, explain=body.explain, trace=ended_up)
