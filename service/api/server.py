"""The server under the routes: requests that never finish arriving, and being told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import secrets
import signal
import threading
from asyncio import TimerHandle
from functools import partial
from http import HTTPStatus
from time import monotonic
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.logs import request_id
from core.settings.service import ServerSettings
from service.api.errors import CODES, problem
from service.api.live import Live

logger = logging.getLogger(__name__)

HEAD_BYTES = 65_536
"""Most that a request's first line and headers may have, give or take what comes in one read."""
HEAD_FIELDS = 128
"""Most headers."""
HEAD_SECONDS = 10.0
"""Longest that the first line and headers may take to arrive."""
WRITE_SECONDS = 30.0
"""Longest that a client may take nothing of its answer."""
PIPELINED = 16
"""Most requests that a client may send ahead of the answer to the one before."""
REFUSALS = {
    HTTPStatus.REQUEST_TIMEOUT: f"The request's first line and headers did not come within {HEAD_SECONDS:g} seconds.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        f"The request's first line and headers have over {HEAD_BYTES:,} bytes, or over {HEAD_FIELDS} fields."
    ),
}
GRACE_SECONDS = 5.0
"""What stopping may take beyond `server.stop_seconds`."""


class Guarded(HttpToolsProtocol):
    """A connection that holds no more than it may; uvicorn knows no bounds, and keeps all that it is sent.

    A request must begin within bounds, and what is neither its head nor its body (trailers, the frames of chunks) has
    the same. A client that does not take its answer, or sends requests ahead of it, is let go. When there are more
    than `most` connections, so is the one whose client has been silent for longest.
    """

    def __init__(self, *args: Any, most: int, **named: Any) -> None:  # noqa: ANN401 -- uvicorn's own
        super().__init__(*args, **named)
        self._most = most
        self._timer: TimerHandle | None = None
        self._patience: TimerHandle | None = None
        self._head = False
        self._bytes = 0
        """Since the request began, or brought something of its body."""
        self._arrived = 0
        """Of the body, since the client was last heard of."""
        self._heard = monotonic()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request is waited for."""
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > self._most:
            waiting = (each for each in self.connections if isinstance(each, Guarded) and each.waits_for_client)
            min(waiting, key=lambda each: each._heard, default=self).transport.abort()

    @property
    def waits_for_client(self) -> bool:
        """Whether it is the client's turn: to send the rest of a request, to take the answer, or to begin anew."""
        cycle = self.cycle
        return cycle is None or self._head or cycle.more_body or cycle.response_complete or self.flow.write_paused

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for."""
        self._forget_timer()
        self._forget_patience()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins to arrive."""
        super().on_message_begin()
        self._head, self._bytes = True, 0
        self._expect_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head; those after a body say nothing that is wanted."""
        if self._head and not self.transport.is_closing():
            super().on_header(name, value)
            if len(self.headers) > HEAD_FIELDS:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._head = False
        self._heard = monotonic()
        self._forget_timer()
        if len(self.pipeline) >= PIPELINED:
            self.transport.abort()
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of its body."""
        if self.cycle is not None and not self.transport.is_closing():
            self._bytes = -1
            self._arrived += len(body)
            if self._arrived > HEAD_BYTES:
                self._arrived, self._heard = 0, monotonic()
            super().on_body(body)

    def on_message_complete(self) -> None:
        """It is there as a whole."""
        self._bytes = -1
        if self.cycle is not None and not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered."""
        self._heard = monotonic()
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        """Some of a request, or of several."""
        super().data_received(data)
        self._bytes = 0 if self._bytes < 0 else self._bytes + len(data)
        if self._head and self._bytes > HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._bytes > HEAD_BYTES:
            self.transport.abort()
        elif self.timeout_keep_alive_task is None and self.cycle is not None and self.cycle.response_complete:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def pause_writing(self) -> None:
        """The client does not take what is sent to it."""
        super().pause_writing()
        self._heard = monotonic()
        self._patience = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._forget_patience()

    def _refuse(self, status: HTTPStatus) -> None:
        if not self.transport.is_closing():
            request_id.set(secrets.token_hex(8))  # for nothing after it: the connection ends
            reply = problem(status, CODES[status], REFUSALS[status], {"Connection": "close"})
            fields = (name + b": " + value for name, value in reply.raw_headers)
            line = f"HTTP/1.1 {status.value} {status.phrase}".encode("ascii")
            self.transport.write(b"\r\n".join([line, *fields, b"", bytes(reply.body)]))
            self.transport.close()

    def _expect_head(self) -> None:
        self._forget_timer()
        self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _forget_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class GracefulServer(uvicorn.Server):
    """Stops when told to: says that it is not ready, then takes nothing more, then answers what it has, then ends.

    Whatever has not ended by then is left as a crash would leave it, which loses nothing: jobs go on at the next start.
    """

    def __init__(self, config: uvicorn.Config, live: Live, settings: ServerSettings) -> None:
        super().__init__(config)
        self._live, self._settings = live, settings

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, and see to it that it has an end."""
        if not self._live.stopping:
            self._live.stopping = True
            if sig == signal.SIGINT:
                self._settings = self._settings.model_copy(update={"drain_seconds": 0.0})
            longest = self._settings.drain_seconds + self._settings.stop_seconds + GRACE_SECONDS
            last = threading.Timer(longest, _end)
            last.daemon = True
            last.start()
        super().handle_exit(sig, frame)

    async def main_loop(self) -> None:
        """Until told to stop, and for as long as those who send requests need to notice."""
        await super().main_loop()
        await asyncio.sleep(self._settings.drain_seconds)


def config_of(app: object, settings: ServerSettings) -> uvicorn.Config:
    """How uvicorn runs the application."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=partial(Guarded, most=most_connections(settings)),  # type: ignore[arg-type]
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.stop_seconds)),
    )


def most_connections(settings: ServerSettings) -> int:
    """As many as the settings say, and no more than half of the files that this process may open."""
    return min(settings.connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


def _end() -> None:
    logger.warning("not everything had ended in time; it is left to the next start")
    logging.shutdown()
    os._exit(0)
