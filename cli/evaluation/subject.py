"""What is measured: the indexes of the data folder with a model over them. Measuring changes nothing in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.settings.load import Settings

if TYPE_CHECKING:
    from evaluation.run.rungs import Subject


@contextmanager
def open_subject(settings: Settings, collection: str, model: str | None) -> Iterator[Subject]:
    """The indexes, open to be read, with the model over them; a service may own the folder."""
    from evaluation.run.subject import subject_of
    from indexes.read_only import open_to_read

    if not settings.data.is_dir():
        raise UsageError(f"There is no data folder at {settings.data}. Run 'touchstone ingest FOLDER' first.")
    with open_to_read(settings) as indexes:
        yield subject_of(indexes, settings, collection=collection, model=model)
