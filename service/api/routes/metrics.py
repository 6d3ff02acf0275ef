"""Figures for Prometheus."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, Request, Response

from service.api.dependencies import CurrentService
from service.api.errors import declared
from service.api.metrics import MEDIA_TYPE, Stored

router = APIRouter(tags=["health"])

PAGE = {"description": "Figures in Prometheus's text form.", "content": {"text/plain": {"schema": {"type": "string"}}}}


async def may_look() -> None:
    """Whoever reaches the service may: there is nothing in the figures of what is stored or asked."""


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: PAGE, **declared()},
    dependencies=[Depends(may_look)],
)
async def metrics(request: Request, service: CurrentService) -> Response:
    """What has happened since the start; what is stored is counted anew every ten seconds at most."""
    stored = await request.state.stored.of(partial(Stored.of, service.indexes))
    return Response(request.state.metrics.page(stored), media_type=MEDIA_TYPE)
