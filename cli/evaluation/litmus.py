"""`touchstone evaluate litmus`: whether search can help at all."""

from __future__ import annotations

import typer

from cli.evaluation.options import BestModel, Budget, Dataset, Model, Out, cap, folder_of, settings_with
from cli.evaluation.progress import progress_on_screen
from cli.evaluation.subject import open_subject
from cli.options import Collection, Data, Json
from cli.output import amount, print_json, say


def litmus(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    dataset: Dataset,
    collection: Collection = "default",
    model: Model = None,
    best_model: BestModel = None,
    out: Out = None,
    budget_usd: Budget = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Try a few questions without documents and with exactly the right passages, and say whether search can help."""
    from evaluation.prepare.litmus import litmus as tried
    from evaluation.prepare.litmus import written

    settings = settings_with(context, data, best_model=best_model)
    folder = folder_of(out, dataset, "-litmus")
    with open_subject(settings, collection, model) as subject, progress_on_screen() as watch:
        found = tried(dataset, subject=subject, folder=folder, budget_usd=cap(budget_usd), progress=watch)
    if as_json:
        print_json(written(found))
        return
    say((found.sentence, "bold"))
    say(f"{amount(found.questions, 'question')}, USD {found.spent_usd:.4f} spent.")
    say(("answers  ", "dim"), str(folder.absolute()))
