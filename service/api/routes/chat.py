"""Chat completions, for clients of OpenAI's API."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from contextlib import closing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from core.answers import Answer, Refusal
from core.errors import TouchstoneError
from service.answering.answer import Event, Question, Text
from service.api.asking import Asking
from service.api.dependencies import CurrentAccess, CurrentService, RequestId, needs
from service.api.errors import declared, openai_error, status_of
from service.api.limits.disconnect import EVENT, UNBUFFERED, as_they_come, while_wanted
from service.api.wire.chat import ChatIn, ChatOut, ChatUsage, Told, cited, said
from service.api.wire.message import printable
from service.api.wire.questions import OpenAIProblem

router = APIRouter(tags=["answers"], dependencies=[needs("query")])

CHUNKS = {
    "description": "The reply; with `stream: true` as chunks in server-sent events, `[DONE]` after the last.",
    "content": {"text/event-stream": {"schema": EVENT}},
}


@router.post(
    "/chat/completions",
    summary="Answer the last message of a chat, for clients of OpenAI's API",
    response_model=ChatOut,
    responses={200: CHUNKS, **declared(401, 403, 404, 413, 422, 502, 503, 504, model=OpenAIProblem)},
)
async def complete(
    body: ChatIn, service: CurrentService, access: CurrentAccess, request: RequestId, connection: Request
) -> ChatOut | StreamingResponse:
    """The message has `citations`; a refusal is a sentence, and `touchstone` says `answered: false` with the reason."""
    turns = body.turns(service.settings.server.max_question_chars)
    question = Question(text=body.question, collection=body.collection, turns=turns)
    asking = Asking.of(service, access, body.model)
    if not body.stream:
        outcome = await while_wanted(connection, asking.until, lambda: asking.answer(question))
        return ChatOut.of(outcome, body, request)
    told = asking.stream(question)
    await while_wanted(connection, asking.until, lambda: next(told))  # what goes wrong so far has its own status
    return StreamingResponse(
        as_they_come(connection, asking.until, _chunks(told, asking.model.name, body, request)),
        media_type="text/event-stream",
        headers=UNBUFFERED,
    )


def _chunks(told: Generator[Event, None, None], model: str, asked: ChatIn, request: str) -> Generator[str, None, None]:
    """The answer as it is told.

    Only a whole one gets a `finish_reason` and `[DONE]`; one that is cut off ends with an `error` instead.
    """
    head = {"id": f"chatcmpl-{request}", "object": "chat.completion.chunk", "created": int(time.time()), "model": model}

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: object) -> str:
        return _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})

    yield chunk({"role": "assistant", "content": ""})
    try:
        with closing(told):
            for event in told:
                if isinstance(event, Text):
                    yield chunk({"content": printable(event.text)})
                    continue
                assert isinstance(event, Answer | Refusal), "what was found came first"
                if isinstance(event, Refusal):
                    yield chunk({"content": said(event)})
                citations = [citation.model_dump() for citation in cited(event)]
                beside = Told.of(event, asked, request).model_dump()
                yield chunk({"citations": citations}, "stop", citations=citations, touchstone=beside)
                if asked.stream_options and asked.stream_options.include_usage:
                    yield _event({**head, "choices": [], "usage": ChatUsage.of(event.usage).model_dump()})
                yield "data: [DONE]\n\n"
    except TouchstoneError as error:
        yield _event({"error": openai_error(status_of(error), error.code, printable(str(error)))})


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"
