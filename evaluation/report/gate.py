"""Whether a run is good enough to go on with: checks for continuous integration, each with three outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

from core.errors import UsageError
from evaluation.compare_runs import compare_runs
from evaluation.money.verdict import MAX_UNSCORED
from evaluation.money.words import percent, usd
from evaluation.results import results_of

State = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a rung must hold; None: not checked. Shares from 0 to 1, USD a question all in."""

    min_accuracy: float | None = None
    max_wrong: float | None = None
    max_usd: float | None = None
    max_drop: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One limit: whether the data show that it holds, that it does not, or neither."""

    name: str
    state: State
    sentence: str


def gate(folder: Path, rung: str, limits: Limits, *, baseline: Path | None = None) -> list[Check]:
    """Check a rung of a run against limits, and against the same rung of another run on the same questions.

    A limit holds when the whole 95 % interval is on its good side, and is broken when all of it is on the other.

    Raises:
        UsageError: the folder holds no scored run, the rung was not measured, or there is nothing to check.
    """
    results = results_of(folder, write=False)
    figures = results["rungs"].get(rung)
    if figures is None:
        raise UsageError(f"{folder} did not measure the rung {rung!r}: name one of those in its report.")
    found = [_complete(figures, results["completeness"])]
    if limits.min_accuracy is not None:
        found.append(_share("min-accuracy", "correct", figures, "accuracy", at_least=limits.min_accuracy))
    if limits.max_wrong is not None:
        found.append(_share("max-wrong", "wrong", figures, "wrong_share", at_most=limits.max_wrong))
    if limits.max_usd is not None:
        found.append(_cost(figures["usd_per_query"], limits.max_usd))
    if baseline is not None:
        found.append(_no_worse(baseline, folder, rung, limits.max_drop))
    if len(found) == 1:
        raise UsageError("There is nothing to check: give a limit such as --min-accuracy 0.8, or --baseline RUN.")
    return found


def outcome(checks: Sequence[Check]) -> State:
    """Fail if any check fails, else inconclusive if any is, else pass."""
    states = {check.state for check in checks}
    return "fail" if "fail" in states else "inconclusive" if "inconclusive" in states else "pass"


def junit(checks: Sequence[Check], rung: str) -> str:
    """The checks as JUnit XML: a check that fails is a failure, an inconclusive one is skipped."""
    counts = {state: sum(check.state == state for check in checks) for state in ("fail", "inconclusive")}
    root = ElementTree.Element("testsuites", name="touchstone gate")
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=rung,
        tests=str(len(checks)),
        failures=str(counts["fail"]),
        errors="0",
        skipped=str(counts["inconclusive"]),
    )
    for check in checks:
        case = ElementTree.SubElement(suite, "testcase", classname=rung, name=check.name, time="0")
        tag = {"fail": "failure", "inconclusive": "skipped"}.get(check.state)
        if tag:
            ElementTree.SubElement(case, tag, message=check.sentence)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _complete(figures: Mapping[str, Any], of: Mapping[str, Any]) -> Check:
    """Whether the run can vouch for anything: asked to its end, scored, and not on questions made up by a model."""
    missing = figures["unscored"] / figures["n"] if figures["n"] else 1.0
    ended = of["state"] == "complete"
    checked = of["synthetic"] < of["questions"]
    state: State = "pass" if ended and checked and missing <= MAX_UNSCORED else "inconclusive"
    sentence = f"{figures['unscored']} of {figures['n']} answers could not be scored."
    if not ended:
        sentence += f" The run is not complete: {figures['n']} answers to {of['questions']} questions."
    if not checked:
        sentence += " All questions were drafted by a model and checked by nobody."
    return Check("complete", state, sentence)


def _share(
    name: str, words: str, figures: dict[str, Any], key: str, *, at_least: float = 0.0, at_most: float = 1.0
) -> Check:
    share, low, high = (figures[f"{key}{end}"] for end in ("", "_low", "_high"))
    if share is None:
        return Check(name, "inconclusive", "No answer could be scored.")
    state: State = "pass" if low >= at_least and high <= at_most else "inconclusive"
    if high < at_least or low > at_most:
        state = "fail"
    limit = f"at least {percent(at_least, 1)}" if at_least else f"at most {percent(at_most, 1)}"
    sentence = f"{percent(share, 1)} {words} (95 % interval {100 * low:.1f} to {100 * high:.1f}); {limit} is asked for."
    return Check(name, state, sentence)


def _cost(cost: float | None, most: float) -> Check:
    if cost is None:
        return Check("max-usd", "inconclusive", "The model has no price: what a question costs is unknown.")
    sentence = f"A question costs {usd(cost)}; at most {usd(most)} is asked for."
    return Check("max-usd", "pass" if cost <= most else "fail", sentence)


def _no_worse(baseline: Path, folder: Path, rung: str, most: float | None) -> Check:
    compared = compare_runs(baseline, folder)["rungs"].get(rung)
    if compared is None or compared["difference"] is None:
        raise UsageError(f"{baseline} has no answers of the rung {rung!r} to compare with.")
    allowed = compared["equivalent"]["margin"] if most is None else most
    state: State = "pass" if compared["low"] >= -allowed else "fail" if compared["high"] < -allowed else "inconclusive"
    points = [100 * compared[end] for end in ("difference", "low", "high")]
    sentence = (
        f"{points[0]:+.1f} points correct against the baseline (95 % interval {points[1]:+.1f} to {points[2]:+.1f}); "
        f"a drop of at most {100 * allowed:.1f} is allowed."
    )
    return Check("baseline", state, sentence)
