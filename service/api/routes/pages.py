"""The pages: ask a question, read how the API is called."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from core.errors import TouchstoneError, UsageError
from service.answering.answer import answer
from service.api.dependencies import CurrentAccess, CurrentService
from service.api.errors import STATUS
from service.api.questions import question_of
from service.api.schemas import QueryIn
from service.api.telling import tell_answer
from service.api.wire import in_words, short_enough
from service.web.page import Choices, Shown, ask_page, reference_page, stylesheet

router = APIRouter(include_in_schema=False)


@router.get("/")
def show_page(service: CurrentService) -> HTMLResponse:
    """The empty page."""
    return HTMLResponse(ask_page(Shown(choices=_choices(service))))


@router.post("/")
def ask(
    service: CurrentService,
    access: CurrentAccess,
    question: Annotated[str, Form()] = "",
    collection: Annotated[str, Form()] = "default",
    model: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """The page with the answer, the refusal, or the sentence that says what was wrong."""
    shown = Shown(choices=_choices(service), question=question, collection=collection, model=model)
    try:
        body = _body(question, collection, model, service)
        outcome = tell_answer(
            answer(
                question_of(body),
                access=access,
                indexes=service.indexes,
                model=service.models(body.model),
                settings=service.settings.answering,
            )
        )
    except TouchstoneError as error:
        return HTMLResponse(ask_page(shown.with_problem(str(error))), status_code=STATUS[type(error)])
    return HTMLResponse(ask_page(shown.with_outcome(outcome)))


@router.get("/page.css")
async def show_stylesheet() -> Response:
    """The style of every page."""
    return Response(stylesheet(), media_type="text/css", headers={"Cache-Control": "max-age=300"})


@router.get("/docs")
def show_reference(request: Request) -> HTMLResponse:
    """How the API is called, from its own description."""
    return HTMLResponse(reference_page(request.app.openapi()))


def _choices(service: CurrentService) -> Choices:
    return Choices(
        collections=tuple(row.name for row in service.indexes.catalogue.collections()),
        models=tuple(service.settings.all_models()),
        default_model=service.settings.default_model(),
        longest_question=service.settings.server.max_question_chars,
    )


def _body(question: str, collection: str, model: str, service: CurrentService) -> QueryIn:
    if not question.strip():
        raise UsageError("Type a question first.")
    short_enough(question, service.settings.server.max_question_chars)
    try:
        return QueryIn(question=question, collection=collection, model=model or None)
    except ValidationError as error:
        raise UsageError(in_words(error.errors()[0])) from error
