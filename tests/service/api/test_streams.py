"""A real service on a real socket, asked with a model whose server misbehaves, by clients that go away."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.types import Message

from core.deadline import Deadline
from core.settings.sections import ModelSettings
from core.settings.service import ServerSettings
from service.answering.models.choose import open_model
from service.api.app import create_app
from service.api.limits.disconnect import HEARTBEAT, as_they_come
from service.api.state import Service
from tests.service.answering.models.chat_server import ChatServer, chat_server

QUESTION = "How many weeks of paid parental leave do employees who become parents have?"
REPLY = '{"quotes": [{"passage": 1, "text": "16 weeks"}], "answer": "They have 16 weeks of paid leave."}'


@pytest.fixture
def model() -> Iterator[ChatServer]:
    with chat_server() as server:
        server.reply = REPLY
        yield server


@pytest.fixture
def opened(service: Service, model: ChatServer) -> Iterator[Callable[[float], httpx.Client]]:
    """Starts the service with a deadline in seconds; gives a client of it."""
    running: list[tuple[uvicorn.Server, threading.Thread, httpx.Client]] = []

    def start(deadline_s: float = 60) -> httpx.Client:
        settings = service.settings.model_copy(
            update={
                "server": ServerSettings(deadline_s=deadline_s),
                "models": {"main": ModelSettings(kind="openai", base_url=model.url, model="small", default=True)},
            }
        )
        main = open_model(settings, "main", service.indexes.embedder)
        asked = Service(settings=settings, indexes=service.indexes, jobs=service.jobs, models=lambda name: main)
        app = create_app(settings, open_service=lambda: nullcontext(asked))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        running.append((server, thread, client))
        return client

    yield start
    for server, thread, client in running:
        client.close()
        server.should_exit = True
        thread.join()


def body(*, stream: bool) -> dict[str, object]:
    return {"question": QUESTION, "stream": stream}


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream; comments are none."""
    read = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            read.append((lines["event"], json.loads(lines["data"])))
    return read


def test_a_stream_tells_the_documents_then_the_text_then_the_reply_once(opened):
    read = events(opened().post("/v1/query", json=body(stream=True)).text)
    names = [name for name, _ in read]
    assert (names[0], names[-1], names.count("final")) == ("found", "final", 1)
    assert set(names[1:-1]) == {"text"}
    assert len(names) > 3
    assert "leave.md" in read[0][1]["documents"]
    final = read[-1][1]
    assert "".join(data["text"] for name, data in read if name == "text") == final["answer"]
    assert final["answered"]


def test_a_reply_that_breaks_off_ends_with_a_problem_and_not_with_an_answer(opened, model):
    model.mode = "error_in_the_stream"
    *_, (name, final) = events(opened().post("/v1/query", json=body(stream=True)).text)
    assert name == "final"
    assert (final["status"], final["code"]) == (502, "model_unavailable")
    assert "answered" not in final
    assert final["request_id"]


def test_what_is_wrong_before_anything_is_sent_has_its_own_status(opened):
    reply = opened().post("/v1/query", json={**body(stream=True), "collection": "nowhere"})
    assert (reply.status_code, reply.json()["code"]) == (404, "unknown_collection")


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_hangs_ends_with_the_deadline_of_the_request(opened, model, stream):
    model.mode = "hang_after_headers"
    reply = opened(1).post("/v1/query", json=body(stream=stream))
    problem = events(reply.text)[-1][1] if stream else reply.json()
    assert (problem["status"], problem["code"]) == (504, "model_timeout")
    assert stream or reply.status_code == 504


@pytest.mark.parametrize("stream", [False, True])
def test_a_busy_model_is_a_503_at_once(opened, model, stream):
    model.mode = "429_for_an_hour"
    reply = opened().post("/v1/query", json=body(stream=stream))
    problem = events(reply.text)[-1][1] if stream else reply.json()
    assert (problem["status"], problem["code"]) == (503, "model_busy")
    assert problem["detail"].endswith(
        "replied with status 429: trouble 429. Wait a moment, or raise the limit at the provider."
    )
    assert stream or reply.headers["Retry-After"] == "3600"


CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
TALK = {"messages": [{"role": "user", "content": QUESTION}]}
TAKES_EITHER = {"Accept": "application/json, text/event-stream"}
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "query": ("/v1/query", {"json": body(stream=False)}),
    "query, streamed": ("/v1/query", {"json": body(stream=True)}),
    "chat": ("/v1/chat/completions", {"json": TALK}),
    "chat, streamed": ("/v1/chat/completions", {"json": {**TALK, "stream": True}}),
    "page": ("/", {"data": {"question": QUESTION}}),
    "assistant": (
        "/mcp",
        {"json": {**CALL, "params": {"name": "ask", "arguments": {"question": QUESTION}}}, "headers": TAKES_EITHER},
    ),
}


@pytest.mark.parametrize(("path", "content"), WAYS.values(), ids=WAYS)
def test_a_client_that_goes_away_ends_the_call_of_the_model(opened, model, path, content):
    model.mode = "hang_after_headers"
    request = opened().build_request("POST", path, **content)
    head = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items()), "", ""]
    with socket.create_connection((request.url.host, request.url.port)) as connection:
        connection.sendall("\r\n".join(head).encode() + request.read())
        while not model.requests:
            model.released.wait(0.01)
    assert model.left.wait(60)


def test_a_silence_is_filled_with_comments():
    heard: list[str] = []
    spoken = threading.Event()

    def slow() -> Generator[str, None, None]:
        spoken.wait(60)
        yield "event: final\n\n"

    async def listen() -> None:
        async def receive() -> Message:
            await anyio.sleep_forever()
            raise AssertionError

        request, until = Request({"type": "http"}, receive), Deadline.never()
        async for sent in as_they_come(request, until, slow(), every=0.01):
            heard.append(sent)
            spoken.set()

    anyio.run(listen)
    assert heard[0] == HEARTBEAT
    assert heard[-1] == "event: final\n\n"
