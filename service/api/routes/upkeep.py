"""Looking at what is stored, and putting it in order."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.dependencies import CurrentService, needs
from service.api.errors import declared
from service.api.wire.upkeep import PurgedOut, RepairedOut, VerifiedOut, VerifyIn

router = APIRouter(tags=["index"], dependencies=[needs("admin")])


@router.post("/index/verify", summary="Compare everything that is stored", responses=declared(403, 422))
def verify(body: VerifyIn, service: CurrentService) -> VerifiedOut:
    """Reads all of it: seconds for ten thousand chunks."""
    return VerifiedOut.of(service.indexes.caretaker.verify(full=body.full))


@router.post("/index/repair", summary="Make broken indexes again", responses=declared(403))
def repair(service: CurrentService) -> RepairedOut:
    """From the catalogue; nothing is embedded, and searches are answered meanwhile."""
    return RepairedOut(repaired=service.indexes.caretaker.repair())


@router.post("/index/purge", summary="Purge what was deleted from every file", responses=declared(403))
def purge(service: CurrentService) -> PurgedOut:
    """From the indexes, the uploads that no document stands for, and memory; by itself every `index.purge_hours`."""
    return PurgedOut(purged=service.indexes.caretaker.purge())
