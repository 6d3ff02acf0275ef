"""A run that is killed with SIGKILL while its calls are under way, and run again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, IngestSettings
from evaluation.run.records import Record, read_all_records
from indexes.open import open_indexes
from ingest.pipeline import ingest
from tests.evaluation.run.paid_model import paid_model
from tests.faults.doomed import begin, command
from tests.faults.processes import only_linux

pytestmark = only_linux
IN_FLIGHT, QUESTIONS, RUNGS = 4, 20, ("closed_book", "rag", "oracle")
PATIENCE = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder of a few documents, and questions on them."""
    source = tmp_path / "source"
    source.mkdir()
    rows = []
    for number in range(QUESTIONS):
        text = f"The annual fee of tariff {number} is {40 + number} francs."
        (source / f"fee-{number}.md").write_text(f"# Tariff {number}\n\n{text}\n")
        question = {"id": f"q{number}", "question": f"What is the annual fee of tariff {number}?"}
        evidence = {"document": f"fee-{number}.md", "text": text}
        rows.append({**question, "answers": [f"{40 + number} francs"], "evidence": [evidence]})
        rows[-1]["documents"] = [f"fee-{number}.md"]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))
    with open_indexes(settings) as indexes:
        ingest(indexes, source, collection="default", settings=IngestSettings())
    return tmp_path


def start(folder: Path, url: str) -> ForkServerProcess:
    """`touchstone evaluate run` on the folder, in a process of its own."""
    model = {"KIND": "openai", "BASE_URL": url, "MODEL": "m", "IN_FLIGHT": str(IN_FLIGHT)}
    model |= {"PRICE": '{"input": 1, "output": 1}'}
    words = ["questions.jsonl", "--model", "paid", "--rungs", ",".join(RUNGS), "--out", "run"]
    variables = {f"TOUCHSTONE_MODELS__PAID__{name}": value for name, value in model.items()}
    return begin(evaluate, folder, ["evaluate", "run", *words], variables)


def evaluate(words: Sequence[str], variables: Mapping[str, str]) -> None:
    """The command, where Ctrl-C is heard even if the tests run in the background of a shell."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command(words, variables)


def billed(folder: Path) -> int:
    path = folder / "ledger"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def records(folder: Path) -> list[Record]:
    return list(read_all_records(folder / "run" / "records.jsonl"))


def killed_and_run_again(folder: Path, url: str, *, seed: int, kills: int) -> None:
    """Kill it so many times, each time after a random number of calls, then let it end; check the bill each time."""
    drawn = random.Random(seed)
    wanted = QUESTIONS * len(RUNGS)
    for kill in range(kills + 1):
        before, known = billed(folder), len(records(folder))
        process = start(folder, url)
        if kill < kills:
            aim = before + drawn.randrange(1, max(2, (wanted - known) // 2))
            deadline = time.monotonic() + PATIENCE
            while billed(folder) < aim and process.is_alive():
                assert time.monotonic() < deadline, "it asks nothing"
                time.sleep(drawn.random() / 100)
            process.kill()
        process.join(PATIENCE)
        new, on_disk = billed(folder) - before, len(records(folder)) - known
        assert on_disk <= new <= on_disk + (IN_FLIGHT if kill < kills else 0), (folder / "stderr").read_text()
    found = records(folder)
    assert Counter(Counter(record.key for record in found).values()) == {1: wanted}
    assert {record.status for record in found} <= {"answered", "refused"}
    assert {record.model for record in found} == {"paid-2026-11-01"}
    assert billed(folder) <= wanted + kills * IN_FLIGHT
    results = json.loads((folder / "run" / "results.json").read_text())
    assert {name: figures["n"] for name, figures in results["rungs"].items()} == dict.fromkeys(RUNGS, QUESTIONS)


def test_a_killed_run_loses_at_most_the_calls_under_way_and_asks_nothing_twice(folder: Path) -> None:
    with paid_model(folder / "ledger", 0.05) as url:
        killed_and_run_again(folder, url, seed=1, kills=2)


def interrupted(folder: Path, url: str, *, again: bool) -> int | None:
    """Press Ctrl-C once a few calls are under way, and `again` and again until it ends; the exit code."""
    process = start(folder, url)
    deadline = time.monotonic() + PATIENCE
    while billed(folder) < IN_FLIGHT:
        assert time.monotonic() < deadline, "it asks nothing"
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    while again and process.is_alive() and time.monotonic() < deadline:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT)
        process.join(0.2)
    process.join(PATIENCE)
    return process.exitcode


def test_ctrl_c_keeps_the_answers_under_way_and_says_how_to_go_on(folder: Path) -> None:
    with paid_model(folder / "ledger", 0.5) as url:
        code = interrupted(folder, url, again=False)
    said = (folder / "stderr").read_text()
    assert code == 130, said
    assert len(records(folder)) == billed(folder)
    assert "Interrupted. What was measured is kept; run again to go on." in said
    assert "Traceback" not in said


def test_ctrl_c_twice_does_not_wait_for_them(folder: Path) -> None:
    with paid_model(folder / "ledger", 1000) as url:
        code = interrupted(folder, url, again=True)
    said = (folder / "stderr").read_text()
    assert code in {130, -signal.SIGINT}, said  # a shell calls both 130
    assert "Traceback" not in said
    assert "bug" not in said
    assert records(folder) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_so_does_one_that_is_killed_again_and_again(folder: Path, seed: int) -> None:
    with paid_model(folder / "ledger", 0.05) as url:
        killed_and_run_again(folder, url, seed=100 + seed, kills=6)
