"""The aliases that routes name, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, cast

from fastapi import Depends, Path
from fastapi.params import Depends as Dependency
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.requests import HTTPConnection, Request

from core.access import Access, Principal, Scope, require
from core.errors import Unavailable
from core.logs import request_id
from service.api.auth.caller import caller_of
from service.api.limits.rates import Rates
from service.api.live import Live
from service.api.state import Evaluations, Service, Upkeep


async def _service(connection: HTTPConnection) -> AsyncIterator[Service]:
    with _live(connection).reading() as service:
        yield service


def _writing(connection: HTTPConnection) -> Iterator[Service]:
    with _live(connection).writing() as service:  # may wait: not a coroutine
        yield service


async def _upkeep(connection: HTTPConnection) -> Upkeep:
    upkeep = _live(connection).upkeep
    if upkeep is None:
        raise Unavailable("This service cannot exchange its index. Start it with `touchstone serve`.")
    return upkeep


async def _evaluations(connection: HTTPConnection) -> Evaluations:
    evaluations = _live(connection).evaluations
    if evaluations is None:
        raise Unavailable("This service runs no evaluations. Start it with `touchstone serve`.")
    return evaluations


def _live(connection: HTTPConnection) -> Live:
    return cast(Live, connection.state.live)


async def _request_id() -> str:
    return request_id.get()


CurrentService = Annotated[Service, Depends(_service)]
BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="A key, or a token of the configured issuer.")
HEADER = APIKeyHeader(
    name="X-API-Key",
    auto_error=False,
    scheme_name="key",
    description="The same key, for clients that have this header alone.",
)


async def _principal(
    connection: HTTPConnection,
    described: Annotated[object, Depends(BEARER)],
    also: Annotated[object, Depends(HEADER)],
) -> Principal:
    del described, also  # they say in the OpenAPI document what `Gate` reads
    return caller_of(connection)


CurrentPrincipal = Annotated[Principal, Depends(_principal)]
"""Who calls. Raises Unauthorized."""


async def _access(principal: CurrentPrincipal) -> Access:
    return principal.access


def needs(scope: Scope) -> Dependency:
    """Lets callers pass who have the scope: every route below /v1 declares one. Raises Unauthorized and Forbidden."""

    async def allowed(principal: CurrentPrincipal) -> None:
        require(principal, scope)

    allowed.scope = scope  # type: ignore[attr-defined]  # for the test that looks for it
    return cast(Dependency, Depends(allowed))


WritingService = Annotated[Service, Depends(_writing)]
"""For requests that change something: they wait while another version of the index is put in place."""
CurrentUpkeep = Annotated[Upkeep, Depends(_upkeep)]
CurrentEvaluations = Annotated[Evaluations, Depends(_evaluations)]
CurrentAccess = Annotated[Access, Depends(_access)]
DocumentId = Annotated[str, Path(description="its id, as a list of documents has it")]
JobId = Annotated[str, Path(description="its id, as a list of ingestions has it")]
RequestId = Annotated[str, Depends(_request_id)]


async def within_rate(request: Request, principal: CurrentPrincipal) -> None:
    """Take one of the caller's requests a minute: of its name, or of its address where no key is asked for."""
    _take(request, principal.name)


async def within_rate_of_address(request: Request) -> None:
    """Take one of the address's requests a minute: for pages, which people see before they have a key."""
    _take(request, "")


def _take(request: Request, name: str) -> None:
    rates: Rates | None = request.state.rates
    if rates is not None:
        rates.take(name or (request.client.host if request.client else ""))
