"""What is measured: the indexes of the data folder with a model over them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.settings import Settings

if TYPE_CHECKING:
    from evaluation.rungs import Subject


@contextmanager
def subject_of(settings: Settings, collection: str, model: str | None) -> Iterator[Subject]:
    """The open indexes with the model over them.

    Raises:
        DataFolderOwned: a service owns the data folder; measuring needs it alone.
    """
    from evaluation.rungs import Subject
    from indexes.open import open_indexes
    from service.answering.generators.choose import open_model

    if not settings.data.is_dir():
        raise UsageError(f"There is no data folder at {settings.data}. Run 'touchstone ingest FOLDER' first.")
    with open_indexes(settings) as indexes:
        best = settings.evaluation.best_model
        yield Subject(
            indexes=indexes,
            model=open_model(settings, model, indexes.embedder),
            settings=settings,
            collection=collection,
            best=open_model(settings, best, indexes.embedder) if best else None,
        )
