"""What pages can do to the service from a real browser: Debian's chromium; skipped where it is absent."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.serve import open_service
from core.settings.load import Settings
from core.settings.service import ServerSettings
from ingest.pipeline import ingest
from service.api.live import Live
from service.api.state import Service
from service.api.wire.keys import KeyIn
from tests.cli.conftest import ROOT as REPOSITORY
from tests.service.api.serving import serving
from tests.service.api.test_below_a_path import ROOT, below, proxy

CHROMIUM = shutil.which("chromium")
POLICY = REPOSITORY / "demo/documents/policies/travel-policy-2026.pdf"
ON_A_PAGE = "What is the hotel limit per night in a capital city in 2026?"
MAPPED = "--host-resolver-rules=MAP *.example 127.0.0.1"

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """To it every name that ends in .example is this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", MAPPED])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 900, "height": 900})
    opened.set_default_timeout(120_000)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def other() -> Iterator[int]:
    """The port of a web server that serves an empty page under every name."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Another page</title><link rel=icon href=data:,>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def port(service: Service, other: int) -> Iterator[str]:
    """The port of a service that asks nobody for a key, with a public name and a front end."""
    server = ServerSettings(
        host="0.0.0.0", allow_anonymous=True, names=("rag.example",), origins=(f"http://intranet.example:{other}",)
    )
    with serving(service, service.settings.model_copy(update={"server": server})) as url:
        yield url.rpartition(":")[2]


@contextmanager
def keyed(settings: Settings) -> Iterator[tuple[Live, str]]:
    """A service over a PDF that asks for a key, and the key."""
    with open_service(settings, "http://127.0.0.1:8000") as live:
        with live.reading() as service:
            ingest(service.indexes, POLICY, collection="default", settings=settings.ingest)
            _, key = service.indexes.catalogue.keys.make(KeyIn(name="reader").row())
        yield live, key


ASKED = """async ([url, options]) => {
    try {
        const reply = await fetch(url, options);
        return [reply.status, await reply.text(), reply.headers.get("x-request-id")];
    } catch (error) {
        return [0, String(error), null];
    }
}"""


def test_a_page_that_rebinds_its_name_reads_nothing_and_makes_no_key(page: Any, port: str) -> None:
    shown = page.goto(f"http://evil.example:{port}/")
    assert shown.status == 400
    assert "server.names" in page.content()
    make = {
        "method": "POST",
        "headers": {"Content-Type": "application/json"},
        "body": '{"name": "x", "scopes": ["admin"]}',
    }
    for path, options in (("/v1/documents", {}), ("/v1/keys", make), ("/openapi.json", {}), ("/page.js", {})):
        status, text, _ = page.evaluate(ASKED, [path, options])
        assert (status, "bad_host" in text) == (400, True)


@pytest.mark.parametrize("name", ["rag.example", "127.0.0.1", "localhost"])
def test_a_page_of_another_site_sends_nothing_that_is_taken(page: Any, port: str, other: int, name: str) -> None:
    """To the first name, which is not https, browsers send no Sec-Fetch-Site."""
    page.goto(f"http://evil.example:{other}/")
    got: list[tuple[str, int]] = []
    page.on("response", lambda reply: got.append((reply.request.method, reply.status)))
    form = """url => { const form = Object.assign(document.createElement("form"), {method: "post", action: url});
        document.body.append(form); form.submit(); }"""
    url = f"http://{name}:{port}"
    for path, kind in (("/v1/search", "text/plain"), ("/v1/ingestions", "text/plain"), ("/v1/index/purge", "")):
        options = {"method": "POST", "mode": "no-cors", "body": '{"text": "leave", "source": "/etc"}' if kind else ""}
        assert page.evaluate(ASKED, [url + path, options])[0] == 0  # the page is told nothing
    json = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": '{"text": "leave"}'}
    assert page.evaluate(ASKED, [f"{url}/v1/search", json])[0] == 0
    with page.expect_navigation():
        page.evaluate(form, f"{url}/v1/index/purge")
    assert "cross_site" in page.content()
    assert [status for method, status in got if method == "POST"] == [403, 403, 403, 403]


def test_a_front_end_on_a_listed_origin_asks_and_reads_errors(page: Any, port: str, other: int) -> None:
    page.goto(f"http://intranet.example:{other}/")
    url, fields = (
        f"http://rag.example:{port}/v1/query",
        {"Content-Type": "application/json", "Authorization": "Bearer x"},
    )
    asked = '{"question": "When does the shop open?", "stream": true}'
    status, text, request_id = page.evaluate(ASKED, [url, {"method": "POST", "headers": fields, "body": asked}])
    assert (status, "event: final" in text, bool(request_id)) == (200, True, True)
    status, text, _ = page.evaluate(ASKED, [url, {"method": "POST", "headers": fields, "body": "{"}])
    assert (status, "malformed" in text) == (400, True)
    status, text, _ = page.evaluate(ASKED, [url, {"method": "POST", "body": asked}])
    assert (status, "application/json" in text) == (415, True)


def test_the_service_s_own_page_is_asked_by_its_public_name(page: Any, port: str) -> None:
    page.goto(f"http://rag.example:{port}/")
    page.get_by_label("Ask your documents").fill("How many weeks of paid parental leave do parents have?")
    page.get_by_role("button", name="Ask").click()
    assert "16 weeks" in page.get_by_label("Answer", exact=True).inner_text()


@pytest.mark.parametrize("strips", [True, False], ids=["taken off", "passed on"])
def test_below_a_path_a_person_enters_a_key_asks_and_sees_the_page(
    page: Any, settings: Settings, tmp_path: Path, strips: bool
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    own = below(settings, ROOT).model_copy(update={"data": tmp_path / "data"})
    with (
        keyed(own) as (live, key),
        serving(live, own) as inner,
        proxy(inner, strips=strips) as url,
    ):
        page.goto(url)
        page.get_by_label("asks for a key").fill(key)
        page.get_by_role("button", name="Enter").click()
        page.get_by_label("Ask your documents").fill(ON_A_PAGE)
        page.keyboard.press("Enter")
        page.get_by_role("link", name="page 1").first.click()
        page.get_by_role("img", name="with the quote marked").wait_for()
        assert page.locator("figure img").evaluate("image => image.naturalWidth") > 500
        page.get_by_role("link", name="API").click()
        page.get_by_role("heading", name="API", exact=True).wait_for()
        page.get_by_role("link", name="Touchstone").click()
        page.get_by_label("Ask your documents").wait_for()
        assert page.evaluate("getComputedStyle(document.querySelector('.ask')).display") in {"flex", "grid"}
    assert complaints == []
