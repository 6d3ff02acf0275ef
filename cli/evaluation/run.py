"""`touchstone evaluate run`: put the questions to the rungs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from cli.evaluation.options import (
    BestModel,
    Budget,
    Dataset,
    Model,
    NoText,
    Out,
    Replicates,
    Rungs,
    Split,
    cap,
    folder_of,
    named,
    settings_with,
)
from cli.evaluation.progress import progress_on_screen
from cli.evaluation.show import show
from cli.evaluation.subject import open_subject
from cli.evaluation.through import evaluate_through, serving
from cli.options import Collection, Data, Json
from cli.output import remark
from core.errors import BudgetReached, Cancelled
from core.settings.load import Settings


def run(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    dataset: Dataset,
    collection: Collection = "default",
    model: Model = None,
    best_model: BestModel = None,
    rungs: Rungs = "",
    replicates: Replicates = None,
    split: Split = None,
    out: Out = None,
    budget_usd: Budget = None,
    no_text: NoText = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Put the questions to every rung, score the answers, and say which rung pays.

    Running it again with the same --out goes on where it stopped.
    """
    settings = settings_with(context, data, best_model=best_model, replicates=replicates, split=split, no_text=no_text)
    folder = folder_of(out, dataset)
    asked: dict[str, Any] = {
        "collection": collection,
        "model": model,
        "rungs": named(rungs),
        "budget_usd": cap(budget_usd),
    }
    try:
        as_served = best_model is None and replicates is None  # a service measures as its own settings say
        if as_served and (service := serving(settings)):
            with service, progress_on_screen() as watch:
                wanted = asked | {"split": settings.evaluation.split or None, "text": not no_text}
                evaluate_through(service, dataset, wanted, data=settings.data, folder=folder, watch=watch)
        else:
            _measure(settings, dataset, folder, asked)
    except (BudgetReached, Cancelled):
        if (folder / "results.json").is_file():
            show(folder, as_json=as_json)
        raise
    show(folder, as_json=as_json)


def _measure(settings: Settings, dataset: Path, folder: Path, asked: Mapping[str, Any]) -> None:
    """In this process."""
    from evaluation.evaluate import evaluate
    from evaluation.run.rungs import runnable

    rungs, cap = asked["rungs"], asked["budget_usd"]
    with open_subject(settings, asked["collection"], asked["model"]) as subject, progress_on_screen() as watch:
        for name, reason in runnable(rungs, subject)[1].items():
            remark(f"{name} is left out: {reason}.")
        evaluate(dataset, rungs=rungs, subject=subject, folder=folder, budget_usd=cap, progress=watch)
