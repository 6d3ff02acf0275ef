"""The report with everything it can show: its content, its size, and how it behaves in a browser."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from evaluation.report.write import REPORTS, write_report
from evaluation.run.records import PASSAGES, read_records, to_line
from tests.evaluation.report import made_up_report

CHROMIUM = shutil.which("chromium")
SECTIONS = [
    "The ladder", "How far each rung goes", "On the same questions", "Money", "Is the right passage found?",
    "Where wrong answers come from", "Question by question", "Controls", "Can the marking be trusted?",
    "Was everything counted?", "Spent", "How it was measured",
]  # fmt: skip
CHARTS = [
    "Correct answers and what they cost", "How much of the way RAG goes", "How likely each is the best choice",
    "by what a correct answer is worth", "Net benefit a question, by volume", "hangs on, USD a question",
]  # fmt: skip
MAX_BYTES = 1_500_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = made_up_report.full(tmp_path_factory.mktemp("run"))
    write_report(made)
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def without(folder: Path, at: Path, *keys: str) -> str:
    """The page of the run when its results lack these keys."""
    shutil.copytree(folder, at)
    found = json.loads((at / "results.json").read_text())
    (at / "results.json").write_text(json.dumps({key: value for key, value in found.items() if key not in keys}))
    return write_report(at).read_text()


def test_every_section_and_chart_is_there_and_is_left_out_without_its_data(folder: Path, tmp_path: Path) -> None:
    page = (folder / "report.html").read_text()
    assert re.findall(r"<h2>(.*?)</h2>", page)[2:] == SECTIONS
    assert all(chart in page for chart in CHARTS)
    assert re.search(r"<span>cost of a call<small>[\d.]{3,6} to [\d.]{3,6}</small>", page)
    (never,) = re.findall(r"Never likely to be the best: (.*?)\.</p>", page)
    assert "; RAG; RAG, reranked" in never
    bare = without(folder, tmp_path / "bare", "money", "attribution", "judge", "spend", "headroom", "split")
    assert not {"Spent", "Can the marking be trusted?", "Where wrong answers come from"} & set(
        re.findall(r"<h2>(.*?)</h2>", bare)
    )
    assert "How likely each is the best choice" not in bare


def test_the_same_run_gives_the_same_bytes_in_every_report(folder: Path) -> None:
    before = {name: (folder / name).read_bytes() for name in REPORTS}
    write_report(folder)
    assert {name: (folder / name).read_bytes() for name in REPORTS} == before


def test_every_link_leads_to_a_question_on_the_page_which_names_its_id(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    links = set(re.findall(r'href="#([^"]*)"', page))
    assert links
    assert links <= set(re.findall(r'id="(q[0-9]+)"', page))
    ids = [json.loads(line)["id"] for line in (folder / "questions.jsonl").read_text().splitlines()]
    assert all(f"<code>{question}</code>" in page for question in ids)


def test_a_question_shows_what_was_read_once_with_the_evidence_marked_and_the_rungs_that_read_it(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    blocks = re.findall(r'<details class="passages">(.*?)</details>', page, re.DOTALL)
    passages = next(
        re.findall(r'<div class="passage">(.*?)</div>', block, re.DOTALL) for block in blocks if "<mark>" in block
    )
    assert len(passages) == 3
    assert f"<mark>{made_up_report.EVIDENCE}</mark>" in passages[0]
    assert "page 3" in passages[0]
    assert re.search(r'<p class="read">[^<]*Perfect retrieval', passages[0])
    assert "<mark>" not in passages[1] + passages[2]


def test_of_a_long_prompt_the_page_names_a_few_documents_and_shows_the_passages_that_tell(tmp_path: Path) -> None:
    made_up_report.full(tmp_path)
    others = tuple(
        {"chunk_id": f"d{number}", "document": f"others/{number:02}.md", "page": None} for number in range(20)
    )
    records = [
        replace(record, passages=(*others, *record.passages)) if record.rung == "long_context" else record
        for record in read_records(tmp_path / "records.jsonl").values()
    ]
    (tmp_path / "records.jsonl").write_text("".join(map(to_line, records)))
    with (tmp_path / PASSAGES).open("a") as texts:
        texts.writelines(json.dumps({"chunk_id": each["chunk_id"], "text": "of no use"}) + "\n" for each in others)
    page = write_report(tmp_path).read_text()
    shown = re.findall(r'<p class="read">Was shown ([^<]*)</p>', page)
    long = next(words for words in shown if "others/" in words)
    assert "manuals/fees" in long
    assert (long.count("others/"), long.endswith("; and 13 more")) == (7, True)
    block = re.search(r'<details class="passages">(.*?)</details>', page, re.DOTALL)
    assert block is not None
    assert "Long context" in block[1]
    assert "of no use" not in page


def test_charts_have_words_and_tables_captions_for_who_cannot_see_them(folder: Path) -> None:
    class Alternatives(HTMLParser):
        bare: list[str] = []  # noqa: RUF012 -- of this test alone
        tables = captions = 0

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            said = dict(attrs)
            if tag == "svg" and not (said.get("aria-label") or said.get("aria-hidden")):
                self.bare.append(str(self.getpos()))
            self.tables += tag == "table"
            self.captions += tag == "caption"

    parser = Alternatives()
    parser.feed((folder / "report.html").read_text())
    assert parser.bare == []
    assert parser.tables == parser.captions > 8


def test_the_figures_under_the_verdict_do_not_speak_of_a_gain_where_there_is_no_climb(tmp_path: Path) -> None:
    made_up_report.full(tmp_path, cost_wrong=20)
    page = (tmp_path / "report.html").read_text()
    tiles = page[page.index('class="tiles"') : page.index('class="grounds')]
    assert json.loads((tmp_path / "results.json").read_text())["verdict"]["decision"] != "climb"
    assert "Net benefit of a question" in tiles
    assert "Gain" not in tiles


@pytest.mark.slow
def test_eleven_rungs_on_181_questions_make_a_page_that_can_be_mailed(tmp_path: Path) -> None:
    assert write_report(made_up_report.full(tmp_path, count=181)).stat().st_size < MAX_BYTES


@pytest.mark.browser
def test_the_page_fits_asks_nobody_and_complains_of_nothing(folder: Path, browser: Any) -> None:
    page = browser.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url))
    address = (folder / "report.html").as_uri()
    page.goto(address)
    for width in (1366, 900, 390):
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        sticking_out = page.evaluate(
            "[...document.querySelectorAll('main *:not(caption)')].filter(e => e.checkVisibility() && !e.closest('svg')"
            " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + e.className)"
        )
        assert (width, wide, sticking_out) == (width, 0, [])
    papers = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        papers.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    page.close()
    assert papers[0] != papers[1]
    assert heard == [address]


@pytest.mark.browser
def test_a_search_shows_the_questions_that_hold_the_words_and_a_link_opens_its_question(
    folder: Path, browser: Any
) -> None:
    page = browser.new_page()
    page.goto((folder / "report.html").as_uri() + "#q8")
    assert page.locator("#q8").is_visible()
    page.get_by_label("Search").fill("number 17?")
    assert page.locator(".question:visible").count() == 1
    assert page.locator(".search output").inner_text() == "1 question"
    page.get_by_label("Search").fill("")
    assert page.locator(".question[hidden]").count() == 0
    page.close()
