"""Work for a client that may go away meanwhile: then it is called off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request

from core.deadline import Deadline

T = TypeVar("T")

HEARTBEAT_SECONDS = 10.0
"""A client, and what stands between, hears something at least this often."""
HEARTBEAT = ": still at it\n\n"
UNBUFFERED = {"X-Accel-Buffering": "no"}
"""For proxies that would hold events back."""
EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "event": {"type": "string", "description": "what it is; none in a chat"},
        "data": {"type": "string", "description": "JSON"},
    },
}
"""What each event of a stream is, for the OpenAPI document."""


async def while_wanted(request: Request | None, until: Deadline, work: Callable[[], T]) -> T:
    """What `work` returns, done in a thread.

    `until` is called off when the client of the request goes away, and when whoever waits here is cancelled.
    """
    listening = asyncio.create_task(_call_off(request, until)) if request else None
    working = asyncio.ensure_future(anyio.to_thread.run_sync(work))
    try:
        await asyncio.wait({working})
    except asyncio.CancelledError:
        until.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait({working})
        working.exception()  # nobody is left to hear of it
        raise
    finally:
        if listening is not None:
            listening.cancel()
    return working.result()


async def as_they_come(
    request: Request, until: Deadline, events: Generator[str, None, None], *, every: float = HEARTBEAT_SECONDS
) -> AsyncIterator[str]:
    """Server-sent events, made in a thread, with a comment in every silence.

    When the client goes away, or this iterator is left, `until` is called off and the events are closed.
    """
    listening = asyncio.create_task(_call_off(request, until))
    coming: asyncio.Future[str | None] | None = None
    try:
        while True:
            coming = asyncio.ensure_future(anyio.to_thread.run_sync(next, events, None))
            while not coming.done():
                await asyncio.wait({coming}, timeout=every)
                if not coming.done():
                    yield HEARTBEAT
            event = coming.result()
            if event is None:
                return
            yield event
    finally:
        until.cancel()
        listening.cancel()
        with anyio.CancelScope(shield=True):
            if coming is not None:
                await asyncio.wait({coming})
            await anyio.to_thread.run_sync(events.close)


async def _call_off(request: Request, until: Deadline) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    until.cancel()
