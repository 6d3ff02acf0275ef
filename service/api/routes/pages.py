"""The pages: ask a question, read how the API is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import ValidationError

from core.access import Principal, require
from core.deadline import Deadline
from core.errors import Forbidden, TouchstoneError, Unauthorized, UsageError
from service.api.asking import Asking
from service.api.auth.caller import caller_of
from service.api.dependencies import CurrentService
from service.api.errors import status_of
from service.api.limits.disconnect import while_wanted
from service.api.questions import question_of
from service.api.state import Service
from service.api.wire.message import in_words, short_enough
from service.api.wire.questions import QueryIn
from service.web.page import Choices, Shown, ask_page, key_page, reference_page, script, stylesheet

router = APIRouter(include_in_schema=False)


async def _reader(request: Request) -> Principal | TouchstoneError:
    """Whoever may ask here, or what to tell them instead."""
    try:
        principal = caller_of(request)
        require(principal, "query")
    except (Unauthorized, Forbidden) as refusal:
        return refusal
    return principal


Reader = Annotated[Principal | TouchstoneError, Depends(_reader)]


@router.get("/")
def show_page(service: CurrentService, reader: Reader, request: Request) -> HTMLResponse:
    """The empty page; without a key where one is needed, a form for it and nothing of the data."""
    if isinstance(reader, TouchstoneError):
        return _asking_for_a_key(reader, request, status=200)
    return HTMLResponse(ask_page(Shown(home=_home(request), choices=_choices(service, reader))))


@router.post("/")
async def ask(
    request: Request,
    service: CurrentService,
    reader: Reader,
    question: Annotated[str, Form()] = "",
    collection: Annotated[str, Form()] = "default",
    model: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """The page with the answer, the refusal, or the sentence that says what was wrong."""
    if isinstance(reader, TouchstoneError):
        return _asking_for_a_key(reader, request, status=status_of(reader))
    until = Deadline.never()
    shown = Shown(home=_home(request), question=question, collection=collection, model=model)
    return await while_wanted(request, until, lambda: _answered(shown, service, reader, until))


def _answered(shown: Shown, service: Service, reader: Principal, until: Deadline) -> HTMLResponse:
    shown = replace(shown, choices=_choices(service, reader))
    try:
        body = _body(shown, service)
        outcome = Asking.of(service, reader.access, body.model, until).answer(question_of(body))
    except TouchstoneError as error:
        return HTMLResponse(ask_page(shown.with_problem(str(error))), status_code=status_of(error))
    return HTMLResponse(ask_page(shown.with_outcome(outcome)))


@router.get("/page.css")
async def show_stylesheet() -> Response:
    """The style of every page."""
    return Response(stylesheet(), media_type="text/css", headers={"Cache-Control": "max-age=300"})


@router.get("/page.js")
async def show_script() -> Response:
    """What lets Enter ask, shows cited pages, and keeps a key in the browser's tab and sends it along."""
    return Response(script(), media_type="text/javascript", headers={"Cache-Control": "max-age=300"})


@router.get("/docs")
def show_reference(request: Request) -> HTMLResponse:
    """How the API is called, from its own description."""
    service = f"{request.url.scheme}://{request.url.netloc}{request.state.root}"
    return HTMLResponse(reference_page(request.app.openapi(), home=_home(request), service=service))


@router.get("/openapi.json")
def show_description(request: Request) -> JSONResponse:
    """The API's own description, with the path that it is served below."""
    root = request.state.root
    return JSONResponse(request.app.openapi() | ({"servers": [{"url": root}]} if root else {}))


def _home(request: Request) -> str:
    """What addresses on a page begin with: the path it is served below, or one that leads there from every page."""
    return f"{request.state.root}/" if request.state.root else "./"


def _asking_for_a_key(refusal: TouchstoneError, request: Request, *, status: int) -> HTMLResponse:
    came = "authorization" in request.headers
    return HTMLResponse(key_page(str(refusal) if came else "", home=_home(request)), status_code=status)


def _choices(service: CurrentService, reader: Principal) -> Choices:
    collections = service.indexes.catalogue.collections(access=reader.access)
    return Choices(
        collections=tuple(row.name for row in collections),
        models=tuple(service.settings.all_models()),
        default_model=service.settings.default_model(),
        longest_question=service.settings.server.max_question_chars,
    )


def _body(shown: Shown, service: Service) -> QueryIn:
    if not shown.question.strip():
        raise UsageError("Type a question first.")
    short_enough(shown.question, service.settings.server.max_question_chars)
    try:
        return QueryIn(question=shown.question, collection=shown.collection, model=shown.model or None)
    except ValidationError as error:
        raise UsageError(in_words(error.errors()[0])) from error
