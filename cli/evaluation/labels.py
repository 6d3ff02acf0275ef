"""`touchstone evaluate label` and `calibrate`: what people say of answers, and how far the instrument agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.evaluation.options import Run
from cli.options import Data, Json, settings_of
from cli.output import amount, print_json, remark, say, table
from core.errors import UsageError


def label(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    folder: Run,
    most: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many answers to label now.")] = 50,
    to_csv: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write them as CSV, to be filled in, instead of asking.")
    ] = None,
    from_csv: Annotated[Path | None, typer.Option("--from", metavar="FILE", help="Take over a filled CSV.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Say of answers whether they are right, without seeing which rung gave them or what the rules say."""
    from evaluation.evaluate import reprice
    from evaluation.labels import queue, read_csv, read_labels, write_csv

    settings_of(context, data)
    if to_csv and from_csv:
        raise UsageError("Name either --to or --from: one writes the table, the other takes it over.")
    if from_csv:
        taken = read_csv(folder, from_csv)
    else:
        tasks = queue(folder, most=most)
        if to_csv:
            write_csv(to_csv, tasks)
        taken = 0 if to_csv else _ask(folder, tasks)
    labels = len(read_labels(folder))
    if taken:
        reprice(folder)
    if as_json:
        print_json({"labels": labels, "taken": taken, "written": len(tasks) if to_csv else 0})
        return
    if to_csv:
        say(f"{to_csv}: {amount(len(tasks), 'answer')} to label. Write correct, wrong, abstained or skipped.")
        say(f"Next: touchstone evaluate label {folder} --from {to_csv}")
        return
    say(f"{amount(taken, 'label')} taken, {labels:,} in all. Next: touchstone evaluate calibrate {folder}")


def calibrate(context: typer.Context, folder: Run, as_json: Json = False, data: Data = None) -> None:
    """Compare the judge, or the rules, with the labels of people, rung by rung, and set their accuracy right."""
    from evaluation.evaluate import reprice

    settings_of(context, data)
    reprice(folder)
    found: dict[str, Any] | None = json.loads((folder / "results.json").read_text(encoding="utf-8"))["judge"]
    if as_json:
        print_json({"judge": found})
        return
    if not found:
        raise UsageError(f"{folder} has neither labels nor a judge: touchstone evaluate label {folder}")
    headings = [
        "rung",
        "instrument",
        "labels",
        "sensitivity",
        "specificity",
        "kappa",
        "accuracy raw",
        "corrected (95 %)",
    ]
    table(headings, [_row(rung, figures) for rung, figures in found.items()], numbers=range(2, len(headings)))
    if not all(figures["calibrated"] for figures in found.values()):
        remark("An uncalibrated rung has fewer than 20 labels, or none for one of the verdicts: label more answers.")


def _ask(folder: Path, tasks: Any) -> int:  # noqa: ANN401 -- tasks of evaluation.labels, whose module stays unloaded
    """Ask for one label after the other, until q; each is on disk before the next."""
    from evaluation.labels import NAMES, save

    for number, task in enumerate(tasks):
        say("")
        say((f"{number + 1} of {len(tasks)}", "dim"))
        say(("question  ", "dim"), task.question)
        say(("accepted  ", "dim"), task.accepted)
        say(("answer    ", "dim"), task.answer)
        said = ""
        while said not in (*NAMES, "q"):
            said = typer.prompt("[c]orrect [w]rong [a]bstained [s]kip [q]uit", err=True).strip().lower()[:1]
        if said == "q":
            return number
        save(folder, task, NAMES[said])
    return len(tasks)


def _row(rung: str, figures: dict[str, Any]) -> list[str]:
    corrected = "uncalibrated"
    if figures["calibrated"]:
        low, high = figures["low"] * 100, figures["high"] * 100
        corrected = f"{_share(figures['accuracy_corrected'])}  ({low:.0f}–{high:.0f})"
    kappa = "–" if figures["kappa"] is None else f"{figures['kappa']:.2f}"
    shares = [_share(figures[name]) for name in ("sensitivity", "specificity")]
    return [
        rung,
        figures["instrument"],
        f"{figures['n_labelled']:,}",
        *shares,
        kappa,
        _share(figures["accuracy_raw"]),
        corrected,
    ]


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"
