"""Errors as problem details (RFC 9457). HTTP status codes of our errors are here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from core import errors
from core.logs import request_id
from service.api.observe.request import tell_code
from service.api.wire.message import OUTER, in_words, printable
from service.api.wire.questions import Problem

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[errors.TouchstoneError], int] = {
    errors.TouchstoneError: 500,
    errors.UsageError: 422,
    errors.SettingsError: 500,
    errors.SourceError: 422,
    errors.DatasetError: 422,
    errors.UnknownModel: 404,
    errors.UnknownCollection: 404,
    errors.CollectionExists: 409,
    errors.UnknownDocument: 404,
    errors.NoPageImage: 404,
    errors.UnknownJob: 404,
    errors.JobConflict: 409,
    errors.KeyReused: 422,
    errors.TooManyRequests: 429,
    errors.UnknownKey: 404,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.MissingPrice: 422,
    errors.BudgetReached: 402,
    errors.Unavailable: 503,
    errors.ModelUnavailable: 502,
    errors.ModelBusy: 503,
    errors.ModelTimeout: 504,
    errors.DeadlineReached: 504,
    errors.Cancelled: 503,
    errors.EmbedderUnavailable: 502,
    errors.Overloaded: 503,
    errors.DatabaseBusy: 503,
    errors.DataFolderOwned: 503,
    errors.IndexBroken: 500,
    errors.InsufficientStorage: 507,
    errors.NotWritable: 503,
    errors.ParseError: 422,
}
"""One row for every class of the tree."""

CODES = {
    400: "malformed",
    401: "unauthorized",
    403: "cross_site",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    431: "headers_too_large",
    500: "internal",
}
"""The codes of errors that are HTTP's own."""


OPENAI_PATHS = ("/v1/chat/", "/v1/models")
as_openai: ContextVar[bool] = ContextVar("as_openai", default=False)
"""Whether the request came to a route whose clients look for an error as OpenAI's API has it."""


def status_of(error: errors.TouchstoneError) -> int:
    """The status of the most special of its classes that has one."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, *, parameter: str | None = None
) -> Response:
    """The error as a response; on OpenAI's routes with its `error` object besides."""
    tell_code(code)
    body = _problem(status, code, detail).model_dump()
    if as_openai.get():
        body["error"] = openai_error(status, code, body["detail"], parameter)
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def openai_error(status: int, code: str, detail: str, parameter: str | None = None) -> dict[str, str | None]:
    """The error as OpenAI's API has it."""
    kind = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(
        status, "server_error" if status >= 500 else "invalid_request_error"
    )
    code = "model_not_found" if code == errors.UnknownModel.code else code
    return {"message": detail, "type": kind, "param": parameter, "code": code}


def problem_of(error: errors.TouchstoneError) -> Problem:
    """One of our errors, for a response that has begun."""
    return _problem(status_of(error), error.code, str(error))


def _problem(status: int, code: str, detail: str) -> Problem:
    return Problem(
        title=HTTPStatus(status).phrase, status=status, detail=printable(detail), code=code, request_id=request_id.get()
    )


def response_to(error: errors.TouchstoneError) -> Response:
    """One of our errors as a response."""
    wait = getattr(error, "retry_after", None)
    headers = {} if wait is None else {"Retry-After": str(wait)}
    if isinstance(error, errors.Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return problem(status_of(error), error.code, str(error), headers)


def register(app: FastAPI) -> None:
    """Make every error of a route a problem."""
    app.add_exception_handler(errors.TouchstoneError, _ours)
    app.add_exception_handler(HTTPException, _https)
    app.add_exception_handler(RequestValidationError, _invalid)


def declared(*statuses: int, model: type[Problem] = Problem) -> dict[int | str, dict[str, Any]]:
    """The errors a route can answer with, for the OpenAPI document."""
    return {
        status: {"model": model, "description": HTTPStatus(status).phrase}
        for status in sorted({400, 413, 429, 500, 503, 507, *statuses})
    }


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Say what FastAPI cannot be told: that every error is a problem, and an example of everything."""
    for path in document["paths"].values():
        for method, operation in path.items():
            for status in OF_ANYTHING if method == "get" else OF_ANYTHING + OF_ANY_CHANGE:
                operation["responses"].setdefault(status, {"content": {MEDIA_TYPE: {"schema": _PROBLEM}}})
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")):
                    schema = next(iter(response["content"].values()))["schema"]
                    plain = schema["$ref"].endswith("/HTTPValidationError")
                    response["description"] = HTTPStatus(int(status)).phrase
                    response["content"] = {MEDIA_TYPE: {"schema": _PROBLEM if plain else schema}}
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for name, example in json.loads((files("service.api") / "examples.json").read_text("utf-8")).items():
        if name in schemas:
            schemas[name]["examples"] = [example]
    return document


OF_ANYTHING, OF_ANY_CHANGE = ("408", "431"), ("403", "413", "415")
"""What any request, and any but GET, can be answered with before a route sees it."""
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


async def _ours(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, errors.TouchstoneError)
    return response_to(error)


async def _https(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {
        404: f"There is nothing at {request.url.path}. The API is described at /docs.",
        405: f"{request.method} is not possible at {request.url.path}. Send {(error.headers or {}).get('Allow')}.",
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
    status = 400 if as_openai.get() else 422
    parameter = next((printable(str(part)) for part in first["loc"] if part not in OUTER), None)
    return problem(status, CODES[422], in_words(first), parameter=parameter)
