"""The index as a whole: its versions, and going from one to another."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.dependencies import CurrentService, CurrentUpkeep, needs
from service.api.errors import declared
from service.api.wire.versions import IndexOut, PruneOut, RebuildIn, RebuildOut, RollbackOut

router = APIRouter(tags=["index"], dependencies=[needs("admin")])


@router.get("/index", summary="Show the versions of the index", responses=declared(503))
def show_index(service: CurrentService, upkeep: CurrentUpkeep) -> IndexOut:
    """The one that answers, the one before, and one that is being made."""
    return IndexOut.of(service.indexes.version, upkeep.overview())


@router.post(
    "/index/rebuild",
    summary="Make the next version of the index beside the live one",
    status_code=202,
    responses=declared(403, 409, 422, 503),
)
def rebuild(asked: RebuildIn, upkeep: CurrentUpkeep) -> RebuildOut:
    """The live version is served and written to meanwhile; the new one takes its place when it is ready and sound."""
    return upkeep.rebuild(asked)


@router.get("/index/rebuild", summary="Show how far the latest rebuild is", responses=declared(404, 503))
def show_rebuild(upkeep: CurrentUpkeep) -> RebuildOut:
    """Since the service started."""
    return upkeep.rebuilding()


@router.post("/index/rollback", summary="Serve the version before again", responses=declared(403, 409, 422, 503))
def roll_back(upkeep: CurrentUpkeep) -> RollbackOut:
    """What was removed since stays removed; what changed since is read again by the next ingestion of its source."""
    return upkeep.roll_back()


@router.post("/index/prune", summary="Remove every version but the live one", responses=declared(403, 409, 503))
def prune(upkeep: CurrentUpkeep) -> PruneOut:
    """There is nothing to roll back to afterwards."""
    return upkeep.prune()
