"""A run against a model that takes half a second: how long it takes, and what a call costs this machine.

    python -m benchmarks.evaluation [--in-flight 16] [--seconds 0.5] [--rungs closed_book,rag,oracle]

The demo corpus and its questions; the model is a server in another process. The least that it could take is
calls / in_flight x seconds. The encoder and the client library are loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import demo
from core.deadline import Deadline
from core.settings.load import Settings
from core.settings.sections import IngestSettings, ModelSettings, Price
from evaluation.dataset import load_dataset
from evaluation.run.run import run
from evaluation.run.rungs import choose_rungs
from evaluation.run.subject import subject_of
from indexes.open import open_indexes
from ingest.pipeline import ingest
from tests.evaluation.run.paid_model import paid_model


def measured(in_flight: int, seconds: float, names: list[str]) -> dict[str, float]:
    """Wall and CPU of one run, beside the least that the wall could be."""
    rungs = choose_rungs(names)
    with tempfile.TemporaryDirectory() as folder, paid_model(Path(folder, "ledger"), seconds) as url:
        price = Price(input=Decimal("0.1"), output=Decimal("0.4"))
        paid = ModelSettings(kind="openai", base_url=url, model="m", in_flight=in_flight, price=price)
        settings = Settings(data=Path(folder, "data"), models={"paid": paid})
        with open_indexes(settings) as indexes:
            ingest(indexes, demo.DOCUMENTS, collection="default", settings=IngestSettings())
            indexes.embedder.embed_query("warm up")
            subject = subject_of(indexes, settings, model="paid")
            subject.model.generator.write("warm up", until=Deadline.never())  # loads the client library: two seconds
            began, cpu = time.monotonic(), _cpu()
            done = run(
                load_dataset(demo.QUESTIONS),
                rungs=rungs,
                subject=subject,
                folder=Path(folder, "run"),
                budget_usd=Decimal(100),
            )
            wall, spent = time.monotonic() - began, _cpu() - cpu
        calls = len(Path(folder, "ledger").read_bytes().splitlines()) - 1
    least = calls / in_flight * seconds
    return {
        "records": done.done,
        "calls": calls,
        "wall_s": round(wall, 2),
        "least_s": round(least, 2),
        "over_s": round(wall - least, 2),
        "allowed_s": round(1.05 * least + 2, 2),
        "cpu_ms_a_call": round(1000 * spent / max(calls, 1), 2),
    }


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--rungs", default="closed_book,manual,rag,oracle")
    chosen = parser.parse_args()
    print(json.dumps(measured(chosen.in_flight, chosen.seconds, chosen.rungs.split(",")), indent=2))
