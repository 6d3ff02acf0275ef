"""Chat completions, for clients of OpenAI's API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from core.answers import Answer, Refusal
from core.errors import TouchstoneError
from service.answering.answer import Question, answer
from service.api.chats import ChatIn, ChatOut, ChatUsage, Told, cited, said
from service.api.dependencies import CurrentAccess, CurrentService, RequestId
from service.api.errors import STATUS, declared, openai_error
from service.api.wire import printable, short_enough

router = APIRouter(tags=["answers"])

CHUNKS = {
    "description": "The reply; with `stream: true` as chunks in server-sent events, `[DONE]` after the last.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.post(
    "/chat/completions",
    summary="Answer the last message of a chat, for clients of OpenAI's API",
    response_model=ChatOut,
    responses={200: CHUNKS, **declared(402, 403, 404, 413, 422, 502, 503)},
)
def complete(
    body: ChatIn, service: CurrentService, access: CurrentAccess, request: RequestId
) -> ChatOut | StreamingResponse:
    """The message has `citations`; a refusal is a sentence, and `touchstone` says `answered: false` with the reason."""
    question = body.talk[-1].text
    short_enough(question, service.settings.server.max_question_chars)
    outcome = answer(
        Question(text=question, collection=body.collection),
        access=access,
        indexes=service.indexes,
        model=service.models(body.model),
        settings=service.settings.answering,
    )
    if body.stream:
        return StreamingResponse(_events(iter([outcome]), body, request), media_type="text/event-stream")
    return ChatOut.of(outcome, body, request)


def _events(told: Iterator[Answer | Refusal], asked: ChatIn, request: str) -> Iterator[str]:
    """The answer as it is told, in chunks.

    Only a whole answer gets a `finish_reason` and `[DONE]`; what ends before it ends with an `error` instead.
    """
    head: dict[str, Any] = {
        "id": f"chatcmpl-{request}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": asked.model,
    }

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: object) -> str:
        return _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})

    yield chunk({"role": "assistant", "content": ""})
    try:
        for item in told:
            yield chunk({"content": said(item)})
            citations = [citation.model_dump() for citation in cited(item)]
            told_of = Told.of(item, asked, request).model_dump()
            yield chunk({"citations": citations}, "stop", citations=citations, touchstone=told_of)
            if asked.stream_options and asked.stream_options.include_usage:
                yield _event({**head, "choices": [], "usage": ChatUsage.of(item.usage).model_dump()})
            yield "data: [DONE]\n\n"
    except TouchstoneError as error:
        yield _event({"error": openai_error(STATUS[type(error)], error.code, printable(str(error)))})


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"
