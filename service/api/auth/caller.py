"""Who is calling, told from the headers of a request; what follows from it is decided in core/access.py."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from core.access import THE_OWNER, Principal
from core.errors import SettingsError, TouchstoneError, Unauthorized
from core.keys import ANOTHER, PREFIX
from core.settings.load import Settings
from core.settings.service import ServerSettings
from service.api.observe.request import tell_caller
from service.api.state import Service

if TYPE_CHECKING:
    from service.api.auth.oidc import Issuer

T = TypeVar("T")

MAX_TOKEN_LENGTH = 16_384
"""Characters of a credential."""
THREADS = 4
"""For judging keys and tokens where that may wait."""
NEEDED = "This service needs a key: Authorization: Bearer KEY. `touchstone keys create` makes one."


class Gate:
    """Tells who calls. As long as no key was ever made and no issuer is configured, everybody on this machine owns all.

    `secret`: what the owner of the data folder can read there, and nobody else (indexes/upkeep/lock.py).
    """

    def __init__(self, settings: Settings, secret: str = "") -> None:
        self._server = settings.server
        self._secret = secret
        self._issuer: Issuer | None = None
        if settings.oidc.issuer:
            from service.api.auth.oidc import Issuer

            self._issuer = Issuer(settings.oidc)

        self._limiter: anyio.CapacityLimiter | None = None

    def is_open(self, service: Service) -> bool:
        """Whether no key is asked for."""
        return self._issuer is None and not service.indexes.catalogue.keys.any()

    async def principal(self, headers: Headers, service: Service) -> Principal:
        """The caller of a request with these headers.

        Raises:
            Unauthorized: a key is needed, and there is none, or it is wrong, expired or revoked.
            Unavailable: the issuer of tokens does not tell its keys.
        """
        if self.is_open(service):
            if is_loopback(self._server.host) or self._server.allow_anonymous:
                return THE_OWNER
            raise Unauthorized(NEEDED)
        credential = _credential(headers)
        if self._secret and hmac.compare_digest(credential.encode(), self._secret.encode()):
            return THE_OWNER
        if credential.startswith(PREFIX):
            return await self._by_key(credential, service)
        if self._issuer is None or "authorization" not in headers:
            raise Unauthorized(f"The key is not one of this service's. {ANOTHER}")
        return await self._in_thread(partial(self._issuer.principal, credential))  # may fetch the issuer's keys

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """What `work` returns; in one of a few threads of its own: callers who are not known take nobody else's."""
        self._limiter = self._limiter or anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)

    async def _by_key(self, key: str, service: Service) -> Principal:
        keys = service.indexes.catalogue.keys
        row = keys.checked(key)  # a read of one row: not worth a thread
        tell_caller(row.id)
        if keys.due(row):
            await self._in_thread(partial(keys.note_use, row))
        return Principal(row.name, frozenset(row.scopes), frozenset(row.groups))


def _credential(headers: Headers) -> str:
    """What a caller shows: one bearer token, or one key in X-API-Key.

    Raises:
        Unauthorized: there is none, or more than one.
    """
    shown = [*headers.getlist("authorization"), *headers.getlist("x-api-key")]
    if not shown:
        raise Unauthorized(NEEDED)
    if len(shown) > 1:
        raise Unauthorized("More than one key came with the request. Send one.")
    scheme, _, token = shown[0].partition(" ") if "authorization" in headers else ("bearer", "", shown[0])
    token = token.strip(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= MAX_TOKEN_LENGTH or not token.isascii() or " " in token:
        raise Unauthorized(NEEDED)
    return token


def caller_of(connection: HTTPConnection) -> Principal:
    """Whoever sent a request, as `Authenticate` judged it.

    Raises:
        Unauthorized: a key is needed, and there is none, or it is wrong, expired or revoked.
        Unavailable: the issuer of tokens does not tell its keys.
    """
    found: Principal | TouchstoneError = connection.state.caller
    if isinstance(found, TouchstoneError):
        raise found
    return found


def share_of(scope: Scope) -> str:
    """Whom a request counts for where things are shared: the caller by name, or its address where it has none."""
    caller = scope.get("state", {}).get("caller")
    name = caller.name if isinstance(caller, Principal) else ""
    client = scope.get("client")
    return name or (client[0] if client else "")


def is_loopback(host: str) -> bool:
    """True for this machine's own names and addresses."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_open_door(server: ServerSettings) -> None:
    """Without keys, listen to this machine alone unless the settings say otherwise.

    Raises:
        SettingsError: the host can be reached from elsewhere and `allow_anonymous` is off.
    """
    if is_loopback(server.host) or server.allow_anonymous:
        return
    raise SettingsError(
        f"Listening on {server.host} would let anyone who reaches it read every document. Make a key first "
        "(touchstone keys create --name NAME), use 127.0.0.1, or, behind a proxy that checks who asks, set "
        "server.allow_anonymous = true (TOUCHSTONE_SERVER__ALLOW_ANONYMOUS=true)."
    )
