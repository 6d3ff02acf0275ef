"""report.md: the same figures as plain text, for a merge request or a mail."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.money.words import usd
from evaluation.report.questions import CAUSES
from evaluation.report.view import Run, money, p_value, percent, points, seconds, whole


def markdown(run: Run) -> str:
    """The report as Markdown."""
    results = run.results
    verdict = results["verdict"]
    parts = [
        f"# {results['dataset']['name']}: which rung is worth paying for",
        f"**{verdict['sentence']}**",
        *_bullets("It rests on", verdict["assumptions"]),
        *_bullets("It would change", [flip["sentence"] for flip in verdict["flips"]]),
        "## The ladder",
        _table(
            (
                "Rung",
                "Correct",
                "95 % interval",
                "Wrong",
                "Not answered",
                "Unscored",
                "Net benefit, USD",
                "Cost, USD",
                "p50",
                "p95",
            ),
            [
                (
                    figures["label"],
                    f"{figures['correct']} of {figures['n']} ({percent(figures['accuracy'])})",
                    f"{percent(figures['accuracy_low'])} to {percent(figures['accuracy_high'])}",
                    str(figures["wrong"]),
                    str(figures["abstained"]),
                    str(figures["unscored"]),
                    money(figures["net_benefit_usd"]),
                    money(figures["usd_per_query"]),
                    seconds(figures["latency_ms_p50"]),
                    seconds(figures["latency_ms_p95"]),
                )
                for figures in results["rungs"].values()
            ],
        ),
    ]
    if results["roi"]:
        parts += ["## Money", _money(run)]
    if results["comparisons"]:
        parts += ["## On the same questions", _comparisons(run)]
    retrieval = [
        (figures["label"], figures["retrieval"]) for figures in results["rungs"].values() if figures["retrieval"]
    ]
    if retrieval:
        names = [name for name in retrieval[0][1] if name != "questions"]
        rows = [(label, *(f"{values[name]:.3f}" for name in names)) for label, values in retrieval]
        parts += ["## Retrieval", _table(("Rung", *names), rows)]
    if results.get("attribution"):
        parts += ["## Where wrong answers come from", _causes(run)]
    if results.get("spend"):
        parts.append(_spent(run))
    return "\n\n".join(parts) + "\n"


def _money(run: Run) -> str:
    against = run.label(run.results["roi"][0]["baseline"])
    return _table(
        ("Rung", f"Gain over {against}, USD a question", "95 % interval", "Chance that it pays", "USD a month"),
        [
            (
                run.label(row["rung"]),
                money(row["incremental_net_benefit_usd"]),
                f"{money(row['low'])} to {money(row['high'])}",
                percent(row["probability_worth_it"]),
                whole(row["usd_per_month"]),
            )
            for row in run.results["roi"]
        ],
    )


def _causes(run: Run) -> str:
    rows = [
        (run.label(rung), str(of["wrong"]), *(str(of["causes"].get(cause, 0)) for cause in CAUSES))
        for rung, of in run.results["attribution"].items()
    ]
    return _table(("Rung", "Wrong or missing", *CAUSES.values()), rows)


def _spent(run: Run) -> str:
    if run.manifest["price_book"] is None:
        return "The model has no price: what was spent is unknown."
    spend = run.results["spend"]
    cap = f" of at most {usd(spend['cap_usd'])}" if spend.get("cap_usd") is not None else ""
    return f"Spent: {usd(spend['total_usd'])}{cap}."


def _comparisons(run: Run) -> str:
    return _table(
        ("Comparison", "Difference, points", "95 % interval", "Wins", "Losses", "Ties", "p (Holm)"),
        [
            (
                f"{run.label(comparison['rung'])} against {run.label(comparison['baseline'])}",
                points(comparison["difference"]),
                f"{points(comparison['low'])} to {points(comparison['high'])}",
                str(comparison["wins"]),
                str(comparison["losses"]),
                str(comparison["ties"]),
                p_value(comparison["p_holm"]),
            )
            for comparison in run.results["comparisons"]
        ],
    )


def _bullets(heading: str, sentences: Sequence[str]) -> list[str]:
    return [f"{heading}:", "\n".join(f"- {sentence}" for sentence in sentences)] if sentences else []


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
