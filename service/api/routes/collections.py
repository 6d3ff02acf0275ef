"""Collections."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.dependencies import CurrentAccess, CurrentService, needs
from service.api.errors import declared
from service.api.records import CollectionOut, CollectionsOut

router = APIRouter(tags=["documents"], dependencies=[needs("query")])


@router.get("/collections", summary="List the collections", responses=declared())
def list_collections(service: CurrentService, access: CurrentAccess) -> CollectionsOut:
    """Each with the number of its documents, and of their chunks, that the caller may read."""
    rows = service.indexes.catalogue.collections(access=access)
    return CollectionsOut(collections=tuple(CollectionOut.of(row) for row in rows))
