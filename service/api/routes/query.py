"""Answers."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from core.errors import TouchstoneError
from service.answering.answer import Event, Found, Text
from service.api.asking import Asking
from service.api.dependencies import CurrentAccess, CurrentService, RequestId, needs
from service.api.errors import declared, problem_of
from service.api.limits.disconnect import EVENT, UNBUFFERED, as_they_come, while_wanted
from service.api.questions import question_of
from service.api.wire.message import printable
from service.api.wire.questions import AnswerOut, QueryIn

router = APIRouter(tags=["answers"], dependencies=[needs("query")])

EVENTS = {
    "description": "The reply. With `stream: true` server-sent events: `found` with the documents that are read, "
    "`text` with pieces of the answer, none of which is withdrawn, and one last `final` with the same reply, or with a "
    "problem where something went wrong. Without `final` the reply is cut off.",
    "content": {"text/event-stream": {"schema": EVENT}},
}


@router.post(
    "/query",
    summary="Answer a question, quoting the documents it stands on",
    response_model=AnswerOut,
    responses={200: EVENTS, **declared(403, 404, 413, 422, 502, 503, 504)},
)
async def query(
    body: QueryIn, service: CurrentService, access: CurrentAccess, request: RequestId, connection: Request
) -> AnswerOut | StreamingResponse:
    """Answer, or say why not: `answered: false` with a `reason` is a reply like any other."""
    asking = Asking.of(service, access, body.model)
    if not body.stream:
        outcome = await while_wanted(connection, asking.until, lambda: asking.answer(question_of(body)))
        return AnswerOut.of(outcome, request)
    events = asking.stream(question_of(body))
    found = await while_wanted(connection, asking.until, lambda: next(events))  # what goes wrong so far has its status
    return StreamingResponse(
        as_they_come(connection, asking.until, _events(found, events, request)),
        media_type="text/event-stream",
        headers=UNBUFFERED,
    )


def _events(found: Event, events: Generator[Event, None, None], request: str) -> Generator[str, None, None]:
    try:
        with closing(events):
            yield _event(found, request)
            for event in events:
                yield _event(event, request)
    except TouchstoneError as error:
        yield _lines("final", problem_of(error).model_dump_json())


def _event(event: Event, request: str) -> str:
    if isinstance(event, Found):
        documents = dict.fromkeys(printable(passage.hit.document) for passage in event.passages)
        return _lines("found", json.dumps({"documents": list(documents), "passages": len(event.passages)}))
    if isinstance(event, Text):
        return _lines("text", json.dumps({"text": printable(event.text)}))
    return _lines("final", AnswerOut.of(event, request).model_dump_json())


def _lines(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
