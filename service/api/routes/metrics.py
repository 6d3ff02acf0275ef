"""Figures for Prometheus."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, Request, Response

from core.access import require
from service.api.dependencies import CurrentService
from service.api.errors import declared
from service.api.observe.metrics import MEDIA_TYPE, Stored

router = APIRouter(tags=["health"])

EXAMPLE = "touchstone_documents 52.0\n"
PAGE = {
    "description": "Figures in Prometheus's text form.",
    "content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}},
}


async def may_look(request: Request, service: CurrentService) -> None:
    """Whoever has the scope admin, or everybody where the settings say so: how much is stored is in the figures."""
    if not service.settings.server.metrics_open:
        require(await request.state.gate.principal(request.headers, service), "admin")


may_look.scope = "admin"  # type: ignore[attr-defined]  # as `needs` says it


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: PAGE, **declared(401, 403)},
    dependencies=[Depends(may_look)],
)
async def metrics(request: Request, service: CurrentService) -> Response:
    """What has happened since the start; what is stored is counted anew every ten seconds at most."""
    stored = await request.state.stored.of(partial(Stored.of, service.indexes, service.settings.schedule))
    return Response(request.state.metrics.page(stored), media_type=MEDIA_TYPE)
