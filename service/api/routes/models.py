"""Models."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from service.api.dependencies import CurrentService, needs
from service.api.errors import declared
from service.api.wire.documents import ModelOut, ModelsOut
from service.api.wire.questions import OpenAIProblem

router = APIRouter(tags=["models"], dependencies=[needs("query")])


@router.get(
    "/models", summary="List the models that questions can be put to", responses=declared(401, 403, model=OpenAIProblem)
)
def list_models(service: CurrentService) -> ModelsOut:
    """As OpenAI's API lists them; `id` is what a request names."""
    return ModelsOut.of(service.settings)


@router.get("/models/{model:path}", summary="Show a model", responses=declared(401, 403, 404, 422, model=OpenAIProblem))
def show_model(
    model: Annotated[str, Path(description="its name in the settings")], service: CurrentService
) -> ModelOut:
    """As OpenAI's API shows it."""
    return ModelOut.of(service.settings, model)
