"""The results of a run on the screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli.output import amount, print_json, say, table


def show(folder: Path, *, as_json: bool) -> None:
    """The ladder, what failed, the verdict and where the report is; with `as_json` results.json as it is."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if as_json:
        print_json(results)
        return
    ladder(results)
    failed = sum(figures.get("errors", 0) for figures in results["rungs"].values())
    if failed:
        say((f"{amount(failed, 'call')} failed and count as unscored; running it again tries them again.", "yellow"))
    openings = (results.get("split") or {}).get("openings") or 0
    if openings > 1:
        say((f"These held-out questions were opened {openings:,} times: each look makes the figures kinder.", "yellow"))
    say("")
    say((results["verdict"]["sentence"], "bold"))
    say(("report   ", "dim"), str((folder / "report.html").absolute()))


def ladder(results: dict[str, Any]) -> None:
    """The table of rungs: how often right, and what a question earns."""
    from evaluation.report.view import decimals

    digits = decimals([figures["net_benefit_usd"] for figures in results["rungs"].values()])
    rows = []
    for name, figures in results["rungs"].items():
        rows.append(
            [
                name,
                f"{figures['correct']:,}",
                f"{figures['wrong']:,}",
                f"{figures['abstained']:,}",
                _accuracy(figures),
                dollars(figures["usd_per_query"] and 1000 * figures["usd_per_query"], 2),
                dollars(figures["net_benefit_usd"], digits),
            ]
        )
    headings = ["rung", "correct", "wrong", "abstained", "accuracy (95 %)", "cost of 1,000", "net benefit a question"]
    table(headings, rows, numbers=range(1, len(headings)))


def _accuracy(figures: dict[str, Any]) -> str:
    if figures.get("accuracy") is None:
        return "–"
    low, high = figures.get("accuracy_low"), figures.get("accuracy_high")
    spread = f"  ({low * 100:.0f}–{high * 100:.0f})" if low is not None and high is not None else ""
    return f"{figures['accuracy'] * 100:.0f} %{spread}"


def dollars(value: float | None, digits: int) -> str:
    """An amount in USD with a set number of decimals; "no price" where it is unknown."""
    return "no price" if value is None else f"{'−' if round(value, digits) < 0 else ''}${abs(value):,.{digits}f}"
