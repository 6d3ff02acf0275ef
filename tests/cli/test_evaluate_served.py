"""Measuring while a service owns the data folder says what it says without one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Done, Touchstone, fill, runner
from tests.cli.test_evaluate_data import LEAVE, SHOP, write
from tests.cli.test_serve import start

PUMPS = (
    "The pump in the cellar runs from October to April, is serviced by Kestwick every second week of March, and may be "
    "switched off by the caretaker alone, who keeps the key to the cellar in the lodge beside the gate.\n"
)
DRAFT = {
    "question": "Who may switch off the cellar pump?",
    "answer": "the caretaker",
    "quote": "switched off by the caretaker alone",
}
WRITER = {
    "TOUCHSTONE_MODELS__WRITER__KIND": "scripted",
    "TOUCHSTONE_MODELS__WRITER__REPLIES": json.dumps([json.dumps(DRAFT)]),
    "TOUCHSTONE_MODELS__WRITER__PRICE": '{"input": 1, "output": 2}',
}


@dataclass(frozen=True)
class Both:
    """A data folder that a service owns, and a copy of it that nobody owns."""

    touchstone: Touchstone
    copy: Path
    questions: Path

    def run(self, *words: str | Path, out: Path | None = None) -> tuple[Done, Done]:
        """An `evaluate` command on either; what it writes goes to folders beside `out`."""
        ends = [(*(("--out", out.with_name(f"{out.name}-{name}")) if out else ()),) for name in ("here", "served")]
        here = self.touchstone("--data", self.copy, "evaluate", *words, *ends[0], **WRITER)
        return here, self.touchstone("evaluate", *words, *ends[1], **WRITER)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("measured")
    source = fill(folder)
    (source / "pumps.txt").write_text(PUMPS)
    assert runner(folder)("ingest", source).code == 0
    shutil.copytree(folder / "data", folder / "copy")
    rows = [LEAVE, SHOP, *({**LEAVE, "id": f"again {number}"} for number in range(12))]
    process, _ = start(folder)
    with process:
        yield Both(runner(folder), folder / "copy", write(folder / "questions.jsonl", *rows))
        process.terminate()


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_checking_and_planning_say_the_same(both: Both, tmp_path: Path, more: tuple[str, ...]) -> None:
    evidence = [{"document": "gone.md", "text": "Gone."}]
    lost = write(
        tmp_path / "lost.jsonl", LEAVE, {**LEAVE, "id": "lost", "documents": ["gone.md"], "evidence": evidence}
    )
    for words, code in (
        (("check", both.questions, "--collection", "default"), 0),
        (("check", lost, "--collection", "default"), 2),
        (("plan", both.questions, "--model", "writer"), 0),
        (("plan", both.questions, "--model", "writer", "--rungs", "rag,oracle,long_context,random_context"), 0),
        (("plan", both.questions, "--collection", "nowhere"), 2),
        (("check", both.questions, "--collection", "nowhere"), 2),
    ):
        here, served = both.run(*words, *more)
        assert (served.code, served.out, served.err) == (code, here.out, here.err)


def test_the_litmus_test_says_the_same(both: Both, tmp_path: Path) -> None:
    here, served = both.run("litmus", both.questions, "--model", "extractive", "--json", out=tmp_path / "litmus")
    assert (here.code, served.code, served.json) == (0, 0, here.json), served.err
    assert served.json["questions"] > 10


def test_a_run_with_settings_of_its_own_is_measured_beside_the_service(both: Both, tmp_path: Path) -> None:
    words = ("run", both.questions, "--rungs", "closed_book,rag", "--replicates", "2", "--json")
    here, served = both.run(*words, out=tmp_path / "run")
    assert (here.code, served.code) == (0, 0), served.err
    assert served.json["rungs"]["rag"]["correct"] == here.json["rungs"]["rag"]["correct"] > 0


def test_drafting_questions_writes_the_same(both: Both, tmp_path: Path) -> None:
    here, served = both.run("synth", "--model", "writer", "--count", "1", out=tmp_path / "drafts")
    assert (here.code, served.code) == (0, 0), served.err
    drafts = [(tmp_path / f"drafts-{name}").read_text() for name in ("here", "served")]
    assert DRAFT["question"] in drafts[1]
    assert drafts[0] == drafts[1]


@pytest.mark.parametrize("form", ["chat", "pairs"])
def test_exporting_writes_the_same(both: Both, tmp_path: Path, form: str) -> None:
    here, served = both.run("export", both.questions, form, out=tmp_path / "file")
    assert (here.code, served.code, served.err) == (0, 0, here.err)
    files = [(tmp_path / f"file-{name}").read_text() for name in ("here", "served")]
    assert files[0] == files[1] != ""


def test_a_question_file_to_begin_with_names_the_documents(both: Both, tmp_path: Path) -> None:
    assert both.touchstone("evaluate", "init", tmp_path / "begun").code == 0
    assert "policies/leave.md" in (tmp_path / "begun" / "questions.jsonl").read_text()
