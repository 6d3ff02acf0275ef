"""From the wire to the words of answering."""

from __future__ import annotations

from service.answering.answer import Question
from service.api.schemas import QueryIn


def question_of(body: QueryIn) -> Question:
    """The question that a request asks."""
    return Question(
        text=body.question,
        collection=body.collection,
        mode=body.mode,
        documents=body.documents,
        limit=body.limit,
    )
