"""Search."""

from __future__ import annotations

from fastapi import APIRouter

from core.filters import Filters
from indexes.search import search as search_indexes
from service.api.dependencies import CurrentAccess, CurrentService
from service.api.errors import declared
from service.api.schemas import SearchIn, SearchOut, short_enough

router = APIRouter(tags=["answers"])


@router.post("/search", summary="Find passages, best first", responses=declared(403, 404, 413, 422, 503))
def search(body: SearchIn, service: CurrentService, access: CurrentAccess) -> SearchOut:
    """Vector and keyword search, merged."""
    short_enough(body.text, service.settings.server.max_question_chars)
    found = search_indexes(
        service.indexes,
        body.text,
        access=access,
        collection=body.collection,
        limit=body.limit or service.settings.search.limit,
        filters=Filters(documents=frozenset(body.documents) or None),
    )
    return SearchOut.of(found)
