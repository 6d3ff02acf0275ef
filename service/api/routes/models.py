"""Models."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.dependencies import CurrentService, needs
from service.api.errors import declared
from service.api.records import ModelsOut

router = APIRouter(tags=["models"], dependencies=[needs("query")])


@router.get("/models", summary="List the models that questions can be put to", responses=declared())
def list_models(service: CurrentService) -> ModelsOut:
    """As OpenAI's API lists them; `id` is what a request names."""
    return ModelsOut.of(service.settings)
