"""Answers."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from service.answering.answer import answer
from service.api.dependencies import CurrentAccess, CurrentService, RequestId, needs
from service.api.errors import declared
from service.api.questions import question_of
from service.api.schemas import AnswerOut, QueryIn
from service.api.wire import short_enough

router = APIRouter(tags=["answers"], dependencies=[needs("query")])

EVENTS = {
    "description": "The reply; with `stream: true` as server-sent events, `final` the last one and the same reply.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.post(
    "/query",
    summary="Answer a question, quoting the documents it stands on",
    response_model=AnswerOut,
    responses={200: EVENTS, **declared(402, 403, 404, 413, 422, 502, 503)},
)
def query(
    body: QueryIn, service: CurrentService, access: CurrentAccess, request: RequestId
) -> AnswerOut | StreamingResponse:
    """Answer, or say why not: `answered: false` with a `reason` is a reply like any other."""
    short_enough(body.question, service.settings.server.max_question_chars)
    outcome = answer(
        question_of(body),
        access=access,
        indexes=service.indexes,
        model=service.models(body.model),
        settings=service.settings.answering,
    )
    reply = AnswerOut.of(outcome, request)
    if body.stream:
        return StreamingResponse(_events(reply), media_type="text/event-stream")
    return reply


def _events(reply: AnswerOut) -> Iterator[str]:
    """The checked text, then the whole reply: nothing is shown that could still be withdrawn."""
    if reply.answer is not None:
        yield f"event: text\ndata: {json.dumps({'text': reply.answer})}\n\n"
    yield f"event: final\ndata: {reply.model_dump_json()}\n\n"
