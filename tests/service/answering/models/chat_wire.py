"""What a server of /v1/chat/completions sends: a reply, and pieces of one."""

from __future__ import annotations

from typing import Any

GOOD = '{"quotes": [{"passage": 1, "text": "28 days"}], "answer": "28 days"}'
USAGE = {
    "prompt_tokens": 321,
    "completion_tokens": 12,
    "total_tokens": 333,
    "prompt_tokens_details": {"cached_tokens": 64},
}


def completion(text: str, finish: str | None, usage: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "small",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
        "usage": usage,
    }


def chunk(text: str, finish: str | None) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "small",
        "choices": [{"index": 0, "finish_reason": finish, "delta": {"content": text}}],
    }
