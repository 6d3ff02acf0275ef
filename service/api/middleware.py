"""What happens to every request before a route sees it and after it has answered."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.logs import request_id
from service.api.access import is_loopback
from service.api.errors import CODES, OPENAI_PATHS, as_openai, problem

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
MAX_JSON_BYTES = 1_000_000
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
}


class Identify:
    """Outermost: gives the request its id, logs how it ended, and turns a bug into a 500 problem."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        token = request_id.set(given if SANE_ID.fullmatch(given) else secrets.token_hex(8))
        as_openai.set(scope["path"].startswith(OPENAI_PATHS))
        started = time.perf_counter()
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[HEADER] = request_id.get()
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_marked)
        except Exception:
            logger.exception("request.failed", extra={"method": scope["method"]})
            if status:
                raise  # half an answer is out; the server cuts the connection, so that nobody takes it for whole
            detail = "Something went wrong inside Touchstone. The service's log has it under this request id."
            await problem(500, CODES[500], detail)(scope, receive, send_marked)
        finally:
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            route = getattr(scope.get("route"), "path", None)
            logger.info(
                "request.ended",
                extra={"method": scope["method"], "route": route, "status": status, "milliseconds": milliseconds},
            )
            request_id.reset(token)


class OwnPages:
    """Keeps other web pages out: a name they control as Host, or a form of theirs sent from the reader's browser."""

    def __init__(self, app: ASGIApp, listening_on: str) -> None:
        self.app = app
        self.any_name = not is_loopback(listening_on)
        """Behind a proxy or on a named machine: the names are not ours to know."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if not self.any_name and not is_loopback(_name(headers.get("host", ""))):
                detail = "The Host header names another machine; this service answers 127.0.0.1 and localhost."
                await problem(400, "bad_host", detail)(scope, receive, send)
                return
            if scope["method"] not in {"GET", "HEAD"} and headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
                await problem(403, CODES[403], "A page of another site sent this.")(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _name(host: str) -> str:
    """The Host header without its port."""
    return host.rpartition(":")[0] if re.search(r":\d*$", host) and not host.startswith("[") else host.partition("]")[0]


class BodyLimit:
    """Refuses a body larger than allowed, as soon as that is known, with 413."""

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self.app = app
        self.upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        form = headers.get("content-type", "").startswith("multipart/form-data")
        limit = self.upload_bytes if form else MAX_JSON_BYTES
        said = headers.get("content-length", "0")
        if said.isdecimal() and int(said) > limit:
            await problem(413, CODES[413], _too_large(limit))(scope, receive, send)
            return
        await self.app(scope, _counted(receive, limit), send)


def _counted(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def receive_counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, _too_large(limit))
        return message

    return receive_counted


def _too_large(limit: int) -> str:
    return f"The body is larger than the {limit:,} bytes accepted here."
