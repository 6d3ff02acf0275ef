"""What a caller can make the service hold: before its key is judged nothing, and after it no more than its share."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from core.access import Principal
from core.errors import Overloaded
from core.settings.service import ServerSettings
from service.api.limits.bodies import Arriving, BodyLimit, Held
from service.api.limits.concurrency import Admission, Places
from service.api.state import Service
from tests.service.api.serving import serving

PATIENCE = 20.0
HEAD = "POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@contextmanager
def served(service: Service, server: ServerSettings) -> Iterator[str]:
    settings = service.settings.model_copy(update={"server": server})
    with serving(replace(service, settings=settings), settings) as url:
        yield url


def connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE)


def reply_on(connection: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    said = b""
    while piece := connection.recv(65_536):
        said += piece
    return said


def is_cut_off(connection: socket.socket, sent: bytes) -> bool:
    """Whether the service ends a connection on which more and more is sent."""
    try:
        for _ in range(2_000):
            connection.sendall(sent)
    except OSError:
        return True
    return False


@pytest.mark.parametrize("framing", ["Content-Length: 999000\r\n\r\n ", "Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n"])
def test_a_caller_without_a_key_is_refused_before_its_body_is_there(service: Service, framing: str) -> None:
    with served(service, ServerSettings(host="0.0.0.0")) as url, connected(url) as connection:
        connection.sendall(f"{HEAD}{framing}".encode())
        head, _, body = reply_on(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in head
    assert b'"unauthorized"' in body


def test_a_client_that_sends_its_whole_body_first_hears_why_it_is_refused(service: Service) -> None:
    with served(service, ServerSettings(host="0.0.0.0")) as url:
        refused = httpx.post(f"{url}/v1/ingestions", files={"files": ("a.txt", b" " * 5_000_000)})
    assert refused.status_code == 401


def test_trailers_without_end_are_not_kept(service: Service) -> None:
    with served(service, ServerSettings()) as url, connected(url) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        assert is_cut_off(connection, f"X-: {'y' * 30_000}\r\n".encode())


def test_a_request_of_too_many_fields_is_refused(service: Service) -> None:
    with served(service, ServerSettings()) as url:
        assert httpx.get(f"{url}/healthz", headers={f"X-{n}": "y" for n in range(100)}).status_code == 200
        assert httpx.get(f"{url}/healthz", headers={f"X-{n}": "y" for n in range(200)}).status_code == 431


def test_requests_far_ahead_of_their_answers_are_not_kept(service: Service) -> None:
    asked = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with served(service, ServerSettings()) as url, connected(url) as connection:
        connection.sendall(asked * 10)
        said = b""
        while said.count(b"HTTP/1.1 200 ") < 10:
            said += connection.recv(65_536)
        assert is_cut_off(connection, asked * 1_000)


def test_of_too_many_connections_the_one_left_silent_longest_ends(service: Service) -> None:
    with served(service, ServerSettings(connections=16)) as url:
        idle = [connected(url) for _ in range(16)]
        try:
            assert httpx.get(f"{url}/healthz").status_code == 200
            assert is_cut_off(idle[0], b"G")
        finally:
            for each in idle:
                each.close()


def test_of_one_caller_no_more_than_half_is_held() -> None:
    held = Held(1000)
    held.take("a", 500)
    with pytest.raises(Overloaded):
        held.take("a", 1)
    held.take("b", 400)
    with pytest.raises(Overloaded):
        held.take("c", 101)
    held.give_back("a", 500)
    held.take("c", 101)
    assert held.total == 501


def scope_of(name: str, path: str = "/v1/search", kind: str = "application/json") -> Scope:
    headers = [(b"content-type", kind.encode()), (b"transfer-encoding", b"chunked")]
    state = {"caller": Principal(name, frozenset())}
    return {"type": "http", "method": "POST", "path": path, "headers": headers, "state": state}


def pieces(*sizes: int, then: Callable[[], Awaitable[object]]) -> Receive:
    """A body that comes in pieces, and then waits for something before its end."""
    coming = iter(sizes)

    async def receive() -> Message:
        for size in coming:
            return {"type": "http.request", "body": b" " * size, "more_body": True}
        await then()
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive


async def status_of(app: BodyLimit | Admission, scope: Scope, receive: Receive) -> tuple[int, dict[bytes, bytes]]:
    begun: list[Message] = []

    async def send(message: Message) -> None:
        begun.append(message)

    await app(scope, receive, send)
    return begun[0]["status"], dict(begun[0]["headers"])


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads everything, and says how much there was in how many pieces."""
    sizes: list[int] = []
    more = True
    while more:
        message = await receive()
        sizes.append(len(message["body"]))
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"sizes", str(sizes).encode())]})
    await send({"type": "http.response.body", "body": b""})


