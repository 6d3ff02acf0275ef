"""The litmus test: a few questions, asked without documents and with exactly the right passages, before anything else.

If the model is not good enough with the right passages, no search can help it. If it is as good without them, there is
nothing for search to add.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from core.errors import BudgetReached, Cancelled, DatasetError
from core.settings.sections import EvaluationSettings
from evaluation.dataset import HELD_OUT, Dataset, load_dataset, split_name
from evaluation.money.words import percent
from evaluation.prepare.sample import dataset_of, spread
from evaluation.run.budget import require_prices
from evaluation.run.manifest import write_json
from evaluation.run.run import Progress, run
from evaluation.run.rungs import Subject, runnable
from evaluation.scoring.score import Score, score_folder
from evaluation.statistics.inference import newcombe_paired, wilson

LITMUS = "litmus.json"
CEILING = "oracle"
PLAIN = ("closed_book", "closed_book_best")
MIN_QUESTIONS = 10
"""Questions below which nothing is said."""
Decision = Literal["go", "no headroom", "retrieval cannot help", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A share, or a difference of shares, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Litmus:
    """What the test says, and the intervals that say it.

    `accuracies` by rung; `gap`: perfect retrieval over the better of the plain prompts, `plain`, on the same questions.
    """

    decision: Decision
    sentence: str
    questions: int
    accuracies: dict[str, Interval]
    plain: str
    gap: Interval | None
    spent_usd: Decimal


def litmus(
    dataset: Path,
    *,
    subject: Subject,
    folder: Path,
    budget_usd: Decimal | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Litmus:
    """Ask a few answerable questions, spread over the clusters, on the plain rungs and the ceiling, and judge the gap.

    The folder holds a run like any other, with litmus.json beside it; running it again goes on where it stopped.

    Raises:
        DatasetError: no question has both an answer and evidence.
        MissingPrice: a model has no price, so that no cap could hold.
        BudgetReached, Cancelled: stopped before all were asked.
    """
    values = subject.settings.evaluation
    asked = _sampled(load_dataset(dataset), values)
    plain = [name for name in PLAIN if name == PLAIN[0] or subject.best]
    rungs, _ = runnable([*plain, CEILING], subject)
    require_prices(rungs, subject)
    cap = values.budget_usd if budget_usd is None else budget_usd
    summary = run(asked, rungs=rungs, subject=subject, folder=folder, budget_usd=cap, progress=progress)
    if summary.stopped:
        raise (Cancelled if summary.interrupted else BudgetReached)(summary.stopped)
    found = judge(score_folder(folder), values, spent_usd=summary.spent_usd)
    write_json(folder / LITMUS, written(found))
    return found


def _sampled(dataset: Dataset, values: EvaluationSettings) -> Dataset:
    """Questions with an answer and a place where it stands: only they tell how good a model is with the passage.

    Held-out questions stay closed wherever there are others.
    """
    good = [item for item in dataset.items if item.answers and not item.unanswerable and item.documents]
    good = [item for item in good if split_name(item.split) != HELD_OUT] or good
    if not good:
        raise DatasetError(f"{dataset.name} has no question with both an answer and a gold document: nothing to try.")
    return dataset_of(spread(good, values.litmus_questions, seed=values.seed), dataset)


def judge(scores: Sequence[Score], values: EvaluationSettings, *, spent_usd: Decimal = Decimal(0)) -> Litmus:
    """What the scores say. A question that was not scored on every rung is left out."""
    correct = _paired(scores)
    questions = len(correct.get(CEILING, []))
    accuracies = {rung: _share(right) for rung, right in correct.items()}
    plain = max((rung for rung in PLAIN if rung in correct), key=lambda rung: accuracies[rung].value)
    gap = _gap(correct[plain], correct[CEILING]) if questions else None
    decision, why = _decided(questions, accuracies, plain, gap, values)
    return Litmus(
        decision=decision,
        sentence=f"{decision[0].upper()}{decision[1:]}: {why}",
        questions=questions,
        accuracies=accuracies,
        plain=plain,
        gap=gap,
        spent_usd=spent_usd,
    )


def _decided(
    questions: int, accuracies: Mapping[str, Interval], plain: str, gap: Interval | None, values: EvaluationSettings
) -> tuple[Decision, str]:
    if gap is None or questions < MIN_QUESTIONS:
        return (
            "unknown",
            f"only {questions} questions were scored on every rung, and fewer than {MIN_QUESTIONS} say nothing.",
        )
    ceiling = accuracies[CEILING]
    with_it = f"with exactly the right passages the model answers {_percent(ceiling)} correctly"
    if ceiling.high < values.quality_bar:
        return "retrieval cannot help", (
            f"{with_it}, below the {percent(values.quality_bar)} wanted. No search can do better: change the "
            "model, the prompt or the documents."
        )
    added = f"the right passages add {_points(gap)} to {percent(accuracies[plain].value)} without any"
    if gap.high <= values.margin:
        return "no headroom", f"{added}; {_pt(values.margin)} points or less are not worth a search."
    return "go", f"{added}, and {with_it}. Measure what a real search keeps of that."


def _paired(scores: Sequence[Score]) -> dict[str, list[bool]]:
    """By rung, whether each question that was scored on every rung was answered correctly, in one order."""
    judged = {(score.question_id, score.rung): score for score in scores if score.outcome != "unscored"}
    rungs = list(dict.fromkeys(score.rung for score in scores))
    counted = Counter(question for question, _ in judged)
    complete = [question for question, count in counted.items() if count == len(rungs)]
    return {rung: [judged[question, rung].outcome == "correct" for question in complete] for rung in rungs}


def _share(right: Sequence[bool]) -> Interval:
    low, high = wilson(sum(right), len(right))
    return Interval(value=sum(right) / len(right) if right else 0.0, low=low, high=high)


def _gap(plain: Sequence[bool], ceiling: Sequence[bool]) -> Interval:
    pairs = Counter(zip(plain, ceiling, strict=True))
    low, high = newcombe_paired(pairs[True, True], pairs[False, True], pairs[True, False], pairs[False, False])
    return Interval(value=(pairs[False, True] - pairs[True, False]) / len(plain), low=low, high=high)


def written(found: Litmus) -> dict[str, Any]:
    """litmus.json: shares rounded to six digits, money as text."""
    return {
        "decision": found.decision,
        "sentence": found.sentence,
        "questions": found.questions,
        "accuracies": {rung: _rounded(interval) for rung, interval in found.accuracies.items()},
        "plain": found.plain,
        "gap": found.gap and _rounded(found.gap),
        "spent_usd": str(found.spent_usd),
    }


def _rounded(interval: Interval) -> dict[str, float]:
    return {"value": round(interval.value, 6), "low": round(interval.low, 6), "high": round(interval.high, 6)}


def _percent(interval: Interval) -> str:
    return f"{percent(interval.value)} (95 % interval {100 * interval.low:.0f} to {100 * interval.high:.0f})"


def _points(interval: Interval) -> str:
    return f"{_pt(interval.value)} points (95 % interval {_pt(interval.low)} to {_pt(interval.high)})"


def _pt(share: float) -> str:
    return f"{100 * share:.0f}"
