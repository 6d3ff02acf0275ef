"""The Model Context Protocol over HTTP: the same caller, and the same access, as any other route."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from service.api.dependencies import CurrentAccess, CurrentService, needs
from service.api.tools import CALLER, Opener, ServiceTools

router = APIRouter(include_in_schema=False, dependencies=[needs("query")])


@router.post("/mcp")
async def call(request: Request, service: CurrentService, access: CurrentAccess) -> Response:
    """Hand the request to the SDK, which knows the protocol."""
    return _Handed(request.state.mcp, ServiceTools(service, access))


class _Handed(Response):
    """A response that the SDK writes."""

    def __init__(self, opened: Opener, tools: ServiceTools) -> None:
        super().__init__()
        self._opened, self._tools = opened, tools

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        manager = await self._opened()
        await manager.handle_request({**scope, CALLER: self._tools}, receive, send)