def test_what_does_not_fit_beside_other_bodies_is_refused_and_fits_after_them() -> None:
    async def both() -> tuple[int, dict[bytes, bytes], int, int]:
        limit = BodyLimit(answer, ServerSettings(bodies_mb=1, max_body_kb=500))
        first, stalled, go = dict[str, int](), anyio.Event(), anyio.Event()

        async def stall() -> None:
            stalled.set()
            await go.wait()

        async def begin() -> None:
            first["status"], _ = await status_of(limit, scope_of("a"), pieces(300_000, then=stall))

        async with anyio.create_task_group() as group:
            group.start_soon(begin)
            await stalled.wait()
            refused, said = await status_of(limit, scope_of("a"), pieces(300_000, then=anyio.lowlevel.checkpoint))
            assert limit.held.total == 300_000
            go.set()
        again, _ = await status_of(limit, scope_of("a"), pieces(300_000, then=anyio.lowlevel.checkpoint))
        assert limit.held.total == 0
        return refused, said, first["status"], again

    refused, said, *others = anyio.run(both)
    assert (refused, others) == (503, [200, 200])
    assert said[b"retry-after"] == b"1"


def test_a_body_in_pieces_of_a_byte_is_one_when_it_is_there() -> None:
    async def ask() -> dict[bytes, bytes]:
        limit = BodyLimit(answer, ServerSettings())
        return (await status_of(limit, scope_of("a"), pieces(*[1] * 1000, then=anyio.lowlevel.checkpoint)))[1]

    assert anyio.run(ask)[b"sizes"] == b"[1000]"


def test_a_body_has_one_deadline_however_often_a_byte_comes() -> None:
    async def drip() -> Message:
        await anyio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def ask() -> int:
        with anyio.fail_after(PATIENCE):
            return (await status_of(BodyLimit(answer, ServerSettings(body_seconds=0.1)), scope_of("a"), drip))[0]

    assert anyio.run(ask) == 408


def test_an_upload_may_take_as_long_as_enough_of_it_comes() -> None:
    settings = ServerSettings(body_seconds=0.6, upload_kb=1)

    async def fast() -> Message:
        await anyio.sleep(0.2)
        return {"type": "http.request", "body": b" " * 600, "more_body": True}

    async def slow() -> Message:
        await anyio.sleep(0.05)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def both() -> None:
        coming = Arriving(fast, settings, upload=True)
        for _ in range(5):
            await coming.receive()
        dripping = Arriving(slow, settings, upload=True)
        with anyio.fail_after(PATIENCE):
            while True:
                await dripping.receive()

    with pytest.raises(HTTPException) as refused:
        anyio.run(both)
    assert refused.value.status_code == 408


UPLOAD = ("/v1/ingestions", "multipart/form-data; boundary=b")


def test_uploads_of_one_caller_leave_places_to_others_and_give_theirs_up_when_they_stall() -> None:
    async def uploading(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await answer(scope, receive, send)
        except HTTPException as error:
            await send({"type": "http.response.start", "status": error.status_code, "headers": []})

    async def all_of_them() -> set[int]:
        places = Places(searching=1, search=1, question=1, upload=4, other=1)
        seconds = 0.3
        app = BodyLimit(Admission(uploading, places, Counter(), seconds), ServerSettings())
        ended: list[tuple[str, int]] = []

        async def upload(name: str, then: Callable[[], Awaitable[object]]) -> None:
            ended.append((name, (await status_of(app, scope_of(name, *UPLOAD), pieces(1, then=then)))[0]))

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(upload, "a", anyio.sleep_forever)
            await anyio.wait_all_tasks_blocked()
            await upload("b", anyio.lowlevel.checkpoint)
            assert ended == [("b", 200)]
            await upload("a", anyio.lowlevel.checkpoint)
            assert ("a", 200) in ended
            group.cancel_scope.cancel()
        return {status for _, status in ended}

    assert anyio.run(all_of_them) >= {200, 408}
