"""A server of /v1/chat/completions on a real socket that behaves, or misbehaves, as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = '{"answer": "28 days", "quotes": [{"passage": 1, "text": "28 days"}]}'


class ChatServer(ThreadingHTTPServer):
    """`mode`: good, no_json_mode, length, empty, html, wrong_shape, slow, cut, or a status such as "500"."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mode = "good"
        self.reply = GOOD
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.requests.append(body)
        server.keys.append(self.headers["Authorization"])
        if server.mode.isdigit():
            self._send(int(server.mode), {"error": {"message": f"trouble {server.mode}"}})
        elif server.mode == "no_json_mode" and "response_format" in body:
            self._send(400, {"error": {"message": "response_format is not supported"}})
        elif server.mode == "slow":
            server.released.wait(30)
        elif server.mode == "html":
            self._write(200, "text/html", b"<html>Welcome to the proxy</html>")
        elif server.mode == "wrong_shape":
            self._send(200, {"result": "28 days"})
        elif server.mode == "cut":
            self._write(200, "application/json", b'{"choices": [', length=5000)
        else:
            self._send(200, _completion(server.reply, "length" if server.mode == "length" else "stop"))

    def log_message(self, format: str, *args: object) -> None:
        del format, args

    def _send(self, status: int, body: dict[str, Any]) -> None:
        self._write(status, "application/json", json.dumps(body).encode())

    def _write(self, status: int, media_type: str, content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(length or len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True


def _completion(text: str, finish: str) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "small",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
        "usage": {
            "prompt_tokens": 321,
            "completion_tokens": 12,
            "total_tokens": 333,
            "prompt_tokens_details": {"cached_tokens": 64},
        },
    }


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """A running server; closed, with its waiting requests released, at the end."""
    server = ChatServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
