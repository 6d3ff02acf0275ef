"""Models."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.dependencies import CurrentService
from service.api.errors import declared
from service.api.records import ModelOut, ModelsOut

router = APIRouter(tags=["models"])


@router.get("/models", summary="List the models that questions can be put to", responses=declared())
def list_models(service: CurrentService) -> ModelsOut:
    """As OpenAI's API lists them; `id` is what a request names."""
    return ModelsOut.of(service.settings)


@router.get("/models/{model:path}", summary="Show a model", responses=declared(404))
def show_model(model: str, service: CurrentService) -> ModelOut:
    """As OpenAI's API shows it."""
    return ModelOut.of(service.settings, model)
