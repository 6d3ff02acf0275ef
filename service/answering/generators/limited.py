"""An HTTP client that reads no more of a reply than a reply can need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from service.answering.generators.failures import Encoded, TooLong

if TYPE_CHECKING:
    import httpx

BYTES_PER_TOKEN = 1024
"""A streamed token comes in an event of some 300 bytes."""
ENVELOPE = 65_536


def limited_client(seconds: float, *, tokens: int) -> httpx.AsyncClient:
    """A client for one model. A reply of more bytes than `tokens` can have, or a compressed one, is an error.

    `seconds` bounds each wait on the network; the whole call is bounded by who makes it.
    """
    import httpx

    most = ENVELOPE + BYTES_PER_TOKEN * tokens

    class _Limited(httpx.AsyncByteStream):
        def __init__(self, stream: httpx.AsyncByteStream) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            seen = 0
            async for piece in self._stream:
                seen += len(piece)
                if seen > most:
                    raise TooLong
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def limit(response: httpx.Response) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise Encoded
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Limited(response.stream)

    return httpx.AsyncClient(
        timeout=seconds, headers={"Accept-Encoding": "identity"}, event_hooks={"response": [limit]}
    )
