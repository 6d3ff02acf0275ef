"""Evaluations: which rung of the ladder pays, on the caller's questions and the documents that it may read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse

from service.api.dependencies import CurrentEvaluations, CurrentPrincipal, needs
from service.api.errors import declared
from service.api.wire.evaluations import EvaluationIn, EvaluationOut, EvaluationsOut
from service.api.wire.message import MAX_LIMIT

router = APIRouter(tags=["evaluation"], dependencies=[needs("evaluate")])

EvaluationId = Annotated[str, Path(description="its id, as a list of evaluations has it")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="most evaluations in the reply")]
PAGE = {"content": {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html><title>Climb …</title>"}}}
SANDBOX = {"Content-Security-Policy": "sandbox allow-scripts"}
"""The page stands alone: it has a policy of its own, and nothing of this origin is its business."""


@router.post(
    "/evaluations",
    summary="Put questions to the rungs of the ladder",
    status_code=202,
    responses=declared(403, 404, 409, 422),
)
def start(
    asked: EvaluationIn, runs: CurrentEvaluations, principal: CurrentPrincipal, response: Response
) -> EvaluationOut:
    """One at a time. It sees the documents that the caller may read, and no others; its state is at `Location`."""
    begun = runs.start(asked, principal)
    response.headers["Location"] = f"/v1/evaluations/{begun.evaluation_id}"
    return begun


@router.get("/evaluations", summary="List the latest evaluations", responses=declared(422))
def list_evaluations(runs: CurrentEvaluations, principal: CurrentPrincipal, limit: Limit = 20) -> EvaluationsOut:
    """Newest first; without the scope admin those that the caller began."""
    return EvaluationsOut(evaluations=tuple(runs.latest(principal, limit)))


@router.get("/evaluations/{evaluation_id}", summary="Show an evaluation", responses=declared(404))
def show(evaluation_id: EvaluationId, runs: CurrentEvaluations, principal: CurrentPrincipal) -> EvaluationOut:
    """How far it is, what it has spent, and in the end its verdict."""
    return runs.find(evaluation_id, principal)


@router.get(
    "/evaluations/{evaluation_id}/report",
    summary="Read the report of an evaluation",
    response_class=HTMLResponse,
    responses={**declared(404), 200: PAGE},
)
def report(evaluation_id: EvaluationId, runs: CurrentEvaluations, principal: CurrentPrincipal) -> HTMLResponse:
    """One HTML page that needs nothing else; of an evaluation that was stopped, on what was asked until then."""
    return HTMLResponse(runs.report(evaluation_id, principal), headers=SANDBOX)


@router.post(
    "/evaluations/{evaluation_id}/cancel", summary="End an evaluation", status_code=202, responses=declared(404, 409)
)
def cancel(evaluation_id: EvaluationId, runs: CurrentEvaluations, principal: CurrentPrincipal) -> EvaluationOut:
    """After the calls under way. What was answered until then is kept and reported."""
    return runs.cancel(evaluation_id, principal)


@router.post(
    "/evaluations/{evaluation_id}/resume",
    summary="Go on with an evaluation",
    status_code=202,
    responses=declared(404, 409, 422),
)
def resume(evaluation_id: EvaluationId, runs: CurrentEvaluations, principal: CurrentPrincipal) -> EvaluationOut:
    """With what it lacks, as it was begun; refused where documents, index, model or prompt have changed since."""
    return runs.resume(evaluation_id, principal)


@router.delete(
    "/evaluations/{evaluation_id}",
    summary="Remove an evaluation",
    status_code=204,
    responses=declared(404, 409),
)
def remove(evaluation_id: EvaluationId, runs: CurrentEvaluations, principal: CurrentPrincipal) -> None:
    """With its questions, answers and reports, for good."""
    runs.remove(evaluation_id, principal)
