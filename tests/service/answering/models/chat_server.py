"""A server of /v1/chat/completions on a real socket that behaves, or misbehaves, as it is told."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.service.answering.models.chat_wire import GOOD, USAGE, chunk, completion

PIECE = 9


class ChatServer(ThreadingHTTPServer):
    """`mode` is one of MODES; `reply` is what the model says, `usage` what is reported, None for nothing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mode = "good"
        self.reply = GOOD
        self.usage: dict[str, Any] | None = USAGE
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.left = threading.Event()
        """A client closed its connection while it was being served."""
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    body: dict[str, Any]

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(self.body)
        self.server.keys.append(self.headers["Authorization"])
        self.close_connection = True
        try:
            MODES[self.server.mode](self)
        except (BrokenPipeError, ConnectionResetError):
            self.server.left.set()

    def log_message(self, format: str, *args: object) -> None:
        del format, args

    # What modes are made of

    @property
    def streamed(self) -> bool:
        return bool(self.body.get("stream"))

    def refuse(self, status: int, message: str = "", **headers: str) -> None:
        content = json.dumps({"error": {"message": message or f"trouble {status}"}}).encode()
        self.head(status, "application/json", {"Content-Length": str(len(content)), **headers})
        self.wfile.write(content)

    def head(self, status: int, media_type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, **(headers or {})}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def say(self, reply: str, finish: str | None = "stop", pieces: int = PIECE) -> None:
        """A whole reply, in the way it was asked for."""
        if not self.streamed:
            self.plain(completion(reply, finish, self.server.usage))
            return
        self.head(200, "text/event-stream")
        self.events(reply, pieces)
        self.event(chunk("", finish))
        if self.body.get("stream_options", {}).get("include_usage"):
            self.event({**chunk("", None), "choices": [], "usage": self.server.usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def plain(self, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.head(200, "application/json", {"Content-Length": str(len(content))})
        self.wfile.write(content)

    def events(self, reply: str, pieces: int = PIECE) -> None:
        for start in range(0, len(reply), pieces):
            self.event(chunk(reply[start : start + pieces], None))

    def event(self, body: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(body).encode() + b"\n\n")

    def wait_for_the_client_to_leave(self) -> None:
        self.connection.settimeout(30)
        with suppress(TimeoutError, ConnectionResetError):
            if self.connection.recv(1):
                return
        self.server.left.set()


def _said(reply: str, finish: str | None = "stop") -> Callable[[_Handler], None]:
    return lambda handler: handler.say(reply, finish)


def _status(status: int, **headers: str) -> Callable[[_Handler], None]:
    return lambda handler: handler.refuse(status, **headers)


def _first(trouble: Callable[[_Handler], None]) -> Callable[[_Handler], None]:
    """Trouble at the first request, and none after it."""

    def mode(handler: _Handler) -> None:
        (_good if len(handler.server.requests) > 1 else trouble)(handler)

    return mode


def _refusing(parameter: str) -> Callable[[_Handler], None]:
    def mode(handler: _Handler) -> None:
        if parameter in json.dumps({**handler.body, "messages": []}):
            handler.refuse(400, f"{parameter} is not supported")
        else:
            _good(handler)

    return mode


def _good(handler: _Handler) -> None:
    handler.say(handler.server.reply)


def _hang(handler: _Handler) -> None:
    handler.wait_for_the_client_to_leave()


def _hang_after_headers(handler: _Handler) -> None:
    handler.head(200, "text/event-stream" if handler.streamed else "application/json")
    handler.wfile.flush()
    handler.wait_for_the_client_to_leave()


def _hang_in_the_answer(handler: _Handler) -> None:
    if handler.streamed:
        handler.head(200, "text/event-stream")
        handler.events(GOOD[:-6])
    handler.wait_for_the_client_to_leave()


def _byte_by_byte(handler: _Handler) -> None:
    """A byte now and then: no single wait is ever long."""
    handler.head(200, "text/event-stream" if handler.streamed else "application/json")
    for byte in b": " + b"x" * 3000:
        handler.wfile.write(bytes([byte]))
        if handler.server.released.wait(0.02):
            return


def _cut(handler: _Handler) -> None:
    if handler.streamed:
        handler.head(200, "text/event-stream")
        handler.events(GOOD[:-6])
    else:
        handler.head(200, "application/json", {"Content-Length": "5000"})
        handler.wfile.write(json.dumps(completion(GOOD, "stop", USAGE)).encode()[:200])


def _endless(handler: _Handler) -> None:
    handler.head(200, "text/event-stream" if handler.streamed else "application/json")
    if not handler.streamed:
        handler.wfile.write(b'{"choices": [{"message": {"content": "')
    while not handler.server.released.is_set():
        if handler.streamed:
            handler.events("again and " * 100, 500)
        else:
            handler.wfile.write(b"again and " * 100)


def _raw(media_type: str, content: bytes) -> Callable[[_Handler], None]:
    def mode(handler: _Handler) -> None:
        handler.head(200, media_type, {"Content-Length": str(len(content))})
        handler.wfile.write(content)

    return mode


def _bad_json(handler: _Handler) -> None:
    content = b'data: {"choices": [{]\n\n' if handler.streamed else b'{"choices": [{]'
    _raw("text/event-stream" if handler.streamed else "application/json", content)(handler)


def _invalid_utf8(handler: _Handler) -> None:
    content = json.dumps(chunk("x" * 9, None) if handler.streamed else completion("x" * 9, "stop", USAGE)).encode()
    content = content.replace(b"x" * 9, b"\xff\xfe\xc3(")
    lines = b"data: " + content + b"\n\n" if handler.streamed else content
    _raw("text/event-stream" if handler.streamed else "application/json", lines)(handler)


def _error_in_the_stream(handler: _Handler) -> None:
    if not handler.streamed:
        handler.refuse(500)
        return
    handler.head(200, "text/event-stream")
    handler.events(GOOD[:-6])
    handler.event({"error": {"message": "the engine died", "code": 500}})


def _every_event_twice(handler: _Handler) -> None:
    if not handler.streamed:
        _good(handler)
        return
    handler.head(200, "text/event-stream")
    for start in range(0, len(GOOD), PIECE):
        for _ in range(2):
            handler.event(chunk(GOOD[start : start + PIECE], None))
    handler.event(chunk("", "stop"))


def _more_after_the_end(handler: _Handler) -> None:
    if not handler.streamed:
        _good(handler)
        return
    handler.head(200, "text/event-stream")
    handler.events(GOOD)
    handler.event(chunk("", "stop"))
    handler.events(GOOD.replace("28", "30"))


def _no_stream(handler: _Handler) -> None:
    handler.plain(completion(handler.server.reply, "stop", handler.server.usage))


def _compressed(handler: _Handler) -> None:
    content = gzip.compress(b" " * 2_000_000)
    handler.head(200, "application/json", {"Content-Length": str(len(content)), "Content_Encoding": "gzip"})
    handler.wfile.write(content)


MODES: dict[str, Callable[[_Handler], None]] = {
    "good": _good,
    "no_json_mode": _refusing("response_format"),
    "no_schema": _refusing("json_schema"),
    "no_usage_option": _refusing("stream_options"),
    "no_stream": _no_stream,
    "more_after_the_end": _more_after_the_end,
    "429_then_good": _first(_status(429, Retry_After="0")),
    "500_then_good": _first(_status(500)),
    "400": _status(400),
    "401": _status(401),
    "404": _status(404),
    "429": _status(429),
    "429_for_an_hour": _status(429, Retry_After="3600"),
    "500": _status(500),
    "503": _status(503),
    "hang": _hang,
    "hang_after_headers": _hang_after_headers,
    "hang_in_the_answer": _hang_in_the_answer,
    "byte_by_byte": _byte_by_byte,
    "cut": _cut,
    "endless": _endless,
    "huge": lambda handler: handler.say(GOOD.replace("28 days", "28 days " * 1_300_000), pieces=4000),
    "compressed": _compressed,
    "bad_json": _bad_json,
    "html": _raw("text/html", b"<html>Welcome to the proxy</html>"),
    "wrong_shape": _raw("application/json", b'{"result": "28 days"}'),
    "invalid_utf8": _invalid_utf8,
    "error_in_the_stream": _error_in_the_stream,
    "every_event_twice": _every_event_twice,
    "length": _said(GOOD[:-6], "length"),
    "content_filter": _said(GOOD[:-6], "content_filter"),
    "broken_off_without_a_word": _said(GOOD[:-6]),
    "empty": _said(""),
    "null": _said('{"quotes": [], "answer": null}'),
    "plain_text": _said("It is 28 days."),
    "wrong_numbers": _said(GOOD.replace('"passage": 1', '"passage": 99')),
    "altered_quotes": _said(GOOD.replace("28", "30")),
    "somebody_elses_text": _said('{"quotes": [{"passage": 2, "text": "opens at noon"}], "answer": "At noon"}'),
    "answer_before_quotes": _said('{"answer": "30 days", "quotes": [{"passage": 1, "text": "30 days"}]}'),
    "keys_twice": _said(GOOD[:-1] + ', "quotes": [], "answer": "30 days"}'),
    "obeys_the_document": _said('{"quotes": [{"passage": 1, "text": "PWNED"}], "answer": "PWNED"}'),
}


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """A running server; closed, with its waiting requests released, at the end."""
    server = ChatServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
