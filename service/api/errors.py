"""Errors as problem details (RFC 9457). HTTP status codes of our errors are here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from core import errors
from core.logs import request_id
from service.api.schemas import Problem
from service.api.wire import in_words, printable

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[errors.TouchstoneError], int] = {
    errors.TouchstoneError: 500,
    errors.UsageError: 422,
    errors.SettingsError: 500,
    errors.SourceError: 422,
    errors.DatasetError: 422,
    errors.UnknownModel: 404,
    errors.UnknownCollection: 404,
    errors.UnknownDocument: 404,
    errors.UnknownJob: 404,
    errors.JobConflict: 409,
    errors.KeyReused: 422,
    errors.UnknownKey: 404,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.MissingPrice: 422,
    errors.BudgetReached: 402,
    errors.Unavailable: 503,
    errors.ModelUnavailable: 502,
    errors.EmbedderUnavailable: 502,
    errors.DataFolderOwned: 503,
    errors.IndexBroken: 500,
    errors.ParseError: 422,
}
"""One row for every class of the tree."""

CODES = {
    400: "malformed",
    401: "unauthorized",
    403: "cross_site",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    500: "internal",
}
"""The codes of errors that are HTTP's own."""


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The error as a response."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=printable(detail),
        code=code,
        request_id=request_id.get(),
    )
    return JSONResponse(body.model_dump(), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def register(app: FastAPI) -> None:
    """Make every error of a route a problem."""
    app.add_exception_handler(errors.TouchstoneError, _ours)
    app.add_exception_handler(HTTPException, _https)
    app.add_exception_handler(RequestValidationError, _invalid)


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors a route can answer with, for the OpenAPI document."""
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in sorted({400, 500, *statuses})
    }


def describe_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Say of every declared error that it is a problem, which FastAPI cannot be told."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")):
                    response["content"] = content
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    return document


async def _ours(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, errors.TouchstoneError)
    asked = {"WWW-Authenticate": "Bearer"} if isinstance(error, errors.Unauthorized) else None
    return problem(STATUS[type(error)], error.code, str(error), asked)


async def _https(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {
        404: f"There is nothing at {request.url.path}. The API is described at /docs.",
        405: f"{request.method} is not possible at {request.url.path}.",
    }
    code = CODES.get(error.status_code, "error")
    return problem(
        error.status_code, code, details.get(error.status_code, f"{str(error.detail).rstrip('.')}."), error.headers
    )


async def _invalid(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem(400, CODES[400], f"The body is not JSON: {first['ctx']['error']}.")
    return problem(422, CODES[422], in_words(first))
