"""report.html: one file that opens offline, made from evaluation/templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation.report import view
from evaluation.report.view import Run
from evaluation.roi import NOTHING
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
        "cents": view.cents,
        "thousand": view.per_thousand,
        "seconds": view.seconds,
        "p": view.p_value,
        "versus": view.versus,
        "parts": view.outcome_parts,
        "phrase": phrase,
        "tied": _tied,
    }
    page = environment.get_template("report.html").render(
        results=run.results,
        manifest=run.manifest,
        decision=DECISIONS[run.results["verdict"]["decision"]],
        headline=_headline(run.results["verdict"]),
        priced=any(figures["net_benefit_usd"] is not None for figures in run.results["rungs"].values()),
        headroom=_headroom(run.results["headroom"]),
        reach=_reach(run.results["comparisons"]),
        worth=_worth(run.results),
        digits=view.decimals([figures["net_benefit_usd"] for figures in run.results["rungs"].values()]),
        examples=view.examples(run),
        discordant=view.discordant_count(run),
        long_recall=LONG_RECALL,
        sure=SURE,
        most_unscored=MOST_UNSCORED,
        few_clusters=FEW_CLUSTERS,
    )
    return page.lstrip()


def _tied(sentence: str) -> str:
    """A sentence in which no amount is torn from its unit at the end of a line."""
    return sentence.replace(" %", "\u00a0%").replace("USD ", "USD\u00a0")


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


def _worth(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Net benefit as a straight line over the value of a correct answer: its slope is the share of correct answers.

    Positions in per cent of the plot, y downwards. None without prices.
    """
    now = float(results["values"]["value_correct"])
    right = 2 * now or 1.0
    lines = [
        {"name": name, "label": figures["label"], **_ends(figures, now, right)}
        for name, figures in results["rungs"].items()
        if figures["deployable"] and figures["net_benefit_usd"] is not None
    ]
    if not lines or not results["floor"]:
        return None
    lines.append({"name": NOTHING, "label": "Answering nothing", **_ends(results["floor"], now, right)})
    heights = [line[end] for line in lines for end in ("start", "end")] + [0.0]
    top, bottom = max(heights), min(heights)
    span = top - bottom or 1.0
    for line in lines:
        line |= {end: 100 * (top - line[end]) / span for end in ("start", "end")}
    return {
        "lines": lines,
        "top": top,
        "bottom": bottom,
        "zero": 100 * top / span,
        "now": 100 * now / right,
        "right": right,
    }


def _ends(figures: Mapping[str, Any], now: float, right: float) -> dict[str, float]:
    worth, share = figures["net_benefit_usd"], figures["accuracy"]
    return {"start": worth - now * share, "end": worth + (right - now) * share}
