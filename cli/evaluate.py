"""`touchstone evaluate`: which rung of the ladder pays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Collection, Data, Json, settings_of
from cli.output import amount, err, print_json, remark, say, table
from core.errors import BudgetReached, UsageError

if TYPE_CHECKING:
    from core.settings import Settings
    from evaluation.run import Progress

app = typer.Typer(help="Measure the rungs on the same questions, and say which one pays.", no_args_is_help=True)

Dataset = Annotated[Path, typer.Argument(metavar="DATASET", help="A question file in JSON lines.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
LINE_EVERY = 50
"""Answers between two lines of progress where there is no terminal."""


@app.command("run")
def run(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    dataset: Dataset,
    collection: Collection = "default",
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="M", help="A model of the settings.")] = None,
    rungs: Annotated[str, typer.Option("--rungs", metavar="A,B", help="Rungs, by name; all when missing.")] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder of the run.")] = None,
    budget_usd: Annotated[float | None, typer.Option("--budget-usd", min=0, metavar="X", help="Spend cap.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Put the questions to every rung, score the answers, and say which rung pays."""
    from evaluation.evaluate import ALL_RUNGS, evaluate

    settings = settings_of(context, data)
    folder = out or Path("runs") / f"{_stem(dataset)}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = [name.strip() for name in rungs.split(",") if name.strip()] or ALL_RUNGS
    cap = None if budget_usd is None else Decimal(str(budget_usd))
    with _subject(settings, collection, model) as subject, progress_on_screen() as watch:
        try:
            evaluate(dataset, rungs=names, subject=subject, folder=folder, budget_usd=cap, progress=watch)
        except BudgetReached:
            if (folder / "results.json").is_file():
                _show(folder, as_json=as_json)
            raise
    _show(folder, as_json=as_json)


@app.command("score")
def score(context: typer.Context, folder: Run, as_json: Json = False, data: Data = None) -> None:
    """Judge the answers of a run again; no model is called."""
    from evaluation.evaluate import rescore

    settings_of(context, data)
    rescore(folder)
    _show(folder, as_json=as_json)


@app.command("report")
def report(
    context: typer.Context,
    folder: Run,
    new_values: Annotated[
        bool, typer.Option("--new-values", help="Take values and costs from the settings of today, not of the run.")
    ] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Compute results and report of a run again, with other values if the settings changed; no model is called."""
    from evaluation.evaluate import reprice

    settings = settings_of(context, data)
    reprice(folder, settings.evaluation if new_values else None)
    _show(folder, as_json=as_json)


@app.command("check")
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


@contextmanager
def _subject(settings: Settings, collection: str, model: str | None) -> Iterator[Any]:
    """The open indexes with the model over them.

    Raises:
        DataFolderOwned: a service owns the data folder; measuring needs it alone.
    """
    from evaluation.rungs import Subject
    from indexes.open import open_indexes
    from service.answering.generators.choose import open_model

    if not settings.data.is_dir():
        raise UsageError(f"There is no data folder at {settings.data}. Run 'touchstone ingest FOLDER' first.")
    with open_indexes(settings) as indexes:
        yield Subject(
            indexes=indexes,
            model=open_model(settings, model, indexes.embedder),
            settings=settings,
            collection=collection,
        )


def _show(folder: Path, *, as_json: bool) -> None:
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if as_json:
        print_json(results)
        return
    ladder(results)
    failed = sum(figures.get("errors", 0) for figures in results["rungs"].values())
    if failed:
        say((f"{amount(failed, 'call')} failed and count as unscored; running it again tries them again.", "yellow"))
    say("")
    say((results["verdict"]["sentence"], "bold"))
    say(("report   ", "dim"), str((folder / "report.html").absolute()))


def ladder(results: dict[str, Any]) -> None:
    """The table of rungs: how often right, and what a question earns."""
    rows = []
    for name, figures in results["rungs"].items():
        rows.append(
            [
                name,
                f"{figures['correct']:,}",
                f"{figures['wrong']:,}",
                f"{figures['abstained']:,}",
                _accuracy(figures),
                _usd(figures.get("usd_per_query"), 4),
                _usd(figures.get("net_benefit_usd"), 2),
            ]
        )
    headings = ["rung", "correct", "wrong", "abstained", "accuracy (95 %)", "cost a question", "net benefit a question"]
    table(headings, rows, numbers=range(1, len(headings)))


def _accuracy(figures: dict[str, Any]) -> str:
    if figures.get("accuracy") is None:
        return "–"
    low, high = figures.get("accuracy_low"), figures.get("accuracy_high")
    spread = f"  ({low * 100:.0f}–{high * 100:.0f})" if low is not None and high is not None else ""
    return f"{figures['accuracy'] * 100:.0f} %{spread}"


def _usd(value: float | None, digits: int) -> str:
    if value is None:
        return "no price"
    return f"{'−' if value < 0 else ''}${abs(value):.{digits}f}" if value else "$0"


@contextmanager
def progress_on_screen() -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, a line now and then elsewhere; both on standard error."""
    if not err().is_terminal:
        yield _say_now_and_then
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("asking"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("${task.fields[spent]:.4f} spent"),
        TimeRemainingColumn(compact=True),
    )
    with Bar(*columns, console=err(), transient=True) as bar:
        task = bar.add_task("asking", total=None, spent=Decimal(0))
        yield lambda seen: bar.update(task, completed=seen.done, total=seen.total, spent=seen.spent_usd)


def _say_now_and_then(seen: Progress) -> None:
    if seen.done % LINE_EVERY == 0 or seen.done == seen.total:
        remark(f"{seen.done:,} of {amount(seen.total, 'answer')}, ${seen.spent_usd:.4f} spent")


def _stem(dataset: Path) -> str:
    return dataset.name.removesuffix(".gz").removesuffix(".jsonl") or "run"
