"""`touchstone evaluate check`: what a question file holds, and what is wrong with it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.evaluation.material import corpus_of
from cli.evaluation.options import Dataset
from cli.options import Data, Json, settings_of
from cli.output import amount, print_json, say
from core.errors import UsageError

if TYPE_CHECKING:
    from evaluation.prepare.check import Checked


def check(
    context: typer.Context,
    dataset: Dataset,
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", metavar="C", help="Look for the gold in this collection too.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="RUN", help="A scored run: what plain prompting answered there.")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Check a question file before money is spent on it; exit 2 when something would make the figures wrong."""
    from cli.exits import EXIT_USAGE
    from evaluation.dataset import read_leniently
    from evaluation.prepare import check as checking
    from evaluation.scoring.score import read_scores

    settings = settings_of(context, data)
    items, unreadable, duplicates = read_leniently(dataset)
    if not items and not unreadable:
        raise UsageError(f"{dataset.name} holds no question: write one JSON object a line.")
    with corpus_of(settings, collection) if collection else nullcontext() as corpus:
        found = checking.check(
            items,
            unreadable=unreadable,
            duplicates=duplicates,
            corpus=corpus,
            scores=read_scores(run) if run else (),
        )
    if as_json:
        print_json({"dataset": dataset.name, **found.counts, **checking.as_json(found)})
    else:
        _show(dataset.name, found, collection)
    if found.errors:
        raise typer.Exit(EXIT_USAGE)


def _show(name: str, found: Checked, collection: str | None) -> None:
    from evaluation.prepare.check import OF_THE_SET, where_in_words

    counts, clusters = found.counts, found.clusters
    say(
        f"{name}: {amount(counts['questions'], 'question')} on {amount(counts['documents'], 'document')}; "
        f"{counts['unanswerable']:,} unanswerable, {counts['with_evidence']:,} with evidence."
    )
    splits = ", ".join(f"{split} {count:,}" for split, count in found.splits.items())
    largest = f"the largest, {clusters['largest']}, has {clusters['largest_size']:,}" if clusters["count"] else "none"
    say(f"Splits: {splits}. {amount(clusters['count'], 'cluster')}; {largest}.")
    if found.closed_book:
        known = found.closed_book
        share = f"{known['share'] * 100:.0f} %"
        say(f"Plain prompting answers {known['correct']:.0f} of {known['answerable']:.0f} ({share}).")
    for finding in found.findings:
        style = "red" if finding.severity == "error" else "yellow"
        count = "" if finding.kind in OF_THE_SET else f"{finding.count:,} "
        say((f"{finding.severity}: ", style), f"{count}{finding.sentence}: {where_in_words(finding.where)}")
    if not found.findings:
        say(("Nothing is wrong with it.", "green"))
    if collection is None:
        say(("Whether its gold is in the index was not looked at: name a --collection.", "dim"))
