"""The aliases that routes name, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from core.access import Access
from core.errors import Unavailable
from core.logs import request_id
from service.api.access import access_of_caller
from service.api.live import Live
from service.api.state import Service, Upkeep


async def _service(connection: HTTPConnection) -> AsyncIterator[Service]:
    with _live(connection).reading() as service:
        yield service


def _writing(connection: HTTPConnection) -> Iterator[Service]:
    with _live(connection).writing() as service:  # may wait: not a coroutine
        yield service


def _upkeep(connection: HTTPConnection) -> Upkeep:
    upkeep = _live(connection).upkeep
    if upkeep is None:
        raise Unavailable("This service cannot exchange its index. Start it with `touchstone serve`.")
    return upkeep


def _live(connection: HTTPConnection) -> Live:
    return cast(Live, connection.state.live)


def _request_id() -> str:
    return request_id.get()


CurrentService = Annotated[Service, Depends(_service)]
WritingService = Annotated[Service, Depends(_writing)]
"""For requests that change something: they wait while another version of the index is put in place."""
CurrentUpkeep = Annotated[Upkeep, Depends(_upkeep)]
CurrentAccess = Annotated[Access, Depends(access_of_caller)]
RequestId = Annotated[str, Depends(_request_id)]


async def within_rate(request: Request, access: CurrentAccess) -> None:
    """Take one of the caller's requests a minute: of its key, or of its address where no key is asked for."""
    rates = request.state.rates
    if rates is not None:
        address = request.client.host if request.client else ""
        rates.take(getattr(request.state, "principal", None) or getattr(access, "name", None) or address)
