"""Documents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from indexes.twins import near_duplicates
from indexes.write import remove_document
from service.api.dependencies import CurrentAccess, CurrentService, DocumentId, WritingService
from service.api.errors import declared
from service.api.questions import text_of
from service.api.records import MOST_CHARACTERS, DocumentOut, DocumentsOut, DocumentTextOut

router = APIRouter(tags=["documents"])


@router.get("/documents", summary="List a collection's documents", responses=declared(404, 422))
def list_documents(
    service: CurrentService,
    access: CurrentAccess,
    collection: Annotated[str, Query(description="of which collection")] = "default",
    limit: Annotated[int, Query(ge=1, le=1000, description="most documents in one reply")] = 100,
    offset: Annotated[int, Query(ge=0, le=1 << 31, description="documents left out at the beginning")] = 0,
) -> DocumentsOut:
    """In the order of their names."""
    service.indexes.catalogue.require_collection(collection)
    rows = service.indexes.catalogue.documents(collection, access=access)
    near = near_duplicates(service.indexes.catalogue, collection, access=access)
    page = tuple(DocumentOut.of(row, near) for row in rows[offset : offset + limit])
    return DocumentsOut(documents=page, total=len(rows))


@router.get("/documents/{document_id}", summary="Show a document", responses=declared(404))
def show_document(document_id: DocumentId, service: CurrentService, access: CurrentAccess) -> DocumentOut:
    """What the catalogue knows of it."""
    catalogue = service.indexes.catalogue
    row = catalogue.document_with_id(document_id, access=access)
    return DocumentOut.of(row, near_duplicates(catalogue, row.collection, access=access))


@router.get("/documents/{document_id}/text", summary="Read a document's extracted text", responses=declared(404))
def show_text(
    document_id: DocumentId,
    service: CurrentService,
    access: CurrentAccess,
    start: Annotated[int, Query(ge=0, le=MOST_CHARACTERS, description="the first character to read")] = 0,
    length: Annotated[int | None, Query(ge=1, le=MOST_CHARACTERS, description="most characters; none: all")] = None,
) -> DocumentTextOut:
    """The text into which the offsets of hits and citations point, or a stretch of it."""
    catalogue = service.indexes.catalogue
    row = catalogue.document_with_id(document_id, access=access)
    return text_of(row, catalogue, access=access, start=start, length=length)


@router.delete(
    "/documents/{document_id}",
    summary="Remove a document from the index",
    status_code=204,
    responses=declared(403, 404, 503),
)
def remove(document_id: DocumentId, service: WritingService, access: CurrentAccess) -> Response:
    """The source file stays; the next ingestion of its folder brings the document back."""
    row = service.indexes.catalogue.document_with_id(document_id, access=access)
    remove_document(service.indexes, row.collection, row.document)
    return Response(status_code=204)
