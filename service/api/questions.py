"""From the wire to the words of search and answering."""

from __future__ import annotations

from dataclasses import replace

from core.access import Access
from core.answers import Turn
from core.errors import UnknownDocument
from core.settings.load import Settings
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.rows import DocumentRow
from indexes.indexes import Indexes
from indexes.search.search import search
from indexes.search.trace import trace
from service.answering.answer import Question
from service.api.observe.request import tell_search
from service.api.wire.documents import DocumentTextOut, ReadIn
from service.api.wire.message import printable, short_enough
from service.api.wire.questions import QueryIn
from service.api.wire.searches import SearchIn, SearchOut


def question_of(body: QueryIn) -> Question:
    """The question that a request asks."""
    return Question(
        text=body.question,
        collection=body.collection,
        mode=body.mode,
        documents=body.documents,
        limit=body.limit,
        filters=body.filters.wanted(()),
        turns=tuple(Turn(role=turn.role, text=turn.text) for turn in body.turns),
    )


def part_of(body: ReadIn, *, access: Access, catalogue: Catalogue) -> DocumentTextOut:
    """A stretch of the document of that name, or with that id.

    Raises:
        UnknownDocument: there is none that the caller may read.
    """
    try:
        row = catalogue.document(body.collection, body.document, access=access)
    except UnknownDocument:
        row = catalogue.document_with_id(body.document, access=access)
    return text_of(row, catalogue, access=access, start=body.start, length=body.length)


def text_of(
    row: DocumentRow, catalogue: Catalogue, *, access: Access, start: int = 0, length: int | None = None
) -> DocumentTextOut:
    """A document's text from `start` on, all of it or `length` characters."""
    text = catalogue.text(row.collection, row.document, access=access)
    end = len(text) if length is None else start + length
    return DocumentTextOut(
        id=row.id,
        document=printable(row.document),
        version=row.version,
        text=printable(text[start:end]),
        start=start,
        characters=len(text),
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
    tell_search(found)
    ended_up = None
    if body.trace is not None:
        ended_up = trace(indexes, body.text, body.trace, access=access, collection=body.collection, filters=body.wanted)
    if not access.everything:  # how rare a word is tells of documents that the caller may not read
        found = replace(found, hits=tuple(replace(hit, keyword=None) for hit in found.hits))
        ended_up = replace(ended_up, keyword=None) if ended_up else None
    return SearchOut.of(found, explain=body.explain, trace=ended_up)
