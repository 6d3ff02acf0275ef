"""What happens to every request before a route sees it and after it has answered."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections import deque
from collections.abc import Sequence

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.files import write_fault
from core.logs import request_id
from core.settings import ServerSettings
from service.api.admission import ALWAYS, QUESTIONS, SEARCHES
from service.api.errors import CODES, OPENAI_PATHS, as_openai, problem, response_to
from service.api.telling import Ended, Observer, Told, told

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
TAKES_UPLOADS = frozenset({"/v1/ingestions"})
KNOWN = ALWAYS | SEARCHES | QUESTIONS | TAKES_UPLOADS
"""Paths that are named even of requests that got to no route."""
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STALLED = (
    "Nothing more of the body came for {:g} seconds. Send the request again over a connection that does not stall."
)
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none, browsers send `Origin: null` for the page's own form
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
}


class Identify:
    """Outermost: gives the request its id, tells how it ended, and turns a bug into a 500 problem."""

    def __init__(self, app: ASGIApp, observers: Sequence[Observer]) -> None:
        self.app = app
        self.observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(HEADER, "")
        name = given if SANE_ID.fullmatch(given) else secrets.token_hex(8)
        tokens = request_id.set(name), told.set(Told())
        now = told.get() or Told()
        began, started = time.time_ns(), time.perf_counter()
        as_openai.set(scope["path"].startswith(OPENAI_PATHS))
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                marked = MutableHeaders(scope=message)
                marked[HEADER] = name
                if scope["state"]["live"].stopping:
                    marked["Connection"] = "close"
                for header, value in SAFE_HEADERS.items():
                    marked.setdefault(header, value)
            await send(message)

        try:
            await self.app(scope, receive, send_marked)
        except Exception as error:
            logger.exception("request.failed", extra={"method": scope["method"]})
            if status:
                raise  # half an answer is out; the server cuts the connection, so that nobody takes it for whole
            fault = write_fault(error)
            detail = "Something went wrong inside Touchstone. The service's log has it under this request id."
            reply = problem(500, CODES[500], detail) if fault is None else response_to(fault)
            await reply(scope, receive, send_marked)
        finally:
            ended = Ended(
                request_id=name,
                method=scope["method"],
                route=route_of(scope),
                status=status,
                began=began,
                seconds=time.perf_counter() - started,
                headers=headers,
                told=now,
            )
            for observe in self.observers:
                observe(ended)
            request_id.reset(tokens[0])
            told.reset(tokens[1])


def route_of(scope: Scope) -> str:
    """The template of the request's path, as the routes give it, or where it was sent on to; else "none"."""
    included = scope.get("fastapi", {}).get("effective_route_context")
    route = included or scope.get("route")
    found: str | None = getattr(route, "path", None) or scope.get("root_path")
    return found or (scope["path"] if scope["path"] in KNOWN else "none")


def log_request(ended: Ended) -> None:
    """One line a request."""
    said = {
        "method": ended.method,
        "route": ended.route,
        "status": ended.status,
        "milliseconds": round(ended.seconds * 1000, 1),
        "key": ended.told.key,
        "code": ended.told.code,
        "model": ended.told.model,
        "refusal": ended.told.reason,
    }
    logger.info("request.ended", extra={name: value for name, value in said.items() if value is not None})


class BodyLimit:
    """Takes in a body before anything is begun for it, within limits of size and time; an upload as it is read.

    Refused are: with 413 what is larger than allowed, as soon as that is known; with 408 what stops arriving.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self.app = app
        self.upload_bytes = settings.max_upload_mb * 1_000_000
        self.body_bytes = settings.max_body_kb * 1_000
        self.seconds = settings.body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        upload = headers.get("content-type", "").startswith("multipart/form-data") and scope["path"] in TAKES_UPLOADS
        limit = self.upload_bytes if upload else self.body_bytes
        bounded = self._bounded(receive, limit)
        said = headers.get("content-length", "0")
        try:
            if said.isdecimal() and int(said[:20]) > limit:
                raise HTTPException(413, _too_large(limit))
            given = bounded if upload or _bodiless(headers) else _again(await _whole(bounded), receive)
        except HTTPException as error:
            close = {"Connection": "close"} if error.status_code == 408 else None
            await problem(error.status_code, CODES[error.status_code], error.detail, close)(scope, receive, send)
            return
        await self.app(scope, given, send)

    def _bounded(self, receive: Receive, limit: int) -> Receive:
        seen, more = 0, True

        async def receive_bounded() -> Message:
            nonlocal seen, more
            try:
                with anyio.fail_after(self.seconds if more else None):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, STALLED.format(self.seconds)) from None
            more = message.get("more_body", False)
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, _too_large(limit))
            return message

        return receive_bounded


def _bodiless(headers: Headers) -> bool:
    return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers


async def _whole(receive: Receive) -> list[Message]:
    """Everything up to the end of the body, or to the end of a connection that was cut before."""
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


def _again(messages: Sequence[Message], receive: Receive) -> Receive:
    """Hands out what was received, and then what comes."""
    waiting = deque(messages)

    async def receive_again() -> Message:
        return waiting.popleft() if waiting else await receive()

    return receive_again


def _too_large(limit: int) -> str:
    remedy = "Send less, or raise server.max_body_kb, or max_upload_mb for uploads."
    return f"The body is larger than the {limit:,} bytes accepted here. {remedy}"
