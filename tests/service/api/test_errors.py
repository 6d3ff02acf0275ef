"""Every error is a problem detail with a status of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from core.errors import TouchstoneError
from service.api.app import create_app
from service.api.errors import STATUS
from service.api.state import Service
from tests.indexes.embedders.embeddings_server import embedder_at, embeddings_server

FIELDS = {"type", "title", "status", "detail", "code", "request_id"}


def tree(kind: type[TouchstoneError]) -> Iterator[type[TouchstoneError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


def test_every_error_of_the_tree_has_a_status() -> None:
    ours = {kind for kind in tree(TouchstoneError) if kind.__module__ == "core.errors"}
    assert ours == set(STATUS)


BAD = [
    ({}, 422, "question"),
    ({"question": " "}, 422, "is empty"),
    ({"question": "a\x00b"}, 422, "NUL"),
    ({"question": "x" * 4001}, 422, "4,001 characters"),
    ({"question": "x", "limit": 0}, 422, "limit"),
    ({"question": "x", "limit": 101}, 422, "limit"),
    ({"question": "x", "mode": "guess"}, 422, "mode"),
    ({"question": "x", "colour": "red"}, 422, "colour: is not known here; leave it out."),
    ({"mode": "rag"}, 422, "question: is missing."),
    ({"question": "x", "documents": ["{x}"] * 101}, 422, "documents: has too many entries; 100 at most."),
    ({"question": "x", "stream": 0}, 422, "stream"),
    ({"question": "x", "filters": {"since": 0}}, 422, "since"),
    ({"question": "x", "filters": {"until": "0"}}, 422, "until"),
    ({"question": "x", "filters": {"paths": ["ok", "[z-a]"]}}, 422, "paths.1: has the range z-a, which is empty"),
    ({"question": "x", "filters": {"paths": ["[a-\\d]"]}}, 422, "write it as \\-a"),
    ({"question": "x", "filters": {"paths": ["*" * 501]}}, 422, "500 characters"),
    ({"question": "x", "filters": {"paths": ["*" * 500] * 21}}, 422, "more than 10,000 characters in all"),
    ({"question": "x", "collection": "nowhere"}, 404, "nowhere"),
    ({"question": "x", "model": "nobody"}, 404, "nobody"),
    ({"question": "x", "mode": "documents", "documents": ["no.pdf"]}, 404, "no.pdf"),
    ({"question": "x", "mode": "documents"}, 422, "name some in documents"),
    ([], 422, "JSON object"),
]


@pytest.mark.parametrize(("body", "status", "said"), BAD)
def test_a_request_that_cannot_be_served_says_why(client: TestClient, body: object, status: int, said: str) -> None:
    reply = client.post("/v1/query", json=body)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")
    problem = reply.json()
    assert set(problem) == FIELDS
    assert said in problem["detail"]
    assert problem["status"] == status


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"\xff", 400), (b"[" * 50_000, 400), (b'{"question": "\\ud800"}', 422), (b" " * 1_000_001, 413)],
)
def test_a_body_that_is_not_what_it_says_is_refused(client: TestClient, content: bytes, status: int) -> None:
    reply = client.post("/v1/query", content=content, headers={"content-type": "application/json"})
    assert reply.status_code == status
    assert set(reply.json()) == FIELDS


def test_a_body_that_grows_past_the_limit_is_refused_while_it_arrives(client: TestClient) -> None:
    endless = (b" " * 100_000 for _ in range(11))
    reply = client.post("/v1/query", content=endless, headers={"content-type": "application/json"})
    assert reply.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [("GET", "/nothing", 404, "described at /docs"), ("PUT", "/v1/query", 405, "Send POST.")],
)
def test_what_is_not_there_is_a_problem_too(client: TestClient, method: str, path: str, status: int, said: str) -> None:
    reply = client.request(method, path)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")
    assert said in reply.json()["detail"]


def test_a_problem_does_not_repeat_the_question(client: TestClient) -> None:
    reply = client.post("/v1/query", json={"question": "canary " * 1000})
    assert "canary" not in reply.text


@pytest.mark.parametrize(("path", "body"), [("/v1/search", {"text": "x"}), ("/v1/query", {"question": "x"})])
def test_an_embedding_server_that_refuses_is_a_declared_problem(
    service: Service, path: str, body: dict[str, object]
) -> None:
    with embeddings_server() as server:
        server.trouble = [(401, {})] * 9
        lost = replace(service, indexes=replace(service.indexes, embedder=embedder_at(server.url, dimension=384)))
        app = create_app(service.settings, open_service=lambda: nullcontext(lost))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            reply = client.post(path, json=body)
            declared = client.get("/openapi.json").json()["paths"][path]["post"]["responses"]
    assert (reply.status_code, reply.json()["code"]) == (502, "embedder_unavailable")
    assert "502" in declared


def test_every_declared_error_is_a_problem(client: TestClient) -> None:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, route in methods.items():
            errors = {status: reply for status, reply in route["responses"].items() if status >= "4"}
            assert {"400", "500"} <= set(errors), (method, path)
            assert all(list(reply["content"]) == ["application/problem+json"] for reply in errors.values())
