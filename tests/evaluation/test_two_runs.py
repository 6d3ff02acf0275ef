from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from core.errors import UsageError
from core.settings.sections import EvaluationSettings, Price
from evaluation.compare_runs import compare_runs
from evaluation.evaluate import reprice, rescore
from evaluation.report.gate import Limits, gate, junit, outcome
from evaluation.results import results_of
from evaluation.run.manifest import read_manifest, write_json
from evaluation.run.records import read_all_records, to_line
from tests.evaluation import made_up

HALF = ["correct"] * 60 + ["wrong"] * 60
MORE = ["correct"] * 90 + ["wrong"] * 20 + ["abstained"] * 10


def run(folder: Path, outcomes: dict[str, list[str]], count: int = 120, **fields: Any) -> Path:
    folder.mkdir(parents=True)
    made_up.folder(folder, made_up.questions(count), outcomes, **fields)
    rescore(folder)
    return folder


def test_two_runs_are_compared_question_by_question_on_the_rungs_of_both(tmp_path: Path) -> None:
    before = run(tmp_path / "before", {"closed_book": HALF, "rag": HALF, "oracle": MORE})
    after = run(tmp_path / "after", {"closed_book": HALF, "rag": MORE}, index_version="i2")
    found = compare_runs(before, after)
    assert list(found["rungs"]) == ["closed_book", "rag"]
    assert found["only_before"] == ["oracle"]
    assert found["changed"] == [{"part": "index_version", "before": "i1", "after": "i2"}]
    rag = found["rungs"]["rag"]
    assert (rag["difference"], rag["wins"], rag["losses"]) == (0.25, 30, 0)
    assert rag["gain_usd"] == pytest.approx(0.25 + 2 * (60 - 20) / 120 - 0.2 * 10 / 120)
    assert rag["gain_usd_low"] < rag["gain_usd"] < rag["gain_usd_high"]
    assert found["rungs"]["closed_book"]["p_holm"] == 1.0


def test_changed_prices_and_values_and_parts_that_are_kept_as_hashes_are_named(tmp_path: Path) -> None:
    before = run(tmp_path / "before", {"rag": HALF})
    values = EvaluationSettings(cost_wrong=Decimal(9)).model_dump(mode="json")
    book = {"input": "1", "output": "1", "cached_input": None}
    after = run(tmp_path / "after", {"rag": HALF}, values=values, price_book=book, fingerprint={"documents": "other"})
    parts = {row["part"]: row["after"] for row in compare_runs(before, after)["changed"]}
    assert parts["price_book"] == book
    assert parts["values.cost_wrong"] == "9"
    manifest = read_manifest(after) | {"fingerprint": {"documents": "d0c", "settings": "s"}}
    write_json(after / "manifest.json", manifest)
    assert {"part": "settings", "before": None, "after": None} in compare_runs(before, after)["changed"]


def test_the_same_questions_in_another_file_are_compared(tmp_path: Path) -> None:
    before = run(tmp_path / "before", {"rag": HALF})
    again = run(tmp_path / "again", {"rag": HALF})
    lines = (again / "questions.jsonl").read_text().splitlines()
    rewritten = "".join(json.dumps(dict(reversed(json.loads(line).items()))) + "\n" for line in lines).encode()
    (again / "questions.jsonl").write_bytes(rewritten)
    of = {"name": "items.jsonl", "sha256": hashlib.sha256(rewritten).hexdigest()}
    manifest = read_manifest(again)
    other = manifest["fingerprint"] | {"dataset": of["sha256"]}
    write_json(again / "manifest.json", manifest | {"dataset": of, "fingerprint": other})
    found = compare_runs(before, again)
    assert found["rungs"]["rag"]["ties"] == len(lines)
    assert "dataset" not in {row["part"] for row in found["changed"]}


def test_runs_on_other_questions_or_other_rungs_are_not_compared(tmp_path: Path) -> None:
    before = run(tmp_path / "before", {"rag": HALF})
    with pytest.raises(UsageError, match="different questions"):
        compare_runs(before, run(tmp_path / "fewer", {"rag": HALF[:60]}, count=60))
    with pytest.raises(UsageError, match="no rung in common"):
        compare_runs(before, run(tmp_path / "other", {"closed_book": HALF}))


@pytest.mark.parametrize(
    ("limits", "state"),
    [
        (Limits(min_accuracy=0.6), "pass"),
        (Limits(min_accuracy=0.75), "inconclusive"),
        (Limits(min_accuracy=0.95), "fail"),
        (Limits(max_wrong=0.3), "pass"),
        (Limits(max_wrong=0.05), "fail"),
        (Limits(max_usd=0.01), "pass"),
        (Limits(max_usd=0.0001), "fail"),
        (Limits(min_accuracy=0.75, max_usd=0.0001), "fail"),
    ],
)
def test_a_limit_holds_is_broken_or_cannot_be_told(tmp_path: Path, limits: Limits, state: str) -> None:
    checks = gate(run(tmp_path / "run", {"rag": MORE}), "rag", limits)
    assert outcome(checks) == state


