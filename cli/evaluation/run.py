"""`touchstone evaluate run`: put the questions to the rungs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from cli.evaluation.options import Dataset, NoText
from cli.evaluation.progress import progress_on_screen
from cli.evaluation.show import show
from cli.evaluation.subject import subject_of
from cli.options import Collection, Data, Json, settings_of
from core.errors import BudgetReached


def run(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    dataset: Dataset,
    collection: Collection = "default",
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="M", help="A model of the settings.")] = None,
    rungs: Annotated[
        str, typer.Option("--rungs", metavar="A,B", help="Rungs, by name, or all; the usual ones when missing.")
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder of the run.")] = None,
    budget_usd: Annotated[float | None, typer.Option("--budget-usd", min=0, metavar="X", help="Spend cap.")] = None,
    no_text: NoText = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Put the questions to every rung, score the answers, and say which rung pays."""
    from evaluation.evaluate import evaluate

    settings = settings_of(context, data)
    if no_text:
        settings = settings.model_copy(
            update={"evaluation": settings.evaluation.model_copy(update={"report_text": False})}
        )
    folder = out or Path("runs") / f"{_stem(dataset)}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = [name.strip() for name in rungs.split(",") if name.strip()]
    cap = None if budget_usd is None else Decimal(str(budget_usd))
    with subject_of(settings, collection, model) as subject, progress_on_screen() as watch:
        try:
            evaluate(dataset, rungs=names, subject=subject, folder=folder, budget_usd=cap, progress=watch)
        except BudgetReached:
            if (folder / "results.json").is_file():
                show(folder, as_json=as_json)
            raise
    show(folder, as_json=as_json)


def _stem(dataset: Path) -> str:
    return dataset.name.removesuffix(".gz").removesuffix(".jsonl") or "run"
