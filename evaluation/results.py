"""scores.jsonl and records.jsonl -> results.json: ladder, comparisons, money, attribution, verdict. Calls no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.settings.sections import EvaluationSettings, Price
from evaluation.aggregate import aggregate, of_records
from evaluation.dataset import Dataset, load_dataset
from evaluation.labels import read_labels
from evaluation.money.acceptability import money
from evaluation.money.assumptions import assumptions
from evaluation.money.roi import NOTHING, Economy, amount, economy, price, returns, shares
from evaluation.money.spend import at_prices, spend
from evaluation.money.verdict import verdict
from evaluation.run.ledger import RECORDS, spent_in
from evaluation.run.manifest import read_manifest, values_of, with_prices, write_json
from evaluation.run.records import Key, Record, read_records
from evaluation.run.run import QUESTIONS
from evaluation.run.rungs import RUNGS
from evaluation.scoring.score import Score, read_scores
from evaluation.statistics.attribution import attribution
from evaluation.statistics.calibration import calibrate
from evaluation.statistics.compare import compare_all, declared_pairs
from evaluation.statistics.headroom import headroom

RESULTS = "results.json"
SCHEMA = 1


def results_of(
    folder: Path,
    values: EvaluationSettings | None = None,
    *,
    books: Mapping[str, Price] | None = None,
    write: bool = True,
) -> dict[str, Any]:
    """Compute results.json from what a run wrote, and write it. Without `values` the run's own are taken.

    `books`: other prices of the models that the run asked, "model" and "best_model"; the tokens are in the records.

    Raises:
        UsageError: the folder holds no scored run.
    """
    manifest = with_prices(read_manifest(folder), books or {})
    manifest.setdefault("spent_usd", str(spent_in(folder)))  # a run that was killed has not noted it
    values = values or values_of(manifest)
    records = read_records(folder / RECORDS)
    scores = read_scores(folder)
    answering = {name: "best_model" if rung.needs == "best model" else "model" for name, rung in RUNGS.items()}
    repriced = {who: Price.model_validate(book) for who, book in manifest["repriced"].items()}
    scores = at_prices(scores, records, {name: repriced[who] for name, who in answering.items() if who in repriced})
    results = summarise(load_dataset(folder / QUESTIONS), scores, records, manifest, values)
    results["judge"] = calibrate(scores, read_labels(folder))
    if write:
        write_json(folder / RESULTS, results)
    return results


def summarise(
    dataset: Dataset,
    scores: Sequence[Score],
    records: Mapping[Key, Record],
    manifest: Mapping[str, Any],
    values: EvaluationSettings,
) -> dict[str, Any]:
    """The content of results.json, in the form that docs/evaluation.md describes."""
    measured = {score.rung for score in scores}
    rungs = [name for name in RUNGS if name in manifest["rungs"] and name in measured]
    by_rung = {name: [score for score in scores if score.rung == name] for name in rungs}
    deployable = [name for name in rungs if _deployable(name, dataset)]
    counted = [name for name in rungs if RUNGS[name].role != "control"]
    of = economy(scores, counted, deployable, resamples=values.resamples, seed=values.seed) if counted else None
    ladder = {
        name: {**_figures(name, by_rung[name], records, values), "deployable": name in deployable} for name in rungs
    }
    decided = verdict(of, values, {name: ladder[name] for name in counted}, model=manifest["model"]["name"])
    return {
        "schema": SCHEMA,
        "dataset": {
            **manifest["dataset"],
            "unanswerable": sum(item.unanswerable for item in dataset.items),
            "clusters": len({item.cluster_name for item in dataset.items}),
        },
        "rungs": ladder,
        "comparisons": compare_all(scores, declared_pairs(rungs), margin=values.margin, seed=values.seed),
        "roi": returns(of, values) if of else [],
        "verdict": {**decided, "assumptions": assumptions(of, values, ladder, manifest, dataset)},
        "values": values.model_dump(mode="json"),
        "money": money(of, values) if of else None,
        "headroom": headroom(by_rung, records, ladder),
        "attribution": attribution({item.id: item for item in dataset.items}, by_rung, records),
        "judge": None,
        "floor": _floor(of, values),
        "spend": spend(records, rungs, manifest),
        "controls": {name: ladder[name]["accuracy"] for name in rungs if name not in counted},
        "split": manifest.get("split"),
        "completeness": _completeness(dataset, by_rung, manifest),
    }


def _figures(
    name: str, scores: Sequence[Score], records: Mapping[Key, Record], values: EvaluationSettings
) -> dict[str, Any]:
    rung = RUNGS[name]
    return {
        "label": rung.label,
        "description": rung.description,
        "role": rung.role,
        **aggregate(scores),
        **of_records([record for record in records.values() if record.rung == name]),
        **price(name, shares(scores), values),
        "unpriced": sum(score.cost_usd is None for score in scores if score.outcome != "unscored"),
    }


def _deployable(name: str, dataset: Dataset) -> bool:
    """Pinned documents can be deployed where every answerable question has the same ones."""
    deployable = RUNGS[name].deployable
    if deployable == "fixed":
        return len({frozenset(item.asked_of) for item in dataset.items if not item.unanswerable}) == 1
    return bool(deployable)


def _floor(of: Economy | None, values: EvaluationSettings) -> dict[str, Any] | None:
    """What answering nothing is worth, which every rung must beat."""
    if of is None:
        return None
    return {
        "name": NOTHING,
        "net_benefit_usd": amount(of.worth(NOTHING, values)),
        "accuracy": round(float(of.points[NOTHING].correct), 6),
    }


def _completeness(
    dataset: Dataset, by_rung: Mapping[str, Sequence[Score]], manifest: Mapping[str, Any]
) -> dict[str, Any]:
    missing = {score.question_id: score.gold_not_found for scores in by_rung.values() for score in scores}
    return {
        "questions": len(dataset.items),
        "synthetic": sum(item.source == "synthetic" for item in dataset.items),
        "asked": {name: len(scores) for name, scores in by_rung.items()},
        "unscored": {name: sum(score.outcome == "unscored" for score in scores) for name, scores in by_rung.items()},
        "errors": {name: sum(score.error for score in scores) for name, scores in by_rung.items()},
        "evidence": sum(len(item.evidence) for item in dataset.items),
        "gold_not_found": sum(missing.values()),
        "questions_with_gold_not_found": sum(count > 0 for count in missing.values()),
        "state": manifest.get("state"),
        "budget_usd": manifest.get("budget_usd"),
        "spent_usd": manifest.get("spent_usd"),
    }
