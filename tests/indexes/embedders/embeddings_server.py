"""A server of /v1/embeddings on a real socket that behaves, or misbehaves, as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.settings.sections import EmbedderSettings
from indexes.embedders.hashing import HashingEmbedder
from indexes.embedders.openai import EmbeddingsServer, OpenAIEmbedder

Reply = dict[str, Any]


class Embeddings(ThreadingHTTPServer):
    """Its vectors are those of HashingEmbedder, not scaled. `trouble` is served in turn before it behaves: a status, or
    (status, headers). `spoil` changes the body of every good reply. Calls with more than one text wait while `held`.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.trouble: list[tuple[int, dict[str, str]]] = []
        self.spoil: Callable[[Reply], Any] = lambda body: body
        self.requests: list[Reply] = []
        self.keys: list[str | None] = []
        self.guard = threading.Lock()
        self.holding, self.arrived, self.released = False, threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Embeddings

    def do_POST(self) -> None:
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.guard:
            server.requests.append(body)
            server.keys.append(self.headers["Authorization"])
            trouble = server.trouble.pop(0) if server.trouble else None
        if server.holding and len(body["input"]) > 1:
            server.arrived.set()
            server.released.wait(30)
        if self.path != "/v1/embeddings":
            self._send(404, {}, {"error": {"message": "no such path"}})
        elif trouble is not None:
            self._send(*trouble, {"error": {"message": f"trouble {trouble[0]} for {self.headers['Authorization']}"}})
        else:
            vectors = 3 * HashingEmbedder().embed_passages(body["input"])[:, : body.get("dimensions", 384)]
            rows = [{"index": place, "embedding": vector.tolist()} for place, vector in enumerate(vectors)]
            self._send(200, {}, server.spoil({"data": rows, "model": body["model"]}))

    def log_message(self, format: str, *args: object) -> None:
        del format, args

    def _send(self, status: int, headers: dict[str, str], body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(content)}.items():
            self.send_header(name, str(value))
        with suppress(BrokenPipeError, ConnectionResetError):  # a client whose deadline has passed is gone
            self.end_headers()
            self.wfile.write(content)


@contextmanager
def embeddings_server() -> Iterator[Embeddings]:
    """A running server; closed, with its waiting requests released, at the end."""
    server = Embeddings()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def embedder_at(url: str, pauses: list[float] | None = None, *, key: str = "", **settings: Any) -> OpenAIEmbedder:
    """An embedder of that server; `pauses` receives the waits that it would have made."""
    chosen = EmbedderSettings(kind="openai", base_url=url, model="small", **settings)
    pause = (pauses if pauses is not None else []).append
    server = EmbeddingsServer(url, "small", key=key, timeout=chosen.timeout_seconds, pause=pause)
    return OpenAIEmbedder(chosen, server=server)
