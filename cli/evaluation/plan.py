"""`touchstone evaluate plan`: what a run would take, and what it could show."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from cli.evaluation.options import BestModel, Dataset, Model, Replicates, Rungs, Split, named, settings_with
from cli.evaluation.subject import open_subject
from cli.options import Collection, Data, Json
from cli.output import amount, print_json, remark, say, table

if TYPE_CHECKING:
    from evaluation.prepare.plan import Plan


def plan(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    dataset: Dataset,
    collection: Collection = "default",
    model: Model = None,
    best_model: BestModel = None,
    rungs: Rungs = "",
    replicates: Replicates = None,
    split: Split = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Say what a run would ask and cost, and the smallest difference it could show; no model is called."""
    from evaluation.dataset import load_dataset
    from evaluation.prepare.plan import plan as planned
    from evaluation.run.rungs import runnable

    settings = settings_with(context, data, best_model=best_model, replicates=replicates, split=split)
    questions = load_dataset(dataset).select(settings.evaluation.split)
    with open_subject(settings, collection, model) as subject:
        chosen, skipped = runnable(named(rungs), subject)
        found = planned(questions, rungs=chosen, subject=subject)
    for name, reason in skipped.items():
        remark(f"{name} is left out: {reason}.")
    if as_json:
        totals = {"usd_low": found.usd_low, "usd_high": found.usd_high, "budget_usd": settings.evaluation.budget_usd}
        print_json(json.loads(json.dumps(asdict(found) | totals | {"skipped": skipped}, default=str)))
        return
    _show(found, settings.evaluation.budget_usd)


def _show(found: Plan, budget: Decimal) -> None:
    headings = ["rung", "model", "calls", "input tokens", "output tokens", "USD"]
    rows = [
        [
            rung.rung,
            rung.model,
            f"{rung.calls:,}",
            f"{rung.input_tokens_low:,}–{rung.input_tokens_high:,}",
            f"{rung.output_tokens_low:,}–{rung.output_tokens_high:,}",
            f"{rung.usd_low:.4f}–{rung.usd_high:.4f}",
        ]
        for rung in found.rungs
    ]
    table(headings, rows, numbers=range(2, len(headings)))
    say("")
    enough = "may not be enough" if found.usd_low <= budget else "is not enough"
    fits = "is enough" if found.usd_high <= budget else enough
    say(f"In all USD {found.usd_low:.4f} to {found.usd_high:.4f}. The budget of USD {budget:.2f} {fits}.")
    alike = f" in {amount(found.clusters, 'cluster')}" if found.clusters < found.questions else ""
    say(
        f"{amount(found.questions, 'question')}{alike}. The smallest difference they show, with 80 % power at p < 0.05:"
    )
    for share, difference in found.smallest.items():
        shown = "none" if difference is None else f"{100 * difference:.0f} points"
        say(f"{shown}, if two rungs differ on {share * 100:.0f} % of the questions", indent=2)
