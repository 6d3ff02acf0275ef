"""scores.jsonl -> results.json: the ladder, the comparisons, the money and the verdict. Calls no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.settings import EvaluationSettings
from evaluation.aggregate import aggregate
from evaluation.compare import compare_all, declared_pairs
from evaluation.dataset import Dataset, load_dataset
from evaluation.manifest import read_manifest, write_json
from evaluation.returns import returns
from evaluation.roi import NOTHING, Economy, amount, economy, fixed_per_question, price, shares
from evaluation.run import QUESTIONS
from evaluation.rungs import RUNGS, pinned_documents
from evaluation.score import Score, read_scores
from evaluation.statistics import FEW_CLUSTERS
from evaluation.verdict import phrase, usd, verdict

RESULTS = "results.json"
SCHEMA = 1


def results_of(folder: Path, values: EvaluationSettings | None = None) -> dict[str, Any]:
    """Compute results.json from what a run wrote, and write it. Without `values` the run's own prices are taken.

    Raises:
        UsageError: the folder holds no scored run.
    """
    manifest = read_manifest(folder)
    values = values or EvaluationSettings.model_validate(manifest["values"])
    results = summarise(load_dataset(folder / QUESTIONS), read_scores(folder), manifest, values)
    write_json(folder / RESULTS, results)
    return results


def summarise(
    dataset: Dataset, scores: Sequence[Score], manifest: Mapping[str, Any], values: EvaluationSettings
) -> dict[str, Any]:
    """The content of results.json, in the form that docs/evaluation.md describes."""
    measured = {score.rung for score in scores}
    rungs = [name for name in RUNGS if name in manifest["rungs"] and name in measured]
    by_rung = {name: [score for score in scores if score.rung == name] for name in rungs}
    deployable = [name for name in rungs if _deployable(name, dataset)]
    draws = {"resamples": values.resamples, "seed": values.seed}
    of = economy(scores, rungs, deployable, **draws)
    ladder = {
        name: {
            "label": RUNGS[name].label,
            "description": RUNGS[name].description,
            "deployable": name in deployable,
            **aggregate(by_rung[name]),
            **price(name, shares(by_rung[name]), values),
        }
        for name in rungs
    }
    return {
        "schema": SCHEMA,
        "dataset": {
            **manifest["dataset"],
            "unanswerable": sum(item.unanswerable for item in dataset.items),
            "clusters": len({item.cluster_name for item in dataset.items}),
        },
        "rungs": ladder,
        "comparisons": compare_all(scores, declared_pairs(rungs), margin=values.equivalence_margin, seed=values.seed),
        "roi": returns(of, values) if of else [],
        "verdict": {
            **verdict(of, values, ladder, model=manifest["model"]["name"]),
            "assumptions": assumptions(of, values, ladder, manifest),
        },
        "values": values.model_dump(mode="json"),
        "headroom": _headroom(ladder),
        "floor": _floor(of, values),
        "completeness": _completeness(dataset, by_rung, manifest),
    }


def assumptions(
    of: Economy | None, values: EvaluationSettings, ladder: Mapping[str, Mapping[str, Any]], manifest: Mapping[str, Any]
) -> list[str]:
    """What the verdict rests on, a sentence each."""
    said = [
        f"A correct answer is worth {usd(values.value_correct)}, a wrong one costs {usd(values.cost_wrong)}, "
        f"and handing a question to a person costs {usd(values.cost_abstained)}.",
        f"{values.queries_per_month:,} questions a month over {values.horizon_months} months; "
        f"{_fixed(ladder, values)}.",
        _priced(manifest),
    ]
    if of:
        said.append(
            f"Real questions are like the {of.questions} asked here. "
            + (
                f"They rest on only {of.clusters} documents, too few to say how other documents would fare."
                if of.clusters < FEW_CLUSTERS
                else f"Questions on one document are alike: the {of.clusters} groups were drawn as wholes."
            )
        )
    held_back = [
        name for name, figures in ladder.items() if RUNGS[name].deployable == "fixed" and not figures["deployable"]
    ]
    said += [
        f"{RUNGS[name].label} is not a choice: each question had documents of its own, which somebody has to find."
        for name in held_back
    ]
    if manifest.get("state") != "complete":
        said.append("The run is not complete: it rests on the questions asked before it was stopped.")
    return said


def _fixed(ladder: Mapping[str, Any], values: EvaluationSettings) -> str:
    with_costs = [
        f"{phrase(name)} {usd(fixed_per_question(name, values))}" for name in ladder if fixed_per_question(name, values)
    ]
    if not with_costs:
        return "no one-off or monthly costs were entered"
    return f"one-off and monthly costs come to {', '.join(with_costs)} per question"


def _priced(manifest: Mapping[str, Any]) -> str:
    model, book = manifest["model"]["name"], manifest["price_book"]
    if book is None:
        return f"The model {model} has no price in the settings: costs and net benefit are unknown, not zero."
    if not float(book["input"]) and not float(book["output"]):
        return f"The model {model} costs nothing to call; the machine it runs on is not counted."
    return (
        f"The model {model} costs USD {book['input']} per million input and {book['output']} per million output tokens."
    )


def _deployable(name: str, dataset: Dataset) -> bool:
    """Pinned documents can be deployed where every answerable question has the same ones."""
    deployable = RUNGS[name].deployable
    if deployable == "fixed":
        return len({frozenset(pinned_documents(item)) for item in dataset.items if not item.unanswerable}) == 1
    return bool(deployable)


def _headroom(ladder: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None] | None:
    """How far RAG goes from plain prompting to perfect retrieval; `recovered` is None without a way to go."""
    accuracies = [ladder.get(name, {}).get("accuracy") for name in ("closed_book", "rag", "oracle")]
    if any(accuracy is None for accuracy in accuracies):
        return None
    closed, rag, oracle = (float(accuracy or 0) for accuracy in accuracies)
    gap = round(oracle - closed, 6)
    return {
        "closed_book": closed,
        "rag": rag,
        "oracle": oracle,
        "gap": gap,
        "recovered": round((rag - closed) / gap, 6) if gap > 0 else None,
    }


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
