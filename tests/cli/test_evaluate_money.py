"""What a run is worth, and whether it is good enough, at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.evaluate import rescore
from tests.cli.conftest import Touchstone
from tests.evaluation import made_up

CLOSED = ["abstained"] * 50 + ["correct"] * 10
RAG = ["correct"] * 45 + ["wrong"] * 15


@pytest.fixture
def run(tmp_path: Path) -> Path:
    usage = {"input_tokens": 1000, "output_tokens": 100}
    folder = made_up.folder(tmp_path, made_up.questions(60), {"closed_book": CLOSED, "rag": RAG}, usage=usage)
    rescore(folder)
    return folder


def test_other_values_and_prices_change_the_verdict_and_leave_the_run_as_it_is(
    touchstone: Touchstone, run: Path
) -> None:
    before = (run / "results.json").read_bytes()
    assert (
        touchstone("evaluate", "roi", run, "--json").json["verdict"]
        == touchstone("evaluate", "score", run, "--json").json["verdict"]
    )
    cheap = touchstone("evaluate", "roi", run, "--cost-wrong", "0", "--one-off", "rag=600", "--monthly", "rag=50")
    assert cheap.code == 0, cheap.err
    assert "Climb to RAG" in cheap.out
    assert "against closed_book" in cheap.out
    dear = touchstone("evaluate", "roi", run, "--input-price", "900", "--output-price", "900", "--json").json
    assert dear["rungs"]["rag"]["usd_per_query"] == 0.99
    assert dear["verdict"]["decision"] != "climb"
    assert (run / "results.json").read_bytes() == before


def test_small_amounts_are_not_shown_as_nothing(touchstone: Touchstone, run: Path) -> None:
    words = ["--value-correct", "0.002", "--cost-wrong", "0", "--cost-abstained", "0"]
    small = touchstone("evaluate", "roi", run, *words, "--input-price", "0.1", "--output-price", "0.1").out
    rows = [line for line in small.splitlines() if line.startswith("rag ")]
    assert "$0.11" in rows[0]  # a thousand questions
    assert "$0.0014" in rows[0]
    assert "$0.0012" in rows[1]


def test_values_and_prices_that_are_written_stay_until_others_are(touchstone: Touchstone, run: Path) -> None:
    prices = ["--input-price", "900", "--output-price", "900"]
    written = touchstone("evaluate", "roi", run, "--cost-wrong", "0", *prices, "--write", "--json").json
    assert written["values"]["cost_wrong"] == "0"
    for command in ("score", "report", "roi"):
        assert touchstone("evaluate", command, run, "--json").json["verdict"] == written["verdict"], command
    assert "USD 900 for a million input tokens" in (run / "report.html").read_text()


def test_the_best_model_has_prices_of_its_own(touchstone: Touchstone, tmp_path: Path) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100}
    best = {"name": "big", "kind": "openai", "model": "big", "base_url": "http://127.0.0.1:1/v1", "price_book": None}
    outcomes = {"closed_book": CLOSED, "closed_book_best": RAG, "rag": RAG}
    folder = made_up.folder(tmp_path, made_up.questions(60), outcomes, usage=usage, best_model=best)
    rescore(folder)
    words = ["--best-input-price", "900", "--best-output-price", "900"]
    found = touchstone("evaluate", "roi", folder, *words, "--json").json
    assert found["rungs"]["closed_book_best"]["usd_per_query"] == 0.99
    said = "The model big costs USD 900 per million input and 900 per million output tokens."
    assert said in found["verdict"]["assumptions"]
    assert found["rungs"]["rag"]["usd_per_query"] == 0.001


@pytest.mark.parametrize(
    "words",
    [
        ["--cost-wrong=-1"],
        ["--cost-wrong", "much"],
        ["--one-off", "rag"],
        ["--one-off", "nobody=1"],
        ["--input-price", "1"],
        ["--input-price", "1", "--output-price", "x"],
        ["--input-price", "-1", "--output-price", "1"],
        ["--input-price", "nan", "--output-price", "1"],
    ],
)
def test_values_that_cannot_be_are_refused_in_words(touchstone: Touchstone, run: Path, words: list[str]) -> None:
    done = touchstone("evaluate", "roi", run, *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("touchstone: ")


def test_a_gate_exits_0_when_limits_hold_3_when_one_is_broken_and_5_when_it_cannot_tell(
    touchstone: Touchstone, run: Path, tmp_path: Path
) -> None:
    assert touchstone("evaluate", "gate", run, "--rung", "rag", "--min-accuracy", "0.6").code == 0
    broken = touchstone("evaluate", "gate", run, "--max-wrong", "0.05", "--junit", tmp_path / "gate.xml")
    assert broken.code == 3
    assert broken.out.splitlines()[1].startswith("fail")
    assert "<failure" in (tmp_path / "gate.xml").read_text()
    unclear = touchstone("evaluate", "gate", run, "--min-accuracy", "0.75", "--json")
    assert (unclear.code, unclear.json["outcome"]) == (5, "inconclusive")
    assert touchstone("evaluate", "gate", run).code == 2


def test_two_runs_are_compared_and_what_changed_is_said(touchstone: Touchstone, run: Path, tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    later = made_up.folder(
        tmp_path / "later", made_up.questions(60), {"rag": ["correct"] * 60, "oracle": RAG}, index_version="i2"
    )
    rescore(later)
    done = touchstone("evaluate", "compare", run, later)
    assert done.code == 0, done.err
    assert "index_version: i1 → i2" in done.out
    assert "+25.0" in done.out
    assert "Only in the run after: oracle." in done.out
    assert touchstone("evaluate", "compare", run, later, "--json").json["rungs"]["rag"]["wins"] == 15
