"""Live and ready."""

from __future__ import annotations

from fastapi import APIRouter

from core.access import OWNER
from core.errors import TouchstoneError, Unavailable
from service.api.dependencies import CurrentService
from service.api.errors import declared
from service.api.schemas import HealthOut, ReadyOut

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Say that the process answers", responses=declared())
async def health() -> HealthOut:
    """Touches nothing, and needs no thread: it answers while every worker is busy."""
    return HealthOut()


@router.get("/readyz", summary="Say whether questions can be answered", responses=declared(503))
def ready(service: CurrentService) -> ReadyOut:
    """Asks the catalogue and the embedder."""
    try:
        service.indexes.catalogue.collections(access=OWNER)
        service.indexes.embedder.embed_query("ready")
    except TouchstoneError as error:
        raise Unavailable(f"Not ready: {error}") from error
    return ReadyOut(index_version=service.indexes.version, degraded=service.indexes.care.troubles())
