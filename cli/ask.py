"""`touchstone ask`: an answer with its quotes, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Collection, Data, Json, Within, settings_of
from cli.output import place, print_json, say
from core.answers import Mode

if TYPE_CHECKING:
    from service.api.wire.questions import AnswerOut


def ask(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question, in plain words.")],
    collection: Collection = "default",
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="M", help="A model named in the settings.")
    ] = None,
    mode: Annotated[
        Mode, typer.Option("--mode", help="Search, read the named documents, or ask the model alone.")
    ] = "rag",
    document: Within = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", metavar="N", help="Most passages searched.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Answer a question, quoting the documents it stands on."""
    from app.engine import request
    from cli.engine import open_engine
    from service.api.wire.questions import QueryIn

    settings = settings_of(context, data)
    body = request(
        QueryIn,
        question=question,
        collection=collection,
        model=model,
        mode=mode,
        documents=tuple(document or ()),
        limit=limit,
    )
    with open_engine(settings, reading=True) as engine:
        reply = engine.ask(body)
    if as_json:
        print_json(reply)
    else:
        show(reply)


def show(reply: AnswerOut) -> None:
    """The answer or the refusal, each quote with its place, and what it took."""
    from service.web.page import REFUSALS

    if reply.answer is not None:
        say((reply.answer, "bold"))
    else:
        say(("No answer. ", "bold"), REFUSALS.get(reply.reason or "", f"Reason: {reply.reason}."))  # type: ignore[call-overload]
    for citation in reply.citations:
        say("")
        say(f"“{citation.quote}”", indent=2)
        say((place(citation.document, citation.page), "dim"), indent=2)
    say("")
    say((took(reply), "dim"))


def took(reply: AnswerOut) -> str:
    """Model, cost and time in one line."""
    cost = "no price set" if reply.cost_usd is None else f"${reply.cost_usd:.4f}" if reply.cost_usd else "$0"
    return f"{reply.model} · {cost} · {reply.timings_ms.get('total', 0.0) / 1000:.2f} s"
