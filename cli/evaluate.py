"""`touchstone evaluate`: which rung of the ladder pays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Data, Json, settings_of
from cli.output import amount, print_json, say

app = typer.Typer(help="Measure the rungs on the same questions, and say which one pays.", no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Measure the rungs on the same questions, and say which one pays."""


@app.command("check")
def check(
    context: typer.Context,
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="A question file in JSON lines.")],
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Check a question file, and say what it holds."""
    from evaluation.dataset import load_dataset

    settings_of(context, data)
    found = load_dataset(dataset)
    counts = {
        "questions": len(found.items),
        "unanswerable": sum(item.unanswerable for item in found.items),
        "with_evidence": sum(bool(item.evidence) for item in found.items),
        "documents": len({document for item in found.items for document in item.documents}),
    }
    if as_json:
        print_json({"dataset": found.name, "sha256": found.sha256, **counts})
        return
    say(
        f"{found.name}: {amount(counts['questions'], 'question')} on {amount(counts['documents'], 'document')}; "
        f"{counts['unanswerable']:,} unanswerable, {counts['with_evidence']:,} with evidence."
    )
