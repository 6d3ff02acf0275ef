"""More than can be worked on is refused early, and what watches the service is answered all the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import anyio
import pytest
from fastapi.testclient import TestClient
from starlette.types import Message

from core.answers import Draft, Usage
from core.deadline import Deadline
from core.errors import Overloaded, TooManyRequests
from core.settings.service import ServerSettings
from indexes.embedders.hashing import HashingEmbedder
from service.answering.models.choose import open_model
from service.answering.models.protocol import Abilities, Prompt
from service.api.app import create_app
from service.api.limits.bodies import BodyLimit
from service.api.limits.concurrency import LimitedEmbedder, ProcessorSlots
from service.api.limits.rates import BURST_SECONDS, Rates
from service.api.observe.cache import TimedCache
from service.api.state import Service

LONG = 60.0


class Thinking:
    """A model that says nothing until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.go = threading.Event()

    def generate(self, prompt: Prompt, *, until: Deadline) -> Draft:
        self.asked.release()
        self.go.wait(LONG)
        return Draft(text="", quotes=(), usage=Usage(), abstained=True)

    def stream(self, prompt: Prompt, *, until: Deadline) -> Iterator[Draft]:
        yield self.generate(prompt, until=until)

    @property
    def abilities(self) -> Abilities:
        return Abilities(structured="none", streams=True)

    def write(self, text: str, *, until: Deadline) -> None:
        return None


@contextmanager
def served(service: Service, server: ServerSettings) -> Iterator[TestClient]:
    settings = service.settings.model_copy(update={"server": server})
    app = create_app(settings, open_service=lambda: nullcontext(replace(service, settings=settings)))
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield client


def test_questions_over_the_limit_are_refused_at_once_and_the_others_answered(service: Service) -> None:
    thinking = Thinking()
    model = replace(open_model(service.settings, None, service.indexes.embedder), generator=thinking)
    busy = replace(service, models=lambda _: model)
    question = {"question": "How many weeks of parental leave?"}
    with served(busy, ServerSettings(answers=2, waiting=1)) as client, ThreadPoolExecutor(3) as callers:
        waiting: list[Future[int]] = []
        for _ in range(3):
            waiting.append(callers.submit(lambda: client.post("/v1/query", json=question).status_code))
            assert thinking.asked.acquire(timeout=LONG)
        refused = client.post("/v1/query", json=question)
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert refused.headers["Retry-After"] == "1"
        assert [client.get(path).status_code for path in ("/healthz", "/readyz", "/page.css", "/")] == [200] * 4
        assert client.post("/v1/search", json={"text": "parental leave"}).status_code == 200
        thinking.go.set()
        assert [each.result(LONG) for each in waiting] == [200] * 3
        assert client.post("/v1/query", json=question).status_code == 200


def test_a_caller_over_its_rate_is_told_when_to_come_back(service: Service) -> None:
    with served(service, ServerSettings(rate_per_minute=12)) as client:
        asked = [client.get("/v1/models") for _ in range(3)]
        assert [reply.status_code for reply in asked] == [200, 200, 429]
        assert asked[2].json()["code"] == "rate_limited"
        assert 1 <= int(asked[2].headers["Retry-After"]) <= 5
        assert client.get("/healthz").status_code == 200


def test_a_rate_allows_a_burst_and_then_what_comes_in_again() -> None:
    now = [0.0]
    rates = Rates(60, clock=lambda: now[0])
    for _ in range(BURST_SECONDS):
        rates.take("a")
    with pytest.raises(TooManyRequests):
        rates.take("a")
    rates.take("b")
    now[0] += 1
    rates.take("a")
    with pytest.raises(TooManyRequests):
        rates.take("a")


def test_turns_are_taken_first_come_first_served() -> None:
    slots, order = ProcessorSlots(1, line=5, seconds=LONG), list[int]()

    def work(number: int) -> None:
        with slots.slot():
            order.append(number)

    with ThreadPoolExecutor(5) as callers, slots.slot():
        for number in range(5):
            callers.submit(work, number)
            while slots.waiting <= number:
                time.sleep(0.001)
    assert order == list(range(5))


