"""Search."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.dependencies import CurrentAccess, CurrentService, needs
from service.api.errors import declared
from service.api.questions import searched
from service.api.wire.searches import SearchIn, SearchOut

router = APIRouter(tags=["answers"], dependencies=[needs("query")])


@router.post("/search", summary="Find passages, best first", responses=declared(403, 404, 413, 422, 502, 503))
def search(body: SearchIn, service: CurrentService, access: CurrentAccess) -> SearchOut:
    """Vector and keyword search, merged; with `explain` how each hit was scored, with `trace` where a document is."""
    return searched(body, access=access, indexes=service.indexes, settings=service.settings)
