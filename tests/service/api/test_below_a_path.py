"""A proxy serves the service below a path: whether it takes the path off or passes it on, everything works there."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest

from core.settings.load import Settings
from core.settings.service import ServerSettings
from service.api.state import Service
from tests.service.api.serving import serving
from tests.service.api.test_pages import QUESTION, Tags

ROOT = "/tools/rag"
NOT_SENT_ON = {"connection", "transfer-encoding", "content-length"}


@contextmanager
def proxy(service: str, *, strips: bool, says: bool = False) -> Iterator[str]:
    """The URL below which a proxy serves a service, and nothing outside of it; `says`: in X-Forwarded-Prefix."""
    inner = urlsplit(service).netloc

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path != ROOT and not self.path.startswith(f"{ROOT}/"):
                self.answer(404, [], b"outside")
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = (self.path.removeprefix(ROOT) or "/") if strips else self.path
            fields = dict(self.headers.items()) | ({"X-Forwarded-Prefix": ROOT} if says else {})
            connection = HTTPConnection(inner, timeout=60)
            connection.request(self.command, path, body or None, fields)
            reply = connection.getresponse()
            self.answer(reply.status, reply.getheaders(), reply.read())
            connection.close()

        do_POST = do_GET  # noqa: N815 -- as above

        def answer(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in fields:
                if name.lower() not in NOT_SENT_ON:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            with suppress(ConnectionError):  # a browser may have gone
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{ROOT}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(
    scope="module",
    params=[(ROOT, True, False), (ROOT, False, False), ("", True, True)],
    ids=["taken off", "passed on", "told in a header"],
)
def url(request: pytest.FixtureRequest, service: Service) -> Iterator[str]:
    root, strips, says = request.param
    with serving(service, below(service.settings, root)) as inner, proxy(inner, strips=strips, says=says) as outer:
        yield outer


def below(settings: Settings, root: str) -> Settings:
    return settings.model_copy(update={"server": ServerSettings(root_path=root)})


@pytest.mark.parametrize("page", ["", "/", "/docs"])
def test_everything_that_a_page_names_is_there(url: str, page: str) -> None:
    shown = httpx.get(f"{url}{page}")
    named = [str(shown.url.join(address)) for address in Tags(shown.text).addresses if address[0] not in "#d"]
    assert len(named) >= 4
    assert [address for address in named if not address.startswith(url)] == []
    assert {httpx.get(address).status_code for address in named} == {200}


def test_the_form_on_the_page_is_answered(url: str) -> None:
    action = re.search(r'<form method="post" action="([^"]+)"', httpx.get(f"{url}/").text)
    assert action
    origin = url.removesuffix(ROOT)
    reply = httpx.post(httpx.URL(f"{url}/").join(action[1]), data={"question": QUESTION}, headers={"Origin": origin})
    assert "16 weeks" in reply.text


def test_a_redirect_stays_below_the_path(url: str) -> None:
    sent_on = httpx.post(f"{url}/v1/search/?x=1", json={"text": "leave"})
    assert (sent_on.status_code, sent_on.headers["location"]) == (307, f"{ROOT}/v1/search?x=1")
    assert httpx.post(f"{url}/v1/search/", json={"text": "leave"}, follow_redirects=True).json()["hits"]
    assert httpx.get(f"{url}/docs/", follow_redirects=True).status_code == 200


def test_the_description_names_the_path(url: str) -> None:
    assert httpx.get(f"{url}/openapi.json").json()["servers"] == [{"url": ROOT}]
    assert f"{url}/v1/query" in httpx.get(f"{url}/docs").text


def test_it_answers_beside_the_proxy_too(service: Service) -> None:
    with serving(service, below(service.settings, ROOT)) as inner:
        assert httpx.get(f"{inner}/readyz").status_code == httpx.get(f"{inner}{ROOT}/readyz").status_code == 200
        assert httpx.get(f"{inner}{ROOT}x/readyz").status_code == 404


@pytest.mark.parametrize("told", ["//evil.example", "/a/../b", "/v1", "https://evil.example", "/a b", "/a,/b", "/<b>"])
def test_a_header_that_names_no_path_is_overlooked(service: Service, told: str) -> None:
    with serving(service, service.settings) as inner:
        reply = httpx.get(f"{inner}/docs/", headers={"X-Forwarded-Prefix": told})
        assert reply.headers["location"] == "/docs"
        assert "servers" not in httpx.get(f"{inner}/openapi.json", headers={"X-Forwarded-Prefix": told}).json()


def test_a_header_alone_takes_nothing_off_the_path(service: Service) -> None:
    """A proxy that lets some paths through would be told others."""
    with serving(service, service.settings) as inner:
        assert httpx.get(f"{inner}/a/v1/models", headers={"X-Forwarded-Prefix": "/a"}).status_code == 404
