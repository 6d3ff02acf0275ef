"""Chat completions, for clients of OpenAI's API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from core.answers import Refusal
from core.errors import TouchstoneError
from core.until import Until
from service.answering.answer import Event, Found, Question, Text, answer, stream
from service.api.chats import ChatIn, ChatOut, ChatUsage, Told, cited, said
from service.api.dependencies import CurrentAccess, CurrentService, RequestId
from service.api.errors import STATUS, declared, openai_error
from service.api.schemas import OpenAIProblem
from service.api.streamed import EVENT, Streamed
from service.api.wire import printable, short_enough

router = APIRouter(tags=["answers"])

CHUNKS = {
    "description": "The reply; with `stream: true` as chunks in server-sent events, `[DONE]` after the last.",
    "content": {"text/event-stream": {"schema": EVENT}},
}


@router.post(
    "/chat/completions",
    summary="Answer the last message of a chat, for clients of OpenAI's API",
    response_model=ChatOut,
    responses={200: CHUNKS, **declared(402, 403, 404, 413, 422, 502, 503, 504, model=OpenAIProblem)},
)
def complete(
    body: ChatIn, service: CurrentService, access: CurrentAccess, request: RequestId
) -> ChatOut | StreamingResponse:
    """The message has `citations`; a refusal is a sentence, and `touchstone` says `answered: false` with the reason."""
    short_enough(body.question, service.settings.server.max_question_chars)
    question = Question(text=body.question, collection=body.collection, turns=body.turns)
    model, until = service.models(body.model), Until.never()
    settings = service.settings.answering
    if not body.stream:
        outcome = answer(question, access=access, indexes=service.indexes, model=model, settings=settings, until=until)
        return ChatOut.of(outcome, body, request)
    told = stream(question, access=access, indexes=service.indexes, model=model, settings=settings, until=until)
    first = next(event for event in told if not isinstance(event, Found))  # what fails until then has a status
    return Streamed(_chunks(chain([first], told), model.name, body, request), until)


def _chunks(told: Iterator[Event], model: str, asked: ChatIn, request: str) -> Iterator[str]:
    """The answer as it is told.

    Only a whole one gets a `finish_reason` and `[DONE]`; one that is cut off ends with an `error` instead.
    """
    head = {"id": f"chatcmpl-{request}", "object": "chat.completion.chunk", "created": int(time.time()), "model": model}

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: object) -> str:
        return _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})

    yield chunk({"role": "assistant", "content": ""})
    try:
        for event in told:
            if isinstance(event, Found):
                continue
            if isinstance(event, Text):
                yield chunk({"content": printable(event.text)})
                continue
            if isinstance(event, Refusal):
                yield chunk({"content": said(event)})
            citations = [citation.model_dump() for citation in cited(event)]
            beside = Told.of(event, asked, request).model_dump()
            yield chunk({"citations": citations}, "stop", citations=citations, touchstone=beside)
            if asked.stream_options and asked.stream_options.include_usage:
                yield _event({**head, "choices": [], "usage": ChatUsage.of(event.usage).model_dump()})
            yield "data: [DONE]\n\n"
    except TouchstoneError as error:
        yield _event({"error": openai_error(STATUS[type(error)], error.code, printable(str(error)))})


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"
