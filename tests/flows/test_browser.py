"""The page and the report in a real browser: Debian's chromium; skipped where it is absent."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, fill, runner
from tests.cli.test_serve import QUESTION, Served, start

CHROMIUM = shutil.which("chromium")
POLICY = "demo/documents/policies/travel-policy-2026.pdf"
ON_A_PAGE = "What is the hotel limit per night in a capital city in 2026?"
WIDTHS = [pytest.param(1280, id="laptop"), pytest.param(390, id="phone")]

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    process, url = start(folder)
    with process:
        source = fill(folder)
        shutil.copy(ROOT / POLICY, source / "policies")
        yield Served(process, url, runner(folder), source)
        process.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": request.param, "height": 900})
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    wide = opened.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    opened.close()
    assert (complaints, wide) == ([], False)


@pytest.mark.parametrize("page", WIDTHS, indirect=True)
def test_a_person_asks_on_the_page_and_reads_the_quote(served: Served, page: Any) -> None:
    assert served.touchstone("ingest", served.source).code == 0
    page.goto(served.url)
    page.get_by_label("Ask your documents").fill(QUESTION)
    page.get_by_role("button", name="Ask").click()
    assert "16 weeks" in page.get_by_label("Answer", exact=True).inner_text()
    assert page.locator("blockquote").count() == 1
    assert page.locator("figcaption").inner_text().startswith("policies/leave.md")


@pytest.mark.parametrize("page", WIDTHS, indirect=True)
def test_enter_asks_and_the_page_that_is_cited_is_shown_where_it_is_cited(served: Served, page: Any) -> None:
    assert served.touchstone("ingest", served.source).code == 0
    page.goto(served.url)
    page.get_by_label("Ask your documents").fill(ON_A_PAGE)
    page.keyboard.press("Enter")
    _opens_the_page(page)


def _opens_the_page(page: Any) -> None:
    page.get_by_role("link", name="page 1").first.click()
    page.get_by_role("img", name="with the quote marked").wait_for()
    assert page.locator("figure img").evaluate("image => image.naturalWidth") > 500
    page.get_by_role("link", name="page 1").first.click()
    assert page.locator("figure img").count() == 0


@pytest.mark.parametrize("page", WIDTHS, indirect=True)
def test_the_report_of_a_run_opens_from_the_disk(page: Any, tmp_path: Path) -> None:
    touchstone = runner(tmp_path)
    assert touchstone("ingest", fill(tmp_path)).code == 0
    questions = tmp_path / "questions.jsonl"
    item = {"id": "1", "question": QUESTION, "answers": ["16 weeks"], "documents": ["policies/leave.md"]}
    questions.write_text(json.dumps(item))
    assert touchstone("evaluate", "run", questions, "--out", tmp_path / "run").code == 0
    page.goto(f"file://{tmp_path}/run/report.html")
    assert page.get_by_role("heading", name="The ladder").is_visible()
    assert page.get_by_text("16 weeks").count() > 0


@pytest.mark.parametrize("page", WIDTHS[1:], indirect=True)
def test_once_there_is_a_key_a_person_enters_it_and_asks(served: Served, page: Any) -> None:
    assert served.touchstone("ingest", served.source).code == 0
    key = served.touchstone("keys", "create", "--name", "person").out.strip()
    page.goto(served.url)
    assert "Ask your documents" not in page.inner_text("body")
    for entered in ("ts_wrong", key):
        page.get_by_label("asks for a key").fill(entered)
        page.get_by_role("button", name="Enter").click()
        page.get_by_text("not one of this service" if entered != key else "Ask your documents").wait_for()
    page.reload()
    page.get_by_label("Ask your documents").fill(QUESTION)
    page.get_by_role("button", name="Ask").click()
    page.locator("blockquote").wait_for()
    assert "16 weeks" in page.get_by_label("Answer", exact=True).inner_text()
    assert key not in page.content()
    page.get_by_label("Ask your documents").fill(ON_A_PAGE)
    page.keyboard.press("Enter")
    _opens_the_page(page)
