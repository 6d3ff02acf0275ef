"""What is measured: the models of the settings over a collection, as the service opens them."""

from __future__ import annotations

from core.settings import Settings
from evaluation.rungs import Subject
from indexes.embedders.remembering import Remembering
from indexes.open import Indexes
from service.answering.generators.choose import open_model

REMEMBERED = 40_000
"""Texts whose vectors the built-in model keeps: the rungs give it the same passages over and over. 60 MB."""


def subject_of(
    indexes: Indexes, settings: Settings, *, collection: str = "default", model: str | None = None
) -> Subject:
    """The named model, or the default one, with the best model of the settings where there is one.

    Raises:
        UnknownModel: the settings name no such model.
        SettingsError: a setting that it needs is missing.
    """
    embedder = Remembering(indexes.embedder, most=REMEMBERED, bulk=REMEMBERED)
    best = settings.evaluation.best_model
    return Subject(
        indexes=indexes,
        model=open_model(settings, model, embedder),
        settings=settings,
        collection=collection,
        best=open_model(settings, best, embedder) if best else None,
    )
