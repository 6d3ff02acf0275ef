"""Documents."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from core.access import Access, require_own
from core.errors import NoPageImage
from indexes.catalogue.duplicates import near_duplicates_of
from indexes.catalogue.groups import set_groups
from indexes.delete import delete_document
from service.api.auth.sources import uploads_of
from service.api.dependencies import (
    CurrentAccess,
    CurrentPrincipal,
    CurrentService,
    DocumentId,
    WritingService,
    needs,
)
from service.api.errors import declared
from service.api.questions import text_of
from service.api.state import Service
from service.api.wire.documents import MAX_CHARACTERS, DocumentIn, DocumentOut, DocumentsOut, DocumentTextOut

MAX_MARKED = 20_000
"""Characters."""
PICTURE = {
    "description": "The page.",
    "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
}

router = APIRouter(tags=["documents"])
READING = [needs("query")]


@router.get("/documents", summary="List a collection's documents", responses=declared(404, 422), dependencies=READING)
def list_documents(
    service: CurrentService,
    access: CurrentAccess,
    collection: Annotated[str, Query(description="of which collection")] = "default",
    limit: Annotated[int, Query(ge=1, le=1000, description="most documents in one reply")] = 100,
    offset: Annotated[int, Query(ge=0, le=1 << 31, description="documents left out at the beginning")] = 0,
) -> DocumentsOut:
    """In the order of their names."""
    catalogue = service.indexes.catalogue
    catalogue.require_collection(collection, access=access)
    rows = catalogue.documents(collection, access=access, limit=limit, offset=offset)
    near = near_duplicates_of(catalogue, rows, access=access)
    page = tuple(DocumentOut.of(row, near, access) for row in rows)
    return DocumentsOut(documents=page, total=catalogue.number_of_documents(collection, access=access))


@router.get("/documents/{document_id}", summary="Show a document", responses=declared(404), dependencies=READING)
def show_document(document_id: DocumentId, service: CurrentService, access: CurrentAccess) -> DocumentOut:
    """What the catalogue knows of it."""
    return _described(service, document_id, access)


@router.get(
    "/documents/{document_id}/text",
    summary="Read a document's extracted text",
    responses=declared(404),
    dependencies=READING,
)
def show_text(
    document_id: DocumentId,
    service: CurrentService,
    access: CurrentAccess,
    start: Annotated[int, Query(ge=0, le=MAX_CHARACTERS, description="the first character to read")] = 0,
    length: Annotated[int | None, Query(ge=1, le=MAX_CHARACTERS, description="most characters; none: all")] = None,
) -> DocumentTextOut:
    """The text into which the offsets of hits and citations point, or a stretch of it."""
    catalogue = service.indexes.catalogue
    row = catalogue.document_with_id(document_id, access=access)
    return text_of(row, catalogue, access=access, start=start, length=length)


@router.get(
    "/documents/{document_id}/pages/{number}.png",
    summary="Show a page of a PDF document, with what is cited marked",
    response_class=Response,
    responses={200: PICTURE, **declared(404, 422, 503)},
    dependencies=READING,
)
def show_page(
    document_id: DocumentId,
    number: Annotated[int, Path(ge=1, le=MAX_CHARACTERS, description="of the page, from 1")],
    service: CurrentService,
    access: CurrentAccess,
    start: Annotated[int, Query(ge=0, le=MAX_CHARACTERS, description="where the citation starts")] = 0,
    end: Annotated[int, Query(ge=0, le=MAX_CHARACTERS, description="where it ends; 0: nothing is marked")] = 0,
) -> Response:
    """Made from the file itself, which must be on the service's machine, as it was when it was ingested."""
    catalogue = service.indexes.catalogue
    row = catalogue.document_with_id(document_id, access=access)
    if service.pages is None:
        raise NoPageImage("This service shows no pages. Start it with `touchstone serve`.")
    marked = catalogue.text(row.collection, row.document, access=access)[start : min(end, start + MAX_MARKED)]
    return Response(service.pages.picture(row, number, marked=marked), media_type="image/png")


@router.patch(
    "/documents/{document_id}",
    summary="Change who may read a document",
    responses=declared(404, 422, 503),
    dependencies=[needs("admin")],
)
def change(document_id: DocumentId, body: DocumentIn, service: WritingService, access: CurrentAccess) -> DocumentOut:
    """With all that is in it; it holds for the very next query, and ingesting the file again does not change it."""
    catalogue = service.indexes.catalogue
    set_groups(catalogue, catalogue.document_with_id(document_id, access=access), body.groups)
    return _described(service, document_id, access)


@router.delete(
    "/documents/{document_id}",
    summary="Delete a document",
    status_code=204,
    responses=declared(404, 409, 422, 503),
    dependencies=[needs("ingest")],
)
def remove(document_id: DocumentId, service: WritingService, principal: CurrentPrincipal) -> Response:
    """With all that is in it and, if it was uploaded, with its file and metadata file: it does not come back.

    A document of a folder of the operator's keeps its file, and comes back with the folder's next ingestion unless the
    file is removed or excluded there. What came inside another document is deleted with that one (422), and an upload
    that a job is about to read again when the job is over (409). Without the scope admin, a caller deletes what it
    uploaded.
    """
    row = service.indexes.catalogue.document_with_id(document_id, access=principal.access)
    folder = uploads_of(principal, service.settings.data, row.collection)
    require_own(principal, own=row.source == os.path.realpath(folder))
    delete_document(service.indexes, row)
    return Response(status_code=204)


def _described(service: Service, document_id: DocumentId, access: Access) -> DocumentOut:
    catalogue = service.indexes.catalogue
    row = catalogue.document_with_id(document_id, access=access)
    return DocumentOut.of(row, near_duplicates_of(catalogue, [row], access=access), access)
