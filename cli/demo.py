"""`touchstone demo`: ingest, ask and evaluate the documents of a fictional company, in front of the reader."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import demo as company
from app.engine import request
from app.local import LocalEngine
from cli import ask, ingest
from cli.evaluation.progress import progress_on_screen
from cli.evaluation.show import ladder
from cli.output import amount, say
from core.settings.load import Settings

if TYPE_CHECKING:
    from service.api.wire.questions import QueryIn

FOLDER = Path("touchstone-demo")
"""Where the demo keeps its data and its report, unless --data or a setting names another folder."""
ANSWERED = "What is the hotel limit per night in a capital city in 2026?"
REFUSED = "What is the hotel limit per night in 2027?"
LADDER = ("closed_book", "manual", "rag_bm25", "rag_dense", "rag", "oracle", "random_context", "oracle_absent")
"""Every rung that the built-in model can climb but one: reading all documents for each question would take minutes."""
PLUG_IN = """\
[models.main]
kind = "openai"
base_url = "http://127.0.0.1:8080/v1"   # any OpenAI-compatible server
model = "llama-3.3-70b"
default = true"""


def demo(settings: Settings) -> None:
    """Run the main job on the documents that come along and say what each step did.

    Raises:
        DataFolderOwned: another process owns the demo's folder.
    """
    from evaluation.evaluate import evaluate as run_evaluation
    from evaluation.run.subject import subject_of
    from indexes.open import open_indexes
    from service.api.wire.questions import IngestionIn

    started = time.monotonic()
    settings = settings if "data" in settings.model_fields_set else settings.model_copy(update={"data": FOLDER})
    run = settings.data / "run"
    shutil.rmtree(run, ignore_errors=True)
    say(("Touchstone, on the documents of Tarnbeck Fluid Systems, a company that does not exist.", "bold"))
    with open_indexes(settings) as indexes:
        indexes.embedder.embed_query("warm up")
        engine = LocalEngine(settings, indexes)

        _step(1, "Ingest", f"touchstone ingest {_short(company.DOCUMENTS)}")
        with ingest.progress_on_screen(company.DOCUMENTS.name) as watch:
            ingest.show(engine.ingest(request(IngestionIn, source=str(company.DOCUMENTS)), watch))

        _step(2, "Ask what the documents answer", f'touchstone ask "{ANSWERED}"')
        ask.show(engine.ask(_question(ANSWERED)))
        _step(3, "Ask what they do not", f'touchstone ask "{REFUSED}"')
        ask.show(engine.ask(_question(REFUSED)))

        _step(
            4,
            "Measure whether that was worth it",
            f"touchstone evaluate run {_short(company.QUESTIONS)} --rungs {','.join(LADDER)}",
        )
        subject = subject_of(indexes, settings, model="extractive")
        with progress_on_screen() as watch:
            report = run_evaluation(company.QUESTIONS, rungs=LADDER, subject=subject, folder=run, progress=watch)
    results = json.loads((run / "results.json").read_text(encoding="utf-8"))
    ladder(results)
    say("")
    say((results["verdict"]["sentence"], "bold"))
    _farewell(report, amount(round(time.monotonic() - started), "second"))


def _question(text: str) -> QueryIn:
    from service.api.wire.questions import QueryIn

    return request(QueryIn, question=text, model="extractive")


def _step(number: int, title: str, command: str) -> None:
    say("")
    say((f"{number}  {title}", "bold"), ("   $ " + command, "dim"))


def _farewell(report: Path, took: str) -> None:
    say("")
    say(("5  Read the report", "bold"), ("   every number in it can be traced to records.jsonl beside it", "dim"))
    say(f"file://{report.absolute()}", indent=2)
    say("")
    say(("6  Plug in a real model", "bold"), ("   in touchstone.toml, then run the same commands", "dim"))
    for line in PLUG_IN.splitlines():
        say(line, indent=2)
    say("")
    say((f"All of that took {took}, with no key and no network.", "dim"))


def _short(path: Path) -> str:
    """The path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
