"""What web pages may do here: this service's own, those of the origins that the settings list, and no others."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from ipaddress import ip_address
from typing import cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import TouchstoneError
from core.settings.service import ADDRESS, ROOT_PATH, USUAL_PORTS, ServerSettings
from service.api.auth.caller import Gate, is_loopback
from service.api.errors import CODES, problem, response_to
from service.api.limits.bodies import TAKES_UPLOADS, bodiless
from service.api.live import Live

TAKE_JSON = ("/v1/", "/mcp")
READS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
EXPOSED = ("X-Request-ID", "Location", "Retry-After", "WWW-Authenticate", "Mcp-Session-Id", "Mcp-Protocol-Version")
"""Headers of replies that a script on a listed origin can read, beside those that every script can."""
BAD_HOST = (
    "The Host header names a machine that this service does not know as itself. Use its address or localhost, send a "
    "key, or list the name in server.names."
)
ELSEWHERE = (
    "A page of another origin sent this. Open this service's own page, call the API from a program, or list the "
    "page's origin in server.origins."
)
NOT_JSON = "The body has to be JSON, sent with Content-Type: application/json."


class OwnPages:
    """Refuses what other web pages send by way of a reader's browser, before anything is done for it.

    - With 400 a name as Host that is not this service's: a page can make its own name mean this machine (DNS
      rebinding), and would then be taken for one of ours. An address cannot be made to mean another machine, and a
      page that does so has no key, so that neither is looked at.
    - With 403 a change sent by a page of another origin.
    - With 415 a body that is not said to be JSON: those can be sent from anywhere without the browser asking first.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self.app = app
        self.places = settings.names
        self.origins = frozenset(settings.origins)
        names = (_place("http", place) for place in settings.names)
        self.names = {"localhost", *(name for name, _ in filter(None, names))}
        if not is_loopback(settings.host):
            self.names |= {settings.host.lower(), socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            try:
                if not self._is_own(headers) and not await _has_key(scope, headers):
                    await problem(400, "bad_host", BAD_HOST)(scope, receive, send)
                    return
            except TouchstoneError as error:
                await response_to(error)(scope, receive, send)
                return
            refused = self._refused(scope, headers)
            if refused:
                await problem(refused, CODES[refused], ELSEWHERE if refused == 403 else NOT_JSON)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _is_own(self, headers: Headers) -> bool:
        """Whether the Host header names this service; no browser leaves it out."""
        hosts = headers.getlist("host")
        if not hosts:
            return True
        found = _place("http", hosts[0].lower())
        return len(hosts) == 1 and found is not None and (_is_address(found[0]) or found[0] in self.names)

    def _refused(self, scope: Scope, headers: Headers) -> HTTPStatus | None:
        """Why a request that would change something is refused; None: it is not."""
        if scope["method"] in READS:
            return None
        if self._from_elsewhere(headers):
            return HTTPStatus.FORBIDDEN
        if scope["path"].startswith(TAKE_JSON) and not bodiless(headers):
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind == "multipart/form-data":
                right = scope["path"].rstrip("/") in TAKES_UPLOADS
            else:
                right = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
            return None if right else HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        return None

    def _from_elsewhere(self, headers: Headers) -> bool:
        """Whether a page of another origin, which is not listed, sent the request."""
        origins = headers.getlist("origin")
        if len(origins) == 1 and origins[0] in self.origins:
            return False
        if headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            return True
        return any(not self._is_ours(origin, headers) for origin in origins)

    def _is_ours(self, origin: str, headers: Headers) -> bool:
        """Whether an origin is that of this service's own page, as the Host header or `server.names` tell."""
        scheme, _, host = origin.partition("://")
        found = _place(scheme, host)
        ours: Iterable[str] = (headers.get("host", "").lower(), *self.places)
        return found is not None and found in {_place(scheme, place) for place in ours}


class BelowPath:
    """For a proxy that serves this below a path: takes that off if it is still there, and puts it into Location.

    `server.root_path` is the path, or else `X-Forwarded-Prefix` of the request, which only changes the addresses in the
    reply. Pages find it as `request.state.root`; empty: there is none.
    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        self.app = app
        self.root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        root, path = self.root or _forwarded(scope), scope["path"]
        if self.root and f"{path}/".startswith(f"{self.root}/"):
            path = path.removeprefix(self.root) or "/"

        async def send_below(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "location" in headers:
                    headers["location"] = root + re.sub("^[a-z]+://[^/]*", "", headers["location"])
            await send(message)

        await self.app({**scope, "path": path, "state": {**scope["state"], "root": root}}, receive, send_below)


def _forwarded(scope: Scope) -> str:
    said = Headers(scope=scope).get("x-forwarded-prefix", "").rstrip("/")
    return said if ROOT_PATH.fullmatch(said) else ""


async def _has_key(scope: Scope, headers: Headers) -> bool:
    """Whether a request shows a key or token that is good; an open door asks for none. Raises like `Gate.principal`."""
    live, gate, judged = (
        cast(Live, scope["state"]["live"]),
        cast(Gate, scope["state"]["gate"]),
        "caller" in scope["state"],
    )
    with live.reading() as service:
        if gate.is_open(service) or not ("authorization" in headers or "x-api-key" in headers):
            return False
        if not judged:  # what watches the service needs no key, but may show one
            await gate.principal(headers, service)
    if isinstance(error := scope["state"].get("caller"), TouchstoneError):
        raise error
    return True


def _place(scheme: str, host: str) -> tuple[str, int | None] | None:
    """Name and port of a host in small letters; None: it is none."""
    found = ADDRESS.fullmatch(host)
    if found is None or scheme not in USUAL_PORTS:
        return None
    return found[1], int(found[2]) if found[2] else USUAL_PORTS[scheme]


def _is_address(name: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(name.strip("[]")))
    return False
