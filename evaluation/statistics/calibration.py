"""How far an instrument that judges can be believed: it is compared with people, rung by rung, and set right.

The instrument is the model judge where one was asked, else the rules. What is estimated is the share of right answers
that people would find, from their labels on a part of the answers and the instrument's verdict on all.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.scoring.score import Score
from evaluation.statistics.inference import Z95, Floats, wilson

ENOUGH = 20
"""Labels of a rung below which nothing is set right."""
Key = tuple[str, str, int]
"""Question id, rung, replicate."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its 95 % interval, clipped to [0, 1]."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, variance: float) -> Estimate:
        """The normal interval about a value."""
        half = Z95 * math.sqrt(variance)
        low, high = value - half, value + half
        return cls(*(min(1.0, max(0.0, bound)) for bound in (value, low, high)))


def calibrate(scores: Sequence[Score], labels: Mapping[Key, str]) -> dict[str, Any] | None:
    """Sensitivity, specificity, kappa and the corrected accuracy of each rung; None without a judge and labels.

    `labels`: "correct", "wrong" or "abstained" by question, rung and replicate. Labels may be drawn unevenly over the
    instrument's verdicts: each stands for as many answers as its cell has for one label.
    """
    judged = any(score.judge is not None for score in scores)
    if not judged and not labels:
        return None
    rungs = dict.fromkeys(score.rung for score in scores)
    return {rung: _rung([each for each in scores if each.rung == rung], labels, judged=judged) for rung in rungs}


def verdict_of(score: Score, *, judged: bool) -> str | None:
    """What the instrument says of an answer; None where it says nothing."""
    said = score.judge if judged else score.outcome
    return None if said in (None, "unscored") else said


def cell_of(score: Score, *, judged: bool) -> tuple[bool, bool]:
    """(the instrument says correct, it is disputed): what answers are drawn evenly over, to be labelled."""
    said = verdict_of(score, judged=judged)
    return said == "correct", score.rule_in_doubt or (judged and said != score.outcome)


def is_certain(score: Score) -> bool:
    """Whether an answer needs no instrument: it was refused, which is right or abstained by the question alone."""
    return score.abstained and not score.rule_in_doubt


def rogan_gladen(
    positive: float, n: int, sensitivity: tuple[float, float], specificity: tuple[float, float]
) -> Estimate | None:
    """The true share, from the share of `n` that an instrument calls positive; None if it is no better than a coin.

    `sensitivity` and `specificity` come with the number of labels behind them; the interval carries all three samples.

    Source: Rogan and Gladen (1978), American Journal of Epidemiology 107:71; the delta method for two further samples
    as in Lang and Reiczigel (2014), Preventive Veterinary Medicine 113:13, with one success and failure added.
    """
    (se, with_it), (sp, without) = sensitivity, specificity
    youden = se + sp - 1
    if youden <= 0 or not with_it or not without:
        return None
    value = (positive + sp - 1) / youden
    clipped = min(1.0, max(0.0, value))
    spread = _binomial(positive, n) + clipped**2 * _binomial(se, with_it) + (1 - clipped) ** 2 * _binomial(sp, without)
    return Estimate.of(value, spread / youden**2)


def ppi_mean(
    labels: Floats, verdicts: Floats, everywhere: Floats, weights: Floats | None = None
) -> tuple[Estimate, float]:
    """The mean of labels that are known for a part, with an instrument's verdicts on that part and on all; and lambda.

    labels, verdicts: float64 (n,), of the labelled part; everywhere: float64 (N,), the labelled part included; weights:
    float64 (n,), how many answers each label stands for. The interval carries both samples; one disagreement is added.

    Source: PPI++, Angelopoulos, Duchi and Zrnic (2023), arXiv 2311.01453: lambda is the one of least variance. With the
    labelled part among all, its factor 1 + n/N falls away.
    """
    n = len(labels)
    weights = np.ones(n) if weights is None else weights * (n / weights.sum())
    mean_label, mean_verdict = float(np.mean(weights * labels)), float(np.mean(weights * verdicts))
    spread = float(np.mean(weights * (verdicts - mean_verdict) ** 2))
    shared = float(np.mean(weights * (verdicts - mean_verdict) * (labels - mean_label)))
    tuned = min(1.0, max(0.0, shared / spread)) if spread > 0 else 0.0
    value = mean_label + tuned * (float(np.mean(everywhere)) - mean_verdict)
    residuals = weights * (labels - mean_label - tuned * (verdicts - mean_verdict))
    within = (float(np.sum(residuals**2)) + 1) / (n + 2)
    return Estimate.of(value, within / n + tuned**2 * float(np.var(everywhere)) / len(everywhere)), tuned


