"""`touchstone evaluate score` and `report`: from the answers of a run to its results, without a call."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.evaluation.options import NoText, Run
from cli.evaluation.show import show
from cli.options import Data, Json, settings_of
from cli.output import amount, remark


def score(
    context: typer.Context,
    folder: Run,
    judge: Annotated[
        str | None,
        typer.Option("--judge", metavar="M", help="Have this model judge the answers that it has not judged yet."),
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Judge the answers of a run again; no model is called, unless one is named to judge."""
    from evaluation.evaluate import judge_with, rescore

    settings = settings_of(context, data)
    if judge:
        judged = judge_with(judge, folder, settings)
        remark(f"{judged.done:,} of {amount(judged.total, 'answer')} judged by {judge}, ${judged.spent_usd:.4f} spent.")
        if judged.unread:
            remark(f"{amount(judged.unread, 'judgement')} could not be read: unscored.")
        if judged.warning:
            remark(judged.warning)
    rescore(folder)
    show(folder, as_json=as_json)


def report(
    context: typer.Context,
    folder: Run,
    new_values: Annotated[
        bool, typer.Option("--new-values", help="For this report, take values and costs from the settings of today.")
    ] = False,
    no_text: NoText = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Compute results and report of a run again, with other values if the settings changed; no model is called."""
    from evaluation.evaluate import reprice

    settings = settings_of(context, data)
    reprice(folder, settings.evaluation if new_values else None, text=not no_text)
    show(folder, as_json=as_json)
