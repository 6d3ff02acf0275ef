"""The server under the routes: requests that never finish arriving, and being told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import threading
from asyncio import TimerHandle
from http import HTTPStatus
from types import FrameType

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.logs import request_id
from core.settings import ServerSettings
from service.api.errors import CODES, problem
from service.api.live import Live

logger = logging.getLogger(__name__)

HEAD_BYTES = 65_536
"""Most that a request's first line and headers may have, give or take what comes in one read."""
HEAD_SECONDS = 10.0
"""Longest that they may take to arrive."""
REFUSALS = {
    HTTPStatus.REQUEST_TIMEOUT: f"The request's first line and headers did not come within {HEAD_SECONDS:g} seconds.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"The request's first line and headers have over {HEAD_BYTES:,} bytes.",
}
GRACE_SECONDS = 5.0
"""What stopping may take beyond `server.stop_seconds`."""


class Guarded(HttpToolsProtocol):
    """A connection whose requests must begin within bounds; uvicorn knows none, and keeps all that it is sent."""

    _timer: TimerHandle | None = None
    _head = False
    _bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request is waited for."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for."""
        self._forget_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins to arrive."""
        super().on_message_begin()
        self._forget_timer()
        self._head, self._bytes = True, 0
        self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._head = False
        self._forget_timer()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Some of a request, or of several."""
        super().data_received(data)
        if self._head:
            self._bytes += len(data)
            if self._bytes > HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self.timeout_keep_alive_task is None and self.cycle is not None and self.cycle.response_complete:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _refuse(self, status: HTTPStatus) -> None:
        if not self.transport.is_closing():
            request_id.set(secrets.token_hex(8))  # for nothing after it: the connection ends
            reply = problem(status, CODES[status], REFUSALS[status], {"Connection": "close"})
            fields = (name + b": " + value for name, value in reply.raw_headers)
            line = f"HTTP/1.1 {status.value} {status.phrase}".encode("ascii")
            self.transport.write(b"\r\n".join([line, *fields, b"", bytes(reply.body)]))
            self.transport.close()

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


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
        http=Guarded,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.stop_seconds)),
    )


def _end() -> None:
    logger.warning("not everything had ended in time; it is left to the next start")
    logging.shutdown()
    os._exit(0)
