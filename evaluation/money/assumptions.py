"""What a verdict rests on, a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.settings.sections import EvaluationSettings
from evaluation.dataset import Dataset
from evaluation.money.roi import Economy, fixed_per_question
from evaluation.money.words import phrase, usd
from evaluation.run.rungs import RUNGS
from evaluation.statistics.inference import FEW_CLUSTERS, MIN_CLUSTERS


def assumptions(
    of: Economy | None,
    values: EvaluationSettings,
    ladder: Mapping[str, Mapping[str, Any]],
    manifest: Mapping[str, Any],
    dataset: Dataset,
) -> list[str]:
    """What the verdict rests on, a sentence each."""
    said = [
        f"A correct answer is worth {usd(values.value_correct)}, a wrong one costs {usd(values.cost_wrong)}, "
        f"and handing a question to a person costs {usd(values.cost_abstained)}.",
        f"{values.queries_per_month:,} questions a month over {values.horizon_months} months; "
        f"{_fixed(ladder, values)}.",
        _priced(manifest["model"]["name"], manifest["price_book"]),
    ]
    best = manifest.get("best_model")
    if best and "closed_book_best" in ladder:
        said.append(_priced(best["name"], best["price_book"]))
    if of:
        said.append(f"Real questions are like the {of.questions} asked here. {_alike(of)}")
    drafted = sum(item.source == "synthetic" for item in dataset.items)
    if drafted:
        share = f"All {drafted}" if drafted == len(dataset.items) else f"{drafted} of {len(dataset.items)}"
        said.append(f"{share} questions were drafted by a model: they tell little of what people ask.")
    said += [
        f"{figures['priced_at_most']} of {figures['n']} answers of {phrase(name)} count at the most that they can have "
        "cost: the server did not say how many tokens they took."
        for name, figures in ladder.items()
        if figures["priced_at_most"]
    ]
    held_back = [
        name for name, figures in ladder.items() if RUNGS[name].deployable == "fixed" and not figures["deployable"]
    ]
    said += [
        f"{RUNGS[name].label} is not a choice: each question had documents of its own, which somebody has to find."
        for name in held_back
    ]
    openings = (manifest.get("split") or {}).get("openings") or 0
    if openings > 1:
        said.append(
            f"The held-out questions were opened {openings} times: each look makes the figures a little kinder."
        )
    if (manifest.get("judge") or {}).get("warning"):
        said.append(manifest["judge"]["warning"])
    if manifest.get("state") != "complete":
        said.append("The run is not complete: it rests on the questions asked before it was stopped.")
    return said


def _alike(of: Economy) -> str:
    if of.clusters < MIN_CLUSTERS:
        return f"They rest on only {of.clusters} documents, too few to say how other documents would fare."
    few = " Intervals that rest on so few are unreliable." if of.clusters < FEW_CLUSTERS else ""
    return f"Questions on one document are alike: the {of.clusters} groups count as wholes.{few}"


def _fixed(ladder: Mapping[str, Any], values: EvaluationSettings) -> str:
    with_costs = [
        f"{phrase(name)} {usd(fixed_per_question(name, values))}" for name in ladder if fixed_per_question(name, values)
    ]
    if not with_costs:
        return "no one-off or monthly costs were entered"
    return f"one-off and monthly costs come to {', '.join(with_costs)} per question"


def _priced(model: str, book: Mapping[str, Any] | None) -> str:
    if book is None:
        return f"The model {model} has no price in the settings: costs and net benefit are unknown, not zero."
    if not float(book["input"]) and not float(book["output"]):
        return f"The model {model} costs nothing to call; the machine it runs on is not counted."
    return (
        f"The model {model} costs USD {book['input']} per million input and {book['output']} per million output tokens."
    )
