"""Measuring while a service owns the data folder: the service does it, and the run is copied from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UsageError
from core.settings.load import Settings

if TYPE_CHECKING:
    from app.remote import RemoteEngine
    from evaluation.run.run import Progress


def serving(settings: Settings) -> RemoteEngine | None:
    """The service that owns the data folder, if one does."""
    from app.remote import RemoteEngine
    from indexes.upkeep.lock import owner_of

    owner = owner_of(settings.data) if settings.data.is_dir() else None
    return RemoteEngine(owner.url, owner.secret) if owner and owner.url else None


def evaluate_through(
    service: RemoteEngine,
    dataset: Path,
    asked: Mapping[str, Any],
    *,
    data: Path,
    folder: Path,
    watch: Callable[[Progress], None],
) -> None:
    """Have the service measure, to the end, and copy what it wrote to `folder`.

    `asked`: the fields of EvaluationIn but its questions. Openings of held-out questions are counted beside their file.

    Raises:
        UsageError: the folder holds a run: going on with it needs the data folder itself.
        DatasetError: the file cannot be read.
        BudgetReached, Cancelled, or what else ended it; after the copy, where there is something.
    """
    from app.engine import request
    from app.evaluation_store import INLINE, RUNS, STORED
    from app.remote import raise_error
    from evaluation.dataset import load_dataset
    from evaluation.evaluate import reprice
    from evaluation.run.splits import note_split, open_split
    from service.api.wire.evaluations import EvaluationIn

    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            f"{folder} is not empty, and going on with a run needs the data folder itself, which the service at "
            f"{service.url} owns. Name an empty folder with --out, or stop the service first."
        )
    split = asked.get("split")
    questions = load_dataset(dataset).select(split)
    lines = questions.content.decode("utf-8-sig").split("\n")
    items = [json.loads(line) for line in lines if line.strip()]
    done = service.evaluate(request(EvaluationIn, items=items, **asked), watch)
    made = data / RUNS / done.evaluation_id
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns(STORED, f"{INLINE}*"), dirs_exist_ok=True)
    opened = open_split(dataset, questions, split, folder)
    if done.report:
        note_split(folder, opened)
        reprice(folder)
    if done.error:
        raise_error(done.error.code, done.error.detail)
