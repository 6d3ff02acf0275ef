"""A model by its name in the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.settings.load import Settings
from core.settings.sections import ModelSettings, Price
from indexes.embedders.protocol import Embedder
from service.answering.models.extractive import Extractive
from service.answering.models.openai import OpenAICompatible
from service.answering.models.protocol import Generator
from service.answering.models.scripted import Scripted


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A generator, and what packing and pricing need to know of it. Lengths in tokens, price in USD per million."""

    name: str
    generator: Generator
    price: Price | None
    context_window: int
    max_output_tokens: int


GENERATORS: dict[str, Callable[[ModelSettings, Embedder], Generator]] = {
    "extractive": lambda _, embedder: Extractive(embedder),
    "openai": lambda settings, _: OpenAICompatible(settings),
    "scripted": lambda settings, _: Scripted(settings.replies, settings.answers),
}
"""A generator by the `kind` of a model's settings."""


def open_model(settings: Settings, name: str | None, embedder: Embedder) -> Model:
    """The named model, or the default one for None. Nothing is sent to it yet.

    Raises:
        UnknownModel: the settings name no such model.
        SettingsError: a setting it needs is missing.
    """
    chosen, model = settings.model(name)
    return Model(
        name=chosen,
        generator=GENERATORS[model.kind](model, embedder),
        price=model.price,
        context_window=model.context_window,
        max_output_tokens=model.max_output_tokens,
    )
