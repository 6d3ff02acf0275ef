"""report.html: one file that opens offline, made from the templates beside this file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.money.roi import NOTHING
from evaluation.money.verdict import MAX_UNSCORED, SURE
from evaluation.money.words import usd
from evaluation.report import charts, questions, view
from evaluation.report.view import BASELINE, Run
from evaluation.run.rungs import RUNGS
from evaluation.scoring.answers import LONG_RECALL

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
DECISIONS = {"climb": "Climb", "stay": "Stay", "stop": "Stop", "inconclusive": "Inconclusive"}
ASSUMPTIONS = {
    "value_correct": "value of a correct answer",
    "cost_wrong": "cost of a wrong answer",
    "cost_abstained": "cost of handing over",
    "queries_per_month": "questions a month",
    "horizon_months": "months",
    "usd_per_call": "cost of a call",
}


class _Open(dict[str, Any]):
    """A JSON object in which a key that an older run lacks reads as null."""

    def __missing__(self, key: str) -> None:
        return None


def html(run: Run) -> str:
    """The page. Everything that comes from documents, questions and models is escaped by the template."""
    run = replace(run, results=_open(run.results), manifest=_open(run.manifest))
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    page = (
        _environment(run)
        .get_template("report.html")
        .render(
            results=run.results,
            manifest=run.manifest,
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            has_text=run.has_text,
            ladder=run.ladder,
            decision=DECISIONS[run.results["verdict"]["decision"]],
            headline=_headline(run.results["verdict"]),
            tiles=_tiles(run),
            digits=view.decimals([figures["net_benefit_usd"] for figures in run.results["rungs"].values()]),
            **_ladder(run),
            **_money(run),
            **_questions(run),
            **_checks(run),
        )
    )
    return page.lstrip()


def _open(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    if isinstance(value, Mapping):
        return _Open({key: _open(within) for key, within in value.items()})
    return [_open(within) for within in value] if isinstance(value, list) else value


def _environment(run: Run) -> Environment:
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
        "dollars": usd,
        "cents": view.cents,
        "thousand": view.per_thousand,
        "whole": view.whole,
        "seconds": view.seconds,
        "p": view.p_value,
        "share": view.share_of,
        "parts": view.outcome_parts,
        "tied": view.tied,
        "short": lambda value: view.short(float(value)),
        "between": lambda figures, name: view.between(figures[f"{name}_low"], figures[f"{name}_high"]),
        "assumption": lambda name: ASSUMPTIONS.get(name, str(name).replace("_", " ")),
        "phrase": lambda rung: _inside(run, rung),
        "versus": lambda row: f"{run.label(row['rung'])} against {_inside(run, row['baseline'])}",
    }
    return environment


def _ladder(run: Run) -> dict[str, Any]:
    results = run.results
    headroom = results.get("headroom") or {}
    reached = (headroom.get("rungs") or {}).get(run.main or "") or headroom
    comparisons = [row for row in results["comparisons"] if row.get("kind") != "control"]
    names = list(run.ladder)
    before = dict(zip(names[1:], names, strict=False))
    below = {
        row["rung"]: row
        for row in comparisons
        if row.get("kind", "adjacent") == "adjacent" and row["baseline"] == before.get(row["rung"])
    }
    return {
        "numbers": charts.numbered(run),
        "below": {name: below.get(name) for name in names},
        "priced": any(figures["net_benefit_usd"] is not None for figures in results["rungs"].values()),
        "quality": charts.quality_and_cost(run),
        "waterfall": charts.waterfall(run),
        "main_label": run.label(run.main) if run.main else "RAG",
        "recovered": reached.get("recovered"),
        "rescue": reached.get("rescue_rate"),
        "harm": reached.get("harm_rate"),
        "headroom_rungs": {name: of for name, of in (headroom.get("rungs") or {}).items() if name in names},
        "comparisons": comparisons,
        "equivalents": any((row.get("equivalent") or {}).get("p_value", 1) < 0.05 for row in comparisons),
        "reach": charts.reach(comparisons),
    }


def _money(run: Run) -> dict[str, Any]:
    return {
        "dearer": any(row.get("icer_usd") is not None for row in run.results["roi"]),
        "worth": charts.worth_by_value(run),
        "acceptability": charts.acceptability(run),
        "break_even": charts.break_even(run),
        "tornado": charts.tornado(run),
    }


def _questions(run: Run) -> dict[str, Any]:
    groups = questions.grouped(run)
    rows = [row for group in groups for row in group["rows"]]
    return {
        "groups": groups,
        "places": {row["id"]: row["anchor"] for row in rows},
        "listed": len(rows),
        "opened": sum(bool(row["replies"]) for row in rows),
        "causes": questions.CAUSES,
        "attribution": {
            name: of for name, of in (run.results.get("attribution") or {}).items() if name in run.results["rungs"]
        },
    }


def _checks(run: Run) -> dict[str, Any]:
    rungs, spend = run.results["rungs"], run.results.get("spend") or {}
    return {
        "controls": {name: figures for name, figures in rungs.items() if name not in run.ladder},
        "control_comparisons": [row for row in run.results["comparisons"] if row.get("kind") == "control"],
        "spend": {name: of for name, of in spend.items() if name in (*rungs, "judge") and of},
        "long_recall": LONG_RECALL,
        "sure": SURE,
        "most_unscored": MAX_UNSCORED,
    }


def _headline(verdict: Mapping[str, Any]) -> str:
    """The sentence without the decision that stands above it."""
    _, _, rest = str(verdict["sentence"]).partition(": ")
    return (
        str(verdict["sentence"]) if verdict["decision"] in ("climb", "stay") or not rest else rest[0].upper() + rest[1:]
    )


def _tiles(run: Run) -> list[dict[str, str]]:
    """The four figures that a decision needs, of the rung that the verdict names, or else of the best to be had."""
    rung = run.results["verdict"].get("rung") or _best(run)
    figures = run.ladder.get(rung or "")
    if rung is None or not figures or figures["accuracy"] is None:
        return []
    base = run.ladder.get(BASELINE)
    tiles = [
        {
            "name": f"{run.label(rung)}: right answers",
            "figure": view.percent(figures["accuracy"]),
            "beside": f"{view.percent(base['accuracy'])} without documents" if base and rung != BASELINE else "",
        },
        {
            "name": "Wrong answers",
            "figure": view.percent(view.share_of(figures, "wrong")),
            "beside": f"{view.percent(view.share_of(figures, 'abstained'))} handed to a person",
        },
    ]
    if figures["usd_per_query"] is None:
        return tiles
    cost = f"USD {view.per_thousand(figures['usd_per_query'])}"
    time = f"{view.seconds(figures['latency_ms_p50'])} each"
    return [*tiles, _worth(run, rung, figures), {"name": "Cost of 1,000 questions", "figure": cost, "beside": time}]


def _worth(run: Run, rung: str, figures: Mapping[str, Any]) -> dict[str, str]:
    """What a climb gains; without one, what the rung is worth beside handing everything over."""
    gain = next((row for row in run.results["roi"] if row["rung"] == rung), None)
    if gain and run.results["verdict"]["decision"] == "climb":
        return {
            "name": f"Gain over {_inside(run, gain['baseline'])}",
            "figure": f"USD {view.whole(gain['usd_per_month'])} a month",
            "beside": f"{view.percent(gain['probability_worth_it'])} chance that it pays",
        }
    floor = run.results.get("floor")
    handed = f"USD {view.money(floor['net_benefit_usd'])} if a person answers all" if floor else ""
    return {"name": "Net benefit of a question", "figure": usd(figures["net_benefit_usd"]), "beside": handed}


def _best(run: Run) -> str | None:
    """The rung with the highest net benefit of those that could be deployed; without prices the main one."""
    worth = {
        name: figures["net_benefit_usd"]
        for name, figures in run.ladder.items()
        if figures["deployable"] and figures["net_benefit_usd"] is not None
    }
    return max(worth, key=lambda name: worth[name]) if worth else run.main


def _inside(run: Run, rung: str) -> str:
    """A rung as it is called inside a sentence."""
    if rung == NOTHING:
        return "handing every question to a person"
    if rung in RUNGS:
        return RUNGS[rung].phrase
    label = run.label(rung)
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
