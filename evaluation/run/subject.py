"""What is measured: the models of the settings over a collection, as the service opens them."""

from __future__ import annotations

from collections.abc import Sequence

from core.settings.load import Settings
from evaluation.run.contexts import Library
from evaluation.run.rungs import Rung, Subject
from indexes.embedders.cached import CachedEmbedder
from indexes.indexes import Indexes
from service.answering.answer import MARGIN
from service.answering.models.choose import Model, open_model
from service.answering.pack import tokens
from service.answering.prompt import instruction

REMEMBERED = 40_000
"""Texts whose vectors the built-in model keeps: the rungs give it the same passages over and over. 60 MB."""
QUESTION_TOKENS = 512
"""Left free for the question where as much is read as fits."""


def subject_of(
    indexes: Indexes, settings: Settings, *, collection: str = "default", model: str | None = None
) -> Subject:
    """The named model, or the default one, with the best model of the settings where there is one.

    Raises:
        UnknownModel: the settings name no such model.
        SettingsError: a setting that it needs is missing.
    """
    embedder = CachedEmbedder(indexes.embedder, most=REMEMBERED, bulk=REMEMBERED)
    best = settings.evaluation.best_model
    return Subject(
        indexes=indexes,
        model=open_model(settings, model, embedder),
        settings=settings,
        collection=collection,
        best=open_model(settings, best, embedder) if best else None,
    )


def provider(subject: Subject, model: Model) -> str:
    """Who is asked: models at one URL share its places."""
    return subject.settings.all_models()[model.name].base_url or model.name


def places(subject: Subject, rungs: Sequence[Rung]) -> dict[str, int]:
    """Calls at once by provider: the fewest that any of its models allows."""
    models = [rung.model(subject) for rung in rungs]
    allowed = [(provider(subject, model), subject.settings.all_models()[model.name].in_flight) for model in models]
    return {name: min(most for other, most in allowed if other == name) for name, _ in allowed}


def library_of(subject: Subject) -> Library:
    """The collection as the rungs read it."""
    model = subject.model
    return Library(
        indexes=subject.indexes,
        collection=subject.collection,
        answering=subject.settings.answering,
        room=model.context_window - model.max_output_tokens - tokens(instruction()) - QUESTION_TOKENS - MARGIN,
        seed=subject.settings.evaluation.seed,
        access=subject.access,
    )
