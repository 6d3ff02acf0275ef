"""`touchstone evaluate compare` and `gate`: a run against another one, and against limits."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.evaluation.options import Run
from cli.options import Data, Json, settings_of
from cli.output import print_json, say, table

EXIT_FAILED, EXIT_INCONCLUSIVE = 3, 5
EXITS = {"pass": 0, "fail": EXIT_FAILED, "inconclusive": EXIT_INCONCLUSIVE}
COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow"}
MAX_LENGTH = 60


def compare(
    context: typer.Context,
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The folder of the earlier run.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The folder of the later run, on the same questions.")],
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Compare two runs on the same questions: what changed, and which rungs got better or worse."""
    from evaluation.compare_runs import compare_runs

    settings_of(context, data)
    found = compare_runs(before, after)
    if as_json:
        print_json(found)
        return
    for change in found["changed"]:
        say((f"{change['part']}: ", "dim"), _shown(change))
    if not found["changed"]:
        say("Nothing that the runs record was changed.")
    say("")
    headings = ["rung", "correct, points (95 %)", "better", "worse", "p (Holm)", "worth a question (95 %)"]
    table(headings, [[rung, *_row(of)] for rung, of in found["rungs"].items()], numbers=range(1, len(headings)))
    for words, names in (("before", found["only_before"]), ("after", found["only_after"])):
        if names:
            say(f"Only in the run {words}: {', '.join(names)}.")


def gate(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    folder: Run,
    rung: Annotated[str, typer.Option("--rung", metavar="RUNG", help="The rung to check.")] = "rag",
    baseline: Annotated[Path | None, typer.Option(metavar="RUN", help="An earlier run it may not fall behind.")] = None,
    min_accuracy: Annotated[
        float | None, typer.Option(min=0, max=1, metavar="SHARE", help="Least share of correct answers.")
    ] = None,
    max_wrong: Annotated[
        float | None, typer.Option(min=0, max=1, metavar="SHARE", help="Largest share of wrong answers.")
    ] = None,
    max_usd: Annotated[float | None, typer.Option(min=0, metavar="USD", help="Most a question may cost.")] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(min=0, max=1, metavar="SHARE", help="Drop against --baseline that is allowed (setting margin)."),
    ] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the checks as JUnit XML too.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Check a run against limits: exit 0 when all are shown to hold, 3 when one is broken, 5 when it cannot be told."""
    from evaluation.report.gate import Limits, outcome
    from evaluation.report.gate import gate as checked
    from evaluation.report.gate import junit as as_junit

    settings_of(context, data)
    limits = Limits(min_accuracy=min_accuracy, max_wrong=max_wrong, max_usd=max_usd, max_drop=max_drop)
    checks = checked(folder, rung, limits, baseline=baseline)
    state = outcome(checks)
    if junit is not None:
        junit.write_text(as_junit(checks, rung), encoding="utf-8")
    if as_json:
        print_json({"rung": rung, "outcome": state, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            say((f"{check.state:<13}", COLOURS[check.state]), (f"{check.name:<13}", "dim"), check.sentence)
    raise typer.Exit(EXITS[state])


def _row(of: dict[str, Any]) -> list[str]:
    if of["difference"] is None:
        return ["–", "–", "–", "–", "–"]
    ends = [f"{100 * of[end]:+.1f}".replace("-", "−") for end in ("difference", "low", "high")]
    gains = [of[f"gain_usd{end}"] for end in ("", "_low", "_high")]
    worth = "no price" if gains[0] is None else "{}  ({} to {})".format(*(f"${gain:+,.3f}" for gain in gains))
    return [
        f"{ends[0]}  ({ends[1]} to {ends[2]})",
        f"{of['wins']:,}",
        f"{of['losses']:,}",
        f"{of['p_holm']:.2g}",
        worth.replace("$-", "−$").replace("$+", "+$"),
    ]


def _shown(change: dict[str, Any]) -> str:
    """What a part of the run was and is; long values are cut."""
    if change["before"] is None and change["after"] is None:
        return "changed"
    texts = [part if isinstance(part, str) else json.dumps(part) for part in (change["before"], change["after"])]
    return " → ".join(text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + " …" for text in texts)
