"""Two runs on the same questions against each other: what changed between them, and what came of it on each rung."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import UsageError
from core.settings.sections import EvaluationSettings
from evaluation.dataset import Item, load_dataset
from evaluation.money.roi import amount, prices
from evaluation.run.manifest import read_manifest, values_of
from evaluation.run.run import QUESTIONS
from evaluation.run.rungs import RUNGS
from evaluation.scoring.score import Score, read_scores
from evaluation.statistics.compare import compare
from evaluation.statistics.inference import holm
from evaluation.statistics.outcomes import outcomes
from evaluation.statistics.paired import Paired

SHOWN = (
    "model",
    "collection",
    "documents",
    "embedder",
    "index_version",
    "prompt_version",
    "price_book",
    "git_revision",
)
"""Parts of a manifest that are shown, before and after, where they differ."""


def compare_runs(before: Path, after: Path) -> dict[str, Any]:
    """Per rung measured in both: accuracy and worth of the later run less the earlier one, paired by question.

    Both are valued as the later run is. p is corrected over the rungs (Holm).

    Raises:
        UsageError: a folder holds no scored run, the questions differ, or no rung was measured in both.
    """
    first, second = read_manifest(before), read_manifest(after)
    if first["dataset"]["sha256"] != second["dataset"]["sha256"] and _questions(before) != _questions(after):
        raise UsageError(
            f"{before} and {after} put different questions ({first['dataset']['name']}, {second['dataset']['name']}): "
            "runs can be compared on the same questions only."
        )
    values = values_of(second)
    scores = (_by_rung(before), _by_rung(after))
    shared = [rung for rung in RUNGS if rung in scores[0] and rung in scores[1]]
    if not shared:
        raise UsageError(f"{before} and {after} have no rung in common.")
    rungs = {rung: _rung(scores[0][rung], scores[1][rung], values) for rung in shared}
    adjusted = holm([rungs[rung]["p_value"] for rung in shared])
    return {
        "before": str(before),
        "after": str(after),
        "dataset": second["dataset"],
        "changed": [row for row in changes(first, second) if row["part"] != "dataset"],
        "only_before": [rung for rung in scores[0] if rung not in shared],
        "only_after": [rung for rung in scores[1] if rung not in shared],
        "rungs": {
            rung: {"label": RUNGS[rung].label, **rungs[rung], "p_holm": p}
            for rung, p in zip(shared, adjusted, strict=True)
        },
    }


def _questions(folder: Path) -> dict[str, Item]:
    """The questions of a run by id, however their file was written."""
    return {item.id: item for item in load_dataset(folder / QUESTIONS).items}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is not the same in two manifests: `part`, and `before` and `after` where they can be shown."""
    found = [
        {"part": part, "before": before.get(part), "after": after.get(part)}
        for part in SHOWN
        if before.get(part) != after.get(part)
    ]
    named = {str(row["part"]).replace("_", " ") for row in found}
    marks = {**before["fingerprint"], **after["fingerprint"]}
    found += [
        {"part": part, "before": None, "after": None}
        for part in marks
        if part not in named and before["fingerprint"].get(part) != after["fingerprint"].get(part)
    ]
    found += [
        {"part": f"values.{name}", "before": before["values"].get(name), "after": value}
        for name, value in after["values"].items()
        if name in before["values"] and before["values"][name] != value
    ]
    return found


def _by_rung(folder: Path) -> dict[str, list[Score]]:
    found: dict[str, list[Score]] = {}
    for score in read_scores(folder):
        found.setdefault(score.rung, []).append(score)
    return found


def _rung(before: Sequence[Score], after: Sequence[Score], values: EvaluationSettings) -> dict[str, Any]:
    return {
        **compare(before, after, margin=values.margin, seed=values.seed),
        **_gain(before, after, values),
    }


def _gain(before: Sequence[Score], after: Sequence[Score], values: EvaluationSettings) -> dict[str, float | None]:
    """Gain per question in USD with its 95 % interval; None where a call has no cost."""
    names = ("gain_usd", "gain_usd_low", "gain_usd_high")
    of = outcomes({"before": before, "after": after})
    unpriced = any(score.cost_usd is None for score in (*before, *after) if score.outcome != "unscored")
    if unpriced or len(of.questions) < 2:
        return dict.fromkeys(names)
    stake = float(values.value_correct + values.cost_abstained)
    found = Paired([(of.rows["before"], of.rows["after"])], of.groups).estimate(prices(values), stake=stake)
    low, high = found.interval()
    return dict(zip(names, (amount(float(of[0])) for of in (found.point, low, high)), strict=True))