def test_a_line_that_is_long_enough_is_not_joined_but_by_what_was_begun() -> None:
    slots, order = ProcessorSlots(1, line=1, seconds=LONG), list[str]()

    def work(name: str, *, begun: bool) -> None:
        with slots.slot(begun=begun):
            order.append(name)

    with ThreadPoolExecutor(2) as callers, slots.slot():
        for number, name in enumerate(("new", "begun")):
            callers.submit(work, name, begun=name == "begun")
            while slots.waiting <= number:
                time.sleep(0.001)
        assert slots.crowded()
        with pytest.raises(Overloaded), slots.slot():
            pass
    assert order == ["begun", "new"]


def test_whoever_waits_too_long_is_refused_and_takes_nobody_s_turn() -> None:
    slots = ProcessorSlots(1, line=1, seconds=0.001)
    with slots.slot(), pytest.raises(Overloaded), slots.slot():
        pass
    with slots.slot():
        pass


def test_an_embedder_that_takes_turns_is_the_same_embedder() -> None:
    embedder = HashingEmbedder()
    polite = LimitedEmbedder(embedder, ProcessorSlots(1, line=1, seconds=LONG))
    assert (polite.name, polite.dimension, polite.max_word_pieces) == (
        embedder.name,
        embedder.dimension,
        embedder.max_word_pieces,
    )
    assert (polite.embed_query("leave") == embedder.embed_query("leave")).all()
    assert (polite.embed_passages(["a b"]) == embedder.embed_passages(["a b"])).all()
    assert polite.count_word_pieces(["a b"]) == embedder.count_word_pieces(["a b"])


SENT = [
    ("/v1/query", b'{"question": "x", "limit": ' + b"9" * 5000 + b"}", 400),
    ("/v1/ingestions", b'{"source": ' + b"9" * 5000 + b"}", 400),
    ("/v1/ingestions", b"[" * 50_000, 400),
    ("/v1/ingestions", b" " * 1_000_001, 413),
    ("/v1/search", b'{"text": ' + b'{"a":' * 900 + b"1" + b"}" * 901, 422),
]


@pytest.mark.parametrize(("path", "content", "status"), SENT)
def test_a_body_made_to_do_harm_is_refused(client: TestClient, path: str, content: bytes, status: int) -> None:
    reply = client.post(path, content=content, headers={"content-type": "application/json"})
    assert reply.status_code == status


def test_only_ingestions_take_uploads(client: TestClient) -> None:
    large = {"files": ("a.txt", b" " * 1_000_001)}
    assert client.post("/v1/query", files=large).status_code == 415
    assert client.post("/", files=large).status_code == 413


def test_a_body_that_stops_arriving_is_given_up() -> None:
    sent: list[Message] = []
    scope = {"type": "http", "method": "POST", "path": "/v1/query", "headers": [(b"content-length", b"9")]}
    pieces = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> Message:
        for piece in pieces:
            return piece
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    async def never(*_: object) -> None:
        raise AssertionError("nothing is begun for it")

    anyio.run(BodyLimit(never, ServerSettings(body_seconds=0.01)), scope, receive, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


def test_what_was_found_out_lately_is_not_looked_for_again_and_a_failure_is() -> None:
    looks: Iterator[int | OSError] = iter([1, OSError(), 3])

    def look() -> int:
        found = next(looks)
        if isinstance(found, OSError):
            raise found
        return found

    async def ask(lately: TimedCache[int], times: int) -> list[int | None]:
        found: list[int | None] = []
        for _ in range(times):
            try:
                found.append(await lately.of(look))
            except OSError:
                found.append(None)
        return found

    async def both() -> tuple[list[int | None], list[int | None]]:
        return await ask(TimedCache(LONG), 3), await ask(TimedCache(LONG), 3)

    assert anyio.run(both) == ([1, 1, 1], [None, 3, 3])
