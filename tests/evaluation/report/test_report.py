from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from core.settings.sections import EvaluationSettings
from evaluation.evaluate import reprice, rescore
from tests.evaluation import made_up

ATTACK = '<script>alert("1")</script><img src=x onerror=alert(1)>'
OUTCOMES = {
    "closed_book": ["abstained"] * 20 + ["abstained"] * 5,
    "rag": ["correct"] * 14 + ["wrong"] * 3 + ["abstained"] * 3 + ["abstained"] * 4 + ["wrong"],
    "oracle": ["correct"] * 18 + ["wrong"] * 2 + ["abstained"] * 5,
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = made_up.folder(tmp_path, made_up.questions(25, unanswerable=5), OUTCOMES)
    rescore(folder)
    return folder


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found


def test_results_have_the_form_that_is_promised(run: Path) -> None:
    found = results(run)
    assert set(found) >= {"schema", "dataset", "rungs", "comparisons", "roi", "verdict"}
    assert set(found["rungs"]["rag"]) >= {
        "n", "correct", "wrong", "abstained", "unscored", "accuracy", "accuracy_low", "accuracy_high", "retrieval",
        "net_benefit_usd", "usd_per_query", "cost_of_pass_usd", "latency_ms_p50", "latency_ms_p95",
    }  # fmt: skip
    assert set(found["rungs"]["rag"]["retrieval"]) >= {"recall@5", "recall@10", "mrr@10", "ndcg@10"}
    assert set(found["comparisons"][0]) >= {
        "baseline", "rung", "difference", "low", "high", "p_value", "p_holm", "wins", "losses", "ties",
    }  # fmt: skip
    assert set(found["verdict"]) >= {"decision", "sentence", "assumptions", "flips"}


def test_outcomes_add_up_and_right_refusals_are_shown_apart(run: Path) -> None:
    rag = results(run)["rungs"]["rag"]
    assert rag["correct"] + rag["wrong"] + rag["abstained"] + rag["unscored"] == rag["n"] == 25
    assert (rag["correct"], rag["right_refusals"], rag["wrong"]) == (18, 4, 4)
    assert rag["precision_when_answering"] == pytest.approx(14 / 18, abs=1e-6)


def test_headroom_is_the_share_of_the_way_that_rag_goes(run: Path) -> None:
    headroom = results(run)["headroom"]
    assert headroom["recovered"] == pytest.approx((18 - 5) / (23 - 5), abs=1e-6)


def test_the_page_needs_nothing_from_anywhere(run: Path) -> None:
    page = (run / "report.html").read_text()
    assert not re.search(r"""src\s*=|href\s*=(?!"#)|url\(|@import|<link""", page)
    assert "default-src 'none'" in page


def test_the_page_runs_its_own_script_and_no_other(run: Path) -> None:
    page = (run / "report.html").read_text()
    (script,) = re.findall("<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_the_page_is_well_formed_and_says_the_verdict_first(run: Path) -> None:
    class Nesting(HTMLParser):
        void = frozenset({"meta", "br", "line", "circle", "polyline", "input"})

        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.heading = ""

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in self.void:
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert tag in self.void or self.open.pop() == tag

        def handle_data(self, data: str) -> None:
            if self.open and self.open[-1] == "h1":
                self.heading += data

    parser = Nesting()
    parser.feed((run / "report.html").read_text())
    assert parser.open == []
    heading = parser.heading.replace("\xa0", " ")
    assert heading
    assert results(run)["verdict"]["sentence"].endswith(heading[1:])


def test_nothing_from_documents_models_or_questions_becomes_mark_up(tmp_path: Path) -> None:
    rows = [row | {"question": ATTACK, "documents": [ATTACK]} for row in made_up.questions(2)]
    folder = made_up.folder(tmp_path, rows, {"closed_book": ["abstained"] * 2, "rag": ["correct"] * 2})
    cited = [{"document": ATTACK, "page": 3, "quote": ATTACK, "start": 0, "end": 1, "chunk_id": "c"}]
    path = folder / "records.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line |= {"citations": cited, "answer": f"{made_up.RIGHT} {ATTACK}", "reason": ATTACK, "error": ATTACK}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    rescore(folder)
    page = (folder / "report.html").read_text()
    assert page.count("<script") == 1
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_discordant_questions_stand_side_by_side_with_their_source(tmp_path: Path) -> None:
    folder = made_up.folder(tmp_path, made_up.questions(2), {"closed_book": ["wrong"] * 2, "rag": ["correct", "wrong"]})
    path = folder / "records.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["citations"] = [
        {"document": "fees-0.md", "page": 3, "quote": "is 40 francs", "start": 0, "end": 1, "chunk_id": "c"}
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    rescore(folder)
    page = (folder / "report.html").read_text()
    assert "What is fee number 0?" in page
    assert "What is fee number 1?" in page
    assert made_up.WRONG in page
    assert "is 40 francs<cite>fees-0.md, page 3</cite>" in page


def test_without_a_price_the_money_is_unknown_and_the_page_says_so(tmp_path: Path) -> None:
    folder = made_up.folder(tmp_path, made_up.questions(24), {"rag": ["correct"] * 24}, price_book=None)
    path = folder / "records.jsonl"
    path.write_text(path.read_text().replace('"cost_usd": "0.001"', '"cost_usd": null'))
    rescore(folder)
    found = results(folder)
    assert found["rungs"]["rag"]["net_benefit_usd"] is None
    assert found["roi"] == []
    assert "They are not zero" in (folder / "report.html").read_text()


def test_other_values_change_the_verdict_without_a_call(run: Path) -> None:
    before = (run / "records.jsonl").read_bytes()
    assert results(run)["verdict"]["decision"] != "stop"
    reprice(run, EvaluationSettings.model_validate({"cost_wrong": "50"}))
    assert results(run)["verdict"]["decision"] == "stop"
    assert (run / "records.jsonl").read_bytes() == before


def test_a_run_made_with_a_setting_that_is_gone_can_still_be_read(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["values"]["removed_since"] = 0.05
    (run / "manifest.json").write_text(json.dumps(manifest))
    before = results(run)
    reprice(run)
    assert results(run) == before


def test_one_rung_alone_and_a_run_of_errors_still_give_a_report(tmp_path: Path) -> None:
    folder = made_up.folder(tmp_path, made_up.questions(3), {"rag": ["unscored"] * 3})
    rescore(folder)
    rag = results(folder)["rungs"]["rag"]
    assert (rag["accuracy"], rag["accuracy_low"], rag["accuracy_high"]) == (None, 0.0, 1.0)
    assert results(folder)["verdict"]["decision"] == "inconclusive"


def test_junit_fails_what_is_wrong_and_skips_what_is_unanswered(run: Path) -> None:
    root = ElementTree.parse(run / "junit.xml").getroot()
    rag = next(suite for suite in root if suite.get("name") == "rag")
    assert (rag.get("tests"), rag.get("failures"), rag.get("skipped"), rag.get("errors")) == ("25", "4", "3", "0")
    assert len(rag.findall("testcase/failure")) == 4


def test_a_control_character_does_not_break_the_xml(tmp_path: Path) -> None:
    rows = [row | {"id": "q\u0001<&>"} for row in made_up.questions(1)]
    folder = made_up.folder(tmp_path, rows, {"rag": ["wrong"]})
    rescore(folder)
    assert ElementTree.parse(folder / "junit.xml").getroot()[0][0].get("name") == "q\ufffd<&>"


def test_markdown_holds_the_ladder(run: Path) -> None:
    text = (run / "report.md").read_text()
    assert results(run)["verdict"]["sentence"] in text
    assert "| RAG | 18 of 25 (72 %) |" in text
