"""Collections."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.dependencies import CurrentService
from service.api.errors import declared
from service.api.records import CollectionOut, CollectionsOut

router = APIRouter(tags=["documents"])


@router.get("/collections", summary="List the collections", responses=declared())
def list_collections(service: CurrentService) -> CollectionsOut:
    """Each with the number of its documents and chunks."""
    return CollectionsOut(collections=tuple(CollectionOut.of(row) for row in service.indexes.catalogue.collections()))
