"""Whether a model works as it is set up, and what its server can do: one tiny call."""

from __future__ import annotations

import time
from dataclasses import dataclass

from core.answers import Draft, Hit, Passage
from core.deadline import Deadline
from core.errors import TouchstoneError
from core.settings.load import Settings
from indexes.embedders.protocol import Embedder
from service.answering.cite import cite
from service.answering.models.choose import Model, open_model
from service.answering.prompt import write_prompt

TEXT = "The annual fee of the Sample Club is 40 francs."
PASSAGES = (
    Passage(number=1, hit=Hit(chunk_id="check#0", document="check.txt", score=1.0, text=TEXT, start=0, end=len(TEXT))),
)
QUESTION = "What is the annual fee of the Sample Club?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one call of a model showed. What could not be seen, since there was no reply, is None."""

    model: str
    works: bool
    detail: str
    """What is wrong, or how the model did."""
    structured: str | None = None
    """The strictest form of reply that the server takes: json_schema, json_object or none."""
    streams: bool | None = None
    usage: bool | None = None
    """Whether the server reports tokens; without, no cost is known."""
    price: bool
    quotes: bool | None = None
    """Whether the model quoted the passage it was given, letter for letter."""
    seconds: float


def check(settings: Settings, name: str, embedder: Embedder) -> Checked:
    """Put one tiny question, as any question is put, to the model of this name.

    Raises:
        UnknownModel: the settings name no such model.
    """
    price = settings.model(name)[1].price is not None
    started = time.perf_counter()
    try:
        model = open_model(settings, name, embedder)
        until = Deadline.within(settings.server.deadline_s)
        *_, draft = model.generator.stream(write_prompt(QUESTION, PASSAGES), until=until)
    except TouchstoneError as error:
        return Checked(model=name, works=False, detail=str(error), price=price, seconds=time.perf_counter() - started)
    return _seen(model, draft, time.perf_counter() - started)


def _seen(model: Model, draft: Draft, seconds: float) -> Checked:
    abilities = model.generator.abilities
    quotes = bool(cite(draft.quotes, PASSAGES)[0])
    return Checked(
        model=model.name,
        works=True,
        detail="answers with quotes that hold" if quotes else "replies, but did not quote what it was given",
        structured=abilities.structured,
        streams=abilities.streams,
        usage=draft.usage is not None,
        price=model.price is not None,
        quotes=quotes,
        seconds=seconds,
    )
