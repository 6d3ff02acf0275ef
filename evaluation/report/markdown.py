"""report.md: the same figures as plain text, for a merge request or a mail."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.report.view import Run, money, p_value, percent, points, seconds


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
    if results["comparisons"]:
        parts += ["## On the same questions", _comparisons(run)]
    retrieval = [
        (figures["label"], figures["retrieval"]) for figures in results["rungs"].values() if figures["retrieval"]
    ]
    if retrieval:
        names = [name for name in retrieval[0][1] if name != "questions"]
        rows = [(label, *(f"{values[name]:.3f}" for name in names)) for label, values in retrieval]
        parts += ["## Retrieval", _table(("Rung", *names), rows)]
    return "\n\n".join(parts) + "\n"


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
