"""report.html: one file that opens offline, made from evaluation/templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation.report import view
from evaluation.report.view import Run
from evaluation.scorers.answers import LONG_RECALL
from evaluation.statistics import FEW_CLUSTERS
from evaluation.verdict import MOST_UNSCORED, SURE, phrase

TEMPLATES = Path(__file__).parents[1] / "templates"
DECISIONS = {"climb": "Climb", "stay": "Stay", "stop": "Stop", "inconclusive": "Inconclusive"}


def html(run: Run) -> str:
    """The page. Everything that comes from documents, questions and models is escaped by the template."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": view.percent,
        "points": view.points,
        "money": view.money,
        "seconds": view.seconds,
        "p": view.p_value,
        "versus": view.versus,
        "parts": view.outcome_parts,
        "phrase": phrase,
    }
    return environment.get_template("report.html").render(
        results=run.results,
        manifest=run.manifest,
        decision=DECISIONS[run.results["verdict"]["decision"]],
        headline=_headline(run.results["verdict"]),
        priced=any(figures["net_benefit_usd"] is not None for figures in run.results["rungs"].values()),
        headroom=_headroom(run.results["headroom"]),
        reach=_reach(run.results["comparisons"]),
        examples=view.examples(run),
        discordant=view.discordant_count(run),
        long_recall=LONG_RECALL,
        sure=SURE,
        most_unscored=MOST_UNSCORED,
        few_clusters=FEW_CLUSTERS,
    )


def _headline(verdict: Mapping[str, Any]) -> str:
    """The sentence without the decision that stands above it."""
    _, _, rest = str(verdict["sentence"]).partition(": ")
    return (
        str(verdict["sentence"]) if verdict["decision"] in ("climb", "stay") or not rest else rest[0].upper() + rest[1:]
    )


def _reach(comparisons: list[Mapping[str, Any]]) -> float:
    """The largest difference that any interval touches, rounded up to a tenth: the scale of the comparison chart."""
    widest = max((max(abs(row["low"]), abs(row["high"])) for row in comparisons), default=1.0)
    return min(1.0, (int(widest * 10) + 1) / 10)


def _headroom(headroom: Mapping[str, Any] | None) -> list[tuple[str, str, float]] | None:
    """(class, words, share) of the way from nothing to everything; None when RAG does not lie between the two ends."""
    if headroom is None or not headroom["closed_book"] <= headroom["rag"] <= headroom["oracle"]:
        return None
    closed, rag, oracle = headroom["closed_book"], headroom["rag"], headroom["oracle"]
    return [
        ("closed", "right without documents", closed),
        ("gained", "gained by RAG", rag - closed),
        ("lost", "lost in finding or reading", oracle - rag),
        ("beyond", "beyond this model", 1 - oracle),
    ]
