"""`touchstone evaluate run`: put the questions to the rungs."""

from __future__ import annotations

import typer

from cli.evaluation.options import (
    BestModel,
    Budget,
    Dataset,
    Model,
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
from cli.options import Collection, Data, Json
from cli.output import remark
from core.errors import BudgetReached, Cancelled


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
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Put the questions to every rung, score the answers, and say which rung pays.

    Running it again with the same --out goes on where it stopped.
    """
    from evaluation.evaluate import evaluate
    from evaluation.rungs import runnable

    settings = settings_with(context, data, best_model=best_model, replicates=replicates, split=split)
    folder = folder_of(out, dataset)
    with open_subject(settings, collection, model) as subject, progress_on_screen() as watch:
        for name, reason in runnable(named(rungs), subject)[1].items():
            remark(f"{name} is left out: {reason}.")
        try:
            evaluate(
                dataset, rungs=named(rungs), subject=subject, folder=folder, budget_usd=cap(budget_usd), progress=watch
            )
        except (BudgetReached, Cancelled):
            if (folder / "results.json").is_file():
                show(folder, as_json=as_json)
            raise
    show(folder, as_json=as_json)
