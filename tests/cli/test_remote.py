"""What commands make of the replies of the service that owns the data folder."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cli.remote import RemoteEngine


def test_a_command_that_comes_too_often_for_the_service_waits_as_it_is_told() -> None:
    asked = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            busy = len(asked) < 3
            reply: dict[str, object] = {"code": "rate_limited", "detail": "Too often."} if busy else {"collections": []}
            body = json.dumps(reply).encode()
            self.send_response(429 if busy else 200)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever).start()
        with RemoteEngine(f"http://127.0.0.1:{server.server_port}") as engine:
            assert engine.collections() == ()
        server.shutdown()
    assert asked == ["/v1/collections"] * 3
