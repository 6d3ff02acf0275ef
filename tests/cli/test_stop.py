"""Told to stop, a running service answers what it has been asked."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import fill, runner
from tests.cli.test_serve import start

ABSTAINED = '{"answer": null, "quotes": []}'
CHOICE = {"index": 0, "finish_reason": "stop"}
REPLY = json.dumps({"choices": [CHOICE | {"message": {"role": "assistant", "content": ABSTAINED}}]}).encode()
CHUNK = json.dumps({"choices": [CHOICE | {"delta": {"role": "assistant", "content": ABSTAINED}}]})
EVENTS = f"data: {CHUNK}\n\ndata: [DONE]\n\n".encode()
QUESTION = {"question": "How many weeks of paid parental leave do parents have?", "model": "slow"}
LONG = 60.0


class Slow:
    """A model's server that replies when it is let go."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked = threading.Semaphore(0)
        self.go = threading.Event()


@contextmanager
def serving() -> Iterator[Slow]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            streamed = b'"stream": true' in self.rfile.read(int(self.headers["Content-Length"]))
            model.asked.release()
            model.go.wait(LONG)
            reply = EVENTS if streamed else REPLY
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
            self.send_header("Content-Length", str(len(reply)))
            with suppress(BrokenPipeError, ConnectionResetError):  # a client that was called off is gone
                self.end_headers()
                self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        model = Slow(f"http://127.0.0.1:{server.server_port}/v1")
        threading.Thread(target=server.serve_forever).start()
        try:
            yield model
        finally:
            model.go.set()
            server.shutdown()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    assert runner(tmp_path)("ingest", fill(tmp_path)).code == 0
    with serving() as found:
        (tmp_path / "touchstone.toml").write_text(
            f'[models.slow]\nkind = "openai"\nmodel = "m"\nbase_url = "{found.url}"\n'
            "[server]\ndrain_seconds = 2\nstop_seconds = 20\n"
        )
        yield found


def test_questions_under_way_are_answered_and_the_folder_is_given_back(tmp_path: Path, slow: Slow) -> None:
    process, url = start(tmp_path)
    with process, ThreadPoolExecutor(4) as callers:
        replies = [callers.submit(httpx.post, f"{url}/v1/query", json=QUESTION, timeout=LONG) for _ in range(4)]
        for _ in replies:
            assert slow.asked.acquire(timeout=LONG)
        process.send_signal(signal.SIGTERM)
        while (ready := httpx.get(f"{url}/readyz")).status_code == 200:
            pass
        assert (ready.status_code, ready.headers["Connection"]) == (503, "close")
        slow.go.set()
        assert [reply.result().json()["reason"] for reply in replies] == ["model_abstained"] * 4
        assert process.wait(timeout=LONG) == 0
    assert runner(tmp_path)("index", "status", "--json").json["service"] is None
    with socket.socket() as door:
        assert door.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0


@pytest.mark.slow
def test_what_does_not_end_in_time_is_left_and_it_ends_all_the_same(tmp_path: Path, slow: Slow) -> None:
    process, url = start(tmp_path, TOUCHSTONE_SERVER__STOP_SECONDS="1")
    with process, ThreadPoolExecutor(1) as callers:
        reply = callers.submit(httpx.post, f"{url}/v1/query", json=QUESTION, timeout=LONG)
        assert slow.asked.acquire(timeout=LONG)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert isinstance(reply.exception(), httpx.HTTPError) or reply.result().status_code >= 500
    assert runner(tmp_path)("search", "leave", "--json").json["hits"]
