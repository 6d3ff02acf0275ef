"""What happens to every request before a route sees it and after it has answered."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Sequence

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import TouchstoneError
from core.files import write_fault
from core.logs import request_id
from service.api.errors import CODES, OPENAI_PATHS, as_openai, problem, response_to
from service.api.limits.bodies import NOTHING, TAKES_UPLOADS, Lingering, bodiless, once
from service.api.limits.concurrency import ALWAYS, QUESTIONS, SEARCHES
from service.api.observe.request import Ended, Observer, Told, told

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
KNOWN = ALWAYS | SEARCHES | QUESTIONS | TAKES_UPLOADS
"""Paths that are named even of requests that got to no route."""
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
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


class Authenticate:
    """Judges the key of a request by its headers alone, for everything after it: see `access.caller_of`.

    Of a caller that is not known no body is read: the routes see an empty one, say that a key is needed, and the
    connection ends.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers, state = Headers(scope=scope), scope["state"]
        known = False
        if scope["path"] not in ALWAYS:
            try:
                with state["live"].reading() as service:
                    state["caller"] = await state["gate"].principal(headers, service)
                known = True
            except TouchstoneError as error:
                state["caller"] = error
        if bodiless(headers):
            await self.app(scope, receive, send)
            return
        ends = Lingering(receive, send)
        await self.app(scope, ends.receive if known else once(NOTHING, _never), ends.send)
        await ends.end()


async def _never() -> Message:
    await anyio.sleep_forever()
    raise AssertionError
