"""An OpenID Connect issuer on loopback, with real keys."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "touchstone"


def b64(value: object) -> str:
    plain = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


@dataclass(frozen=True)
class In:
    """A moment so many seconds from when a token is made."""

    seconds: float


class TestIssuer:
    """Publishes `published` (JSON Web Keys) and signs tokens; counts how often its keys were asked for."""

    __test__ = False

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        self.down = False
        self.rsa, self.stranger = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.published: list[dict[str, Any]] = [self.public(self.rsa, "r1"), self.public(self.ec, "e1")]

    def public(self, key: Any, kid: str, **more: object) -> dict[str, Any]:
        algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
        return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **more}

    def claims(self, **changed: object) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": "ada", "iat": now, "nbf": now, "exp": now + 300}
        given = {name: value for name, value in {**claims, **changed}.items() if value is not None}
        return {name: now + value.seconds if isinstance(value, In) else value for name, value in given.items()}

    def token(
        self, *, key: Any = None, alg: str = "RS256", header: dict[str, Any] | None = None, **changed: object
    ) -> str:
        headers = {"kid": "r1", **(header or {})}
        made = {name: value for name, value in headers.items() if value is not None}
        return jwt.PyJWS().encode(json.dumps(self.claims(**changed)).encode(), key or self.rsa, alg, made)

    def raw(self, header: dict[str, Any], signature: bytes = b"", **changed: object) -> str:
        return f"{b64(header)}.{b64(self.claims(**changed))}.{b64(signature)}"


@contextmanager
def running() -> Iterator[TestIssuer]:
    issuer = TestIssuer()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document: dict[str, Any] = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
            if self.path == "/keys":
                issuer.asked += 1
                document = {"keys": issuer.published}
            body = json.dumps(document).encode()
            self.send_response(500 if issuer.down else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