def _rung(scores: Sequence[Score], labels: Mapping[Key, str], *, judged: bool) -> dict[str, Any]:
    """The figures of one rung; answers that need no instrument are counted in at the end."""
    seen = [score for score in scores if verdict_of(score, judged=judged) is not None]
    certain = [score for score in seen if is_certain(score)]
    open_to_doubt = [score for score in seen if not is_certain(score)]
    labelled = [score for score in open_to_doubt if _key(score) in labels]
    raw = sum(verdict_of(score, judged=judged) == "correct" for score in seen)
    figures: dict[str, Any] = {
        "instrument": "judge" if judged else "rules",
        "n": len(seen),
        "n_labelled": len(labelled),
        **dict.fromkeys(("sensitivity", "specificity", "kappa"), None),
        "accuracy_raw": _rounded(raw / len(seen)) if seen else None,
        **dict.fromkeys(("accuracy_corrected", "low", "high", "lambda", "rogan_gladen"), None),
        "calibrated": False,
    }
    if labelled:
        figures |= _compared(open_to_doubt, labelled, labels, certain, judged=judged)
    return figures


def _compared(
    population: Sequence[Score],
    labelled: Sequence[Score],
    labels: Mapping[Key, str],
    certain: Sequence[Score],
    *,
    judged: bool,
) -> dict[str, Any]:
    truth = np.array([_is_right(score, labels[_key(score)]) for score in labelled], dtype=np.float64)
    said = np.array([verdict_of(score, judged=judged) == "correct" for score in labelled], dtype=np.float64)
    everywhere = np.array([verdict_of(score, judged=judged) == "correct" for score in population], dtype=np.float64)
    weights = _weights(population, labelled, judged=judged)
    se, sp = _share(said, truth == 1, weights), _share(1 - said, truth == 0, weights)
    met = len(labelled) >= ENOUGH and set(said) == set(everywhere)
    found: dict[str, Any] = {
        **_with_interval("sensitivity", se),
        **_with_interval("specificity", sp),
        "kappa": _kappa(said, truth, weights),
        "calibrated": met,
    }
    if not met:
        return found
    estimate, tuned = ppi_mean(truth, said, everywhere, weights)
    gladen = rogan_gladen(float(everywhere.mean()), len(everywhere), se, sp)
    known = sum(score.outcome == "correct" for score in certain)
    corrected = _with_certain(estimate, len(population), known, len(certain))
    return found | {
        "accuracy_corrected": corrected["accuracy"],
        "low": corrected["low"],
        "high": corrected["high"],
        "lambda": _rounded(tuned),
        "rogan_gladen": _with_certain(gladen, len(population), known, len(certain)) if gladen else None,
    }


def _with_certain(estimate: Estimate, n: int, known_right: int, known: int) -> dict[str, float]:
    """The share over all answers: estimated of n, known of the others."""
    shares = [(bound * n + known_right) / (n + known) for bound in (estimate.value, estimate.low, estimate.high)]
    return dict(zip(("accuracy", "low", "high"), map(_rounded, shares), strict=True))


def _weights(population: Sequence[Score], labelled: Sequence[Score], *, judged: bool) -> Floats:
    """How many answers of the population each label stands for. A cell without a label joins that of its verdict."""
    drawn = Counter(cell_of(score, judged=judged) for score in labelled)
    there: Counter[tuple[bool, bool]] = Counter()
    for score in population:
        said, disputed = cell_of(score, judged=judged)
        there[(said, disputed) if drawn[(said, disputed)] else (said, not disputed)] += 1
    cells = [cell_of(score, judged=judged) for score in labelled]
    return np.array([there[cell] / drawn[cell] for cell in cells], dtype=np.float64)


def _share(hit: Floats, among: Any, weights: Floats) -> tuple[float, float]:  # noqa: ANN401 -- a mask of booleans
    """(weighted share of hits among some, the number of even weights that would tell as much: Kish 1965)."""
    chosen = weights[among]
    if not chosen.size:
        return 0.0, 0.0
    return float((chosen * hit[among]).sum() / chosen.sum()), float(chosen.sum() ** 2 / (chosen**2).sum())


def _with_interval(name: str, share: tuple[float, float]) -> dict[str, float | None]:
    value, size = share
    if not size:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    low, high = wilson(value * size, size)
    return {name: _rounded(value), f"{name}_low": _rounded(min(low, value)), f"{name}_high": _rounded(max(high, value))}


def _kappa(said: Floats, truth: Floats, weights: Floats) -> float | None:
    """Cohen's kappa (1960) of instrument and people; None where chance alone would agree always."""
    share = weights / weights.sum()
    agreed = float((share * (said == truth)).sum())
    right, called = float((share * truth).sum()), float((share * said).sum())
    chance = right * called + (1 - right) * (1 - called)
    return _rounded((agreed - chance) / (1 - chance)) if chance < 1 else None


def _binomial(share: float, n: float) -> float:
    """The variance of a share of n, with one success and one failure added, so that it is never 0."""
    added = (share * n + 1) / (n + 2)
    return added * (1 - added) / n


def _is_right(score: Score, label: str) -> bool:
    return label == "correct" or (label == "abstained" and score.unanswerable)


def _key(score: Score) -> Key:
    return score.question_id, score.rung, score.replicate


def _rounded(value: float) -> float:
    return round(value, 6)
