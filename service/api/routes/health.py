"""Live and ready."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request

from core.access import OWNER
from core.errors import TouchstoneError, Unavailable
from service.api.dependencies import CurrentService
from service.api.errors import declared
from service.api.state import Service
from service.api.wire.questions import HealthOut, ReadyOut

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="Say that the process answers", responses=declared())
async def health() -> HealthOut:
    """Touches nothing, and needs no thread: it answers while every worker is busy."""
    return HealthOut()


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="Say whether questions can be answered", responses=declared(503))
async def ready(request: Request, service: CurrentService) -> ReadyOut:
    """Asks the catalogue and the embedder, every few seconds at most. Not ready, too, once it was told to stop."""
    if request.state.live.stopping:
        raise Unavailable("Not ready: the service is about to stop.")
    found: ReadyOut = await request.state.ready.of(partial(_ready, service))
    return found


def _ready(service: Service) -> ReadyOut:
    try:
        service.indexes.catalogue.collections(access=OWNER)
        service.indexes.embedder.embed_query("ready")
    except TouchstoneError as error:
        raise Unavailable(f"Not ready: {error}") from error
    return ReadyOut(index_version=service.indexes.version, degraded=service.indexes.caretaker.troubles())
