"""The whole line: dataset -run-> records -score-> scores -aggregate, compare-> results -report-> report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from core.errors import BudgetReached, Cancelled
from core.settings.load import Settings
from core.settings.sections import EvaluationSettings
from evaluation.dataset import load_dataset
from evaluation.report.write import write_report
from evaluation.results import results_of
from evaluation.run.budget import require_prices
from evaluation.run.manifest import fingerprint, read_manifest, refuse_other, values_of
from evaluation.run.run import Progress, run
from evaluation.run.rungs import Subject, runnable
from evaluation.run.splits import note_split, open_split
from evaluation.scoring.judging.judge import Judged, judge_folder
from evaluation.scoring.score import score_folder
from indexes.embedders.choose import choose_embedder
from service.answering.models.choose import open_model


def evaluate(
    dataset: Path,
    *,
    rungs: Sequence[str] = (),
    subject: Subject,
    folder: Path,
    budget_usd: Decimal | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Path:
    """Put the questions of a file to the named rungs and report what they are worth. Returns report.html.

    Without a name those that are measured by default; "all": every one that can be run. Everything is written to
    `folder`; running it again on that folder goes on where it stopped. `budget_usd` is the most that may be spent in
    all; None for the one in the settings.

    Raises:
        DatasetError, UsageError: the file, a rung or the folder cannot be used.
        MissingPrice: a model has no price, so that no cap could hold.
        ModelUnavailable: the model's server does not answer.
        BudgetReached: stopped at the cap, after the report on the questions asked so far was written.
        Cancelled: interrupted, likewise.
    """
    split = subject.settings.evaluation.split
    questions = load_dataset(dataset).select(split)
    chosen, _ = runnable(rungs, subject)
    require_prices(chosen, subject)
    cap = subject.settings.evaluation.budget_usd if budget_usd is None else budget_usd
    subject.indexes.catalogue.require_collection(subject.collection, access=subject.access)
    refuse_other(folder, fingerprint(questions, subject))
    opened = open_split(dataset, questions, split, folder)
    summary = run(questions, rungs=chosen, subject=subject, folder=folder, budget_usd=cap, progress=progress)
    note_split(folder, opened)
    kind = Cancelled if summary.interrupted else BudgetReached
    if summary.stopped and not summary.done:
        raise kind(summary.stopped)
    try:
        if subject.settings.evaluation.judge:
            judge_with(subject.settings.evaluation.judge, folder, subject.settings)
    finally:
        page = rescore(folder)
    if summary.stopped:
        raise kind(f"{summary.stopped} The report on what was asked so far is {page}.")
    return page


def judge_with(
    name: str, folder: Path, settings: Settings, progress: Callable[[Judged], None] = lambda _: None
) -> Judged:
    """Have the named model judge the answers of a run that it has not judged; the cap is a setting of its own.

    Raises:
        UsageError: the folder holds no run, or the model cannot judge.
        BudgetReached: the next judgement could pass `evaluation.judge_budget_usd`; those before are kept.
        ModelUnavailable: the model's server does not answer.
    """
    model = open_model(settings, name, choose_embedder(settings.embedder))
    return judge_folder(folder, model, settings, budget_usd=settings.evaluation.judge_budget_usd, progress=progress)


def rescore(folder: Path) -> Path:
    """Judge a run again from its records, and write its results and reports anew; calls no model. Returns report.html.

    Raises:
        UsageError: the folder holds no run.
    """
    score_folder(folder)
    return reprice(folder)


def reprice(folder: Path, values: EvaluationSettings | None = None, *, text: bool = True) -> Path:
    """Compute results and reports of a scored run anew, with other values where given; calls no model.

    Returns report.html. Without `values` those of the run are taken; with `text` False, or where the run was made
    so, the reports hold no question, answer or quote.

    Raises:
        UsageError: the folder holds no scored run.
    """
    if not text:
        values = values or values_of(read_manifest(folder))
        values = values.model_copy(update={"report_text": False})
    results_of(folder, values)
    return write_report(folder)
