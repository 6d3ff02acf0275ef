"""Server-sent events whose work ends when nobody reads them."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from core.until import Until

EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "event": {"type": "string", "description": "what it is; none in a chat"},
        "data": {"type": "string", "description": "JSON"},
    },
}
"""What each event of a stream is, for the OpenAPI document."""


class Streamed(StreamingResponse):
    """Calls the work off when the last event is sent or the client has gone."""

    def __init__(self, events: Iterator[str], until: Until) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._until = until

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._until.cancel()
