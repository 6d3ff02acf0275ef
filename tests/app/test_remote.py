"""What commands make of the replies of the service that owns the data folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.remote import RemoteEngine
from core.errors import TooManyRequests


@contextmanager
def service(busy: int, retry_after: str) -> Iterator[tuple[str, list[str]]]:
    """A service that puts off the first so many requests; its URL, and what was asked of it."""
    asked: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            refused = len(asked) <= busy
            reply: dict[str, object] = (
                {"code": "rate_limited", "detail": "Too often."} if refused else {"collections": []}
            )
            body = json.dumps(reply).encode()
            self.send_response(429 if refused else 200)
            self.send_header("Retry-After", retry_after)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.parametrize("retry_after", ["0", "Sat, 01 Jan 2000 00:00:00 GMT", "soon"])
def test_a_command_that_comes_too_often_for_the_service_waits_as_it_is_told(retry_after: str) -> None:
    with service(busy=2, retry_after=retry_after) as (url, asked), RemoteEngine(url) as engine:
        assert engine.collections() == ()
    assert asked == ["/v1/collections"] * 3


@pytest.mark.parametrize(("retry_after", "asked_for"), [("0", 3), ("3600", 1), ("Fri, 01 Jan 2100 00:00:00 GMT", 1)])
def test_a_command_that_is_always_put_off_gives_up(retry_after: str, asked_for: int) -> None:
    with service(busy=99, retry_after=retry_after) as (url, asked), RemoteEngine(url, most_waiting=0.5) as engine:
        with pytest.raises(TooManyRequests, match="Too often"):
            engine.collections()
        assert len(asked) == asked_for
