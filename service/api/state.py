"""What the routes work with, opened once by the lifespan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.settings import Settings

if TYPE_CHECKING:
    from indexes.open import Indexes
    from service.answering.generators.choose import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The open parts of a running service.

    `submit(source, collection)` queues a folder or file and returns the job's id; `models(name)` opens the
    named model, or the default one for None, and raises UnknownModel.
    """

    settings: Settings
    indexes: Indexes
    submit: Callable[[Path, str], str]
    models: Callable[[str | None], Model]
