"""results.json and what lies beside it -> the reports. The same files give the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

from core.errors import UsageError
from core.files import write_whole
from evaluation.dataset import load_dataset
from evaluation.report.html import html
from evaluation.report.junit import junit
from evaluation.report.markdown import markdown
from evaluation.report.redact import without_text
from evaluation.report.sheets import items_csv, ladder_csv
from evaluation.report.view import Run
from evaluation.results import RESULTS
from evaluation.run.ledger import RECORDS
from evaluation.run.manifest import read_manifest, with_prices
from evaluation.run.records import Record, read_passages, read_records
from evaluation.run.run import QUESTIONS
from evaluation.scoring.score import Score, read_scores

REPORT = "report.html"
REPORTS = {
    REPORT: html,
    "report.md": markdown,
    "ladder.csv": ladder_csv,
    "items.csv": items_csv,
    "junit.xml": junit,
}


def write_report(folder: Path) -> Path:
    """Write the reports of a run whose results are computed, without text where its values say so. Returns report.html.

    Raises:
        UsageError: the folder holds no results.
    """
    run = read_run(folder)
    for name, made in REPORTS.items():
        write_whole(folder / name, made(run), errors="xmlcharrefreplace")
    return folder / REPORT


def read_run(folder: Path) -> Run:
    """Everything a report is made of, and no more than it may show.

    Raises:
        UsageError: the folder holds no results.
    """
    try:
        results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as error:
        raise UsageError(f"{folder} holds no results: score the run first.") from error
    records, scores = read_records(folder / RECORDS), read_scores(folder)
    first = [score for score in scores if score.replicate == 0]
    copies: dict[tuple[str, str], list[tuple[Score, Record]]] = {}
    for score in scores:
        if score.replicate:
            record = records[score.question_id, score.rung, score.replicate]
            copies.setdefault((score.question_id, score.rung), []).append((score, record))
    run = Run(
        manifest=with_prices(read_manifest(folder), {}),
        results=results,
        items={item.id: item for item in load_dataset(folder / QUESTIONS).items},
        records={(score.question_id, score.rung): records[score.question_id, score.rung, 0] for score in first},
        scores={(score.question_id, score.rung): score for score in first},
        copies=copies,
        passages=read_passages(folder),
    )
    return run if run.has_text else without_text(run)
