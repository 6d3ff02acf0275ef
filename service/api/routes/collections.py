"""Collections."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from indexes.collections import add_collection, remove_collection
from service.api.dependencies import CurrentAccess, CurrentService, WritingService, needs
from service.api.errors import declared
from service.api.wire.documents import CollectionIn, CollectionOut, CollectionsOut

router = APIRouter(tags=["documents"], dependencies=[needs("query")])


@router.get("/collections", summary="List the collections", responses=declared())
def list_collections(service: CurrentService, access: CurrentAccess) -> CollectionsOut:
    """Each with the number of its documents, and of their chunks, that the caller may read."""
    rows = service.indexes.catalogue.collections(access=access)
    return CollectionsOut(collections=tuple(CollectionOut.of(row) for row in rows))


@router.post(
    "/collections",
    summary="Make a collection",
    status_code=201,
    responses=declared(403, 409, 413, 422, 503),
    dependencies=[needs("admin")],
)
def add(body: CollectionIn, service: WritingService) -> CollectionOut:
    """Without a document yet. Ingestion makes the collection it names by itself."""
    return CollectionOut.of(add_collection(service.indexes.catalogue, body.name))


@router.delete(
    "/collections/{name:path}",
    summary="Remove a collection with everything in it",
    status_code=204,
    responses=declared(403, 404, 409, 422, 503),
    dependencies=[needs("admin")],
)
def remove(name: Annotated[str, Path(description="its name")], service: WritingService) -> Response:
    """Its documents, the record of its jobs and whatever anybody uploaded to it; source folders stay as they are."""
    remove_collection(service.indexes, name)
    return Response(status_code=204)