def test_a_gate_against_a_baseline_asks_whether_the_rung_got_worse(tmp_path: Path) -> None:
    half, more = run(tmp_path / "half", {"rag": HALF}), run(tmp_path / "more", {"rag": MORE})
    assert outcome(gate(more, "rag", Limits(), baseline=half)) == "pass"
    assert outcome(gate(half, "rag", Limits(), baseline=more)) == "fail"
    assert outcome(gate(half, "rag", Limits(max_drop=0.5), baseline=more)) == "pass"
    assert outcome(gate(half, "rag", Limits(), baseline=half)) == "pass"


def test_a_gate_without_enough_data_is_inconclusive_and_one_without_a_limit_is_refused(tmp_path: Path) -> None:
    folder = run(tmp_path / "run", {"rag": ["correct"] * 100 + ["unscored"] * 20})
    checks = gate(folder, "rag", Limits(min_accuracy=0.5))
    assert [check.state for check in checks] == ["inconclusive", "pass"]
    with pytest.raises(UsageError, match="nothing to check"):
        gate(folder, "rag", Limits())
    with pytest.raises(UsageError, match="did not measure"):
        gate(folder, "oracle", Limits(min_accuracy=0.5))


def test_a_gate_never_passes_on_a_run_that_was_stopped_or_on_questions_that_nobody_checked(tmp_path: Path) -> None:
    limits = Limits(min_accuracy=0.5)
    stopped = gate(run(tmp_path / "stopped", {"rag": MORE}, state="stopped"), "rag", limits)
    assert [(check.name, check.state) for check in stopped] == [("complete", "inconclusive"), ("min-accuracy", "pass")]
    assert "120 answers to 120 questions" in stopped[0].sentence
    rows = [question | {"source": "synthetic"} for question in made_up.questions(120)]
    (tmp_path / "drafts").mkdir()
    drafts = made_up.folder(tmp_path / "drafts", rows, {"rag": MORE})
    rescore(drafts)
    assert outcome(gate(drafts, "rag", limits)) == "inconclusive"
    said = results_of(drafts)["verdict"]["assumptions"]
    assert any("All 120 questions were drafted by a model" in sentence for sentence in said)


def test_a_gate_writes_junit(tmp_path: Path) -> None:
    checks = gate(run(tmp_path / "run", {"rag": MORE}), "rag", Limits(min_accuracy=0.95, max_wrong=0.2))
    suite = ElementTree.fromstring(junit(checks, "rag"))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")


def test_an_answer_without_a_reported_cost_counts_at_the_most_and_does_not_hide_its_rung(tmp_path: Path) -> None:
    folder = run(tmp_path / "run", {"closed_book": HALF, "rag": MORE})
    before = results_of(folder)["verdict"]
    records = list(read_all_records(folder / "records.jsonl"))
    place = next(number for number, record in enumerate(records) if record.rung == "rag")

    def with_cost(**fields: Any) -> dict[str, Any]:
        changed = [*records[:place], replace(records[place], **fields), *records[place + 1 :]]
        (folder / "records.jsonl").write_text("".join(map(to_line, changed)))
        rescore(folder)
        return results_of(folder)

    found = with_cost(cost_usd=None, at_most_usd=Decimal("0.01"))
    assert (found["verdict"]["decision"], found["verdict"]["rung"]) == (before["decision"], before["rung"])
    assert any("1 of 120 answers of RAG count at the most" in said for said in found["verdict"]["assumptions"])
    found = with_cost(cost_usd=None)
    assert found["verdict"]["decision"] == "inconclusive"
    assert "what 1 of 120 answers of RAG cost is not known" in found["verdict"]["sentence"]


def test_an_old_run_is_priced_anew_from_its_tokens_and_the_same_bytes_come_out_again(tmp_path: Path) -> None:
    folder = run(
        tmp_path / "run", {"closed_book": HALF, "rag": MORE}, usage={"input_tokens": 1000, "output_tokens": 100}
    )
    before = (folder / "results.json").read_bytes()
    book = Price(input=Decimal(2), output=Decimal(10))
    found = results_of(folder, books={"model": book}, write=False)
    assert found["rungs"]["rag"]["usd_per_query"] == pytest.approx(0.003)
    assert "costs USD 2 per million input and 10 per million output" in " ".join(found["verdict"]["assumptions"])
    assert (folder / "results.json").read_bytes() == before
    rescore(folder)
    assert (folder / "results.json").read_bytes() == before
    reprice(folder, EvaluationSettings(cost_wrong=Decimal(9)))
    assert (folder / "results.json").read_bytes() != before
    reprice(folder)
    assert (folder / "results.json").read_bytes() == before
