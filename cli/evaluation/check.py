"""`touchstone evaluate check`: what a question file holds."""

from __future__ import annotations

import typer

from cli.evaluation.options import Dataset
from cli.options import Data, Json, settings_of
from cli.output import amount, print_json, say


def check(context: typer.Context, dataset: Dataset, as_json: Json = False, data: Data = None) -> None:
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
