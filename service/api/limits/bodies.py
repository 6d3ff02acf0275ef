"""What is taken in of the bodies of requests: each within limits of size and time, and all together what fits."""

from __future__ import annotations

from collections import Counter
from time import monotonic

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.access import Principal
from core.errors import Overloaded
from core.settings.service import ServerSettings
from service.api.auth.caller import share_of
from service.api.errors import CODES, problem, response_to

TAKES_UPLOADS = frozenset({"/v1/ingestions"})
LINGER_SECONDS = 1.0
"""Longest that a refused body is thrown away as it comes: a client that is cut off while it sends misses the reply."""
MB, KB = 1_000_000, 1_000
TOO_SLOW = "The body did not come within {:g} seconds. Send the request again over a connection that does not stall."
STALLED = (
    "Less than {:,} bytes of the upload came within {:g} seconds. Send it again over a connection that does not stall."
)
NOTHING: Message = {"type": "http.request", "body": b"", "more_body": False}
FULL = "The service holds as much of bodies that are sent to it as it may. Try again in a moment."


class Held:
    """The bytes of bodies that are held, at most so many, and of one caller at most half of them.

    Nobody waits for room, so nothing can block: what does not fit is refused. Used from the event loop's thread.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_caller: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """Bytes held now."""
        return self._by_caller.total()

    def take(self, caller: str, size: int) -> None:
        """Hold more for a caller.

        Raises:
            Overloaded: it does not fit.
        """
        if self.total + size > self._most or self._by_caller[caller] + size > self._most // 2:
            raise Overloaded(FULL)
        self._by_caller[caller] += size

    def give_back(self, caller: str, size: int) -> None:
        """Hold so much less."""
        self._by_caller[caller] -= size
        if not self._by_caller[caller]:
            del self._by_caller[caller]


class BodyLimit:
    """Takes in a body before anything is begun for it, within limits of size and time; an upload as it is read.

    Refused are: with 413 what is larger than allowed, as soon as that is known; with 408 what comes too slowly; with
    503 what would make all bodies together too large.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self.app = app
        self.settings = settings
        self.held = Held(max(settings.bodies_mb * MB, 2 * settings.max_body_kb * KB))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if bodiless(headers):
            await self.app(scope, receive, send)
            return
        upload = headers.get("content-type", "").startswith("multipart/form-data") and scope["path"] in TAKES_UPLOADS
        bounded = Arriving(receive, self.settings, upload=upload)
        said = headers.get("content-length", "0")
        if said.isdecimal() and int(said[:20]) > bounded.limit:
            await _refusal(HTTPException(413, too_large(bounded.limit)))(scope, receive, send)
        elif upload:
            if isinstance(scope["state"].get("caller"), Principal):
                scope["state"]["arriving"] = bounded
            await self.app(scope, bounded.receive, send)
        else:
            await self._with_whole(scope, bounded, receive, send)

    async def _with_whole(self, scope: Scope, bounded: Arriving, receive: Receive, send: Send) -> None:
        caller, content, held = share_of(scope), bytearray(), 0
        try:
            message: Message = {"more_body": True}
            while message.get("more_body", False):
                message = await bounded.receive()
                piece = message.get("body", b"")
                self.held.take(caller, len(piece))
                held += len(piece)
                content += piece
        except (HTTPException, Overloaded) as error:
            self.held.give_back(caller, held)
            content.clear()
            await _refusal(error)(scope, receive, send)
            return
        whole = {**message, "body": bytes(content)} if message["type"] == "http.request" else message
        content.clear()
        try:
            await self.app(scope, once(whole, receive), send)
        finally:
            self.held.give_back(caller, held)


class Arriving:
    """A body on its way, with the time that its sender still has; time that the service takes itself does not count.

    A body has `body_seconds` in all. An upload has them anew whenever it has brought `upload_kb` for each of them, so
    that it may be as long as it is large.
    """

    def __init__(self, receive: Receive, settings: ServerSettings, *, upload: bool) -> None:
        self._receive, self._upload = receive, upload
        self._seconds = self._left = settings.body_seconds
        self.limit = settings.max_upload_mb * MB if upload else settings.max_body_kb * KB
        self._rate = settings.upload_kb * KB
        self._seen = self._new = 0
        self._more = True
        self._given_up = False
        self._began: float | None = None
        self._waiting: anyio.CancelScope | None = None

    async def receive(self) -> Message:
        """The next piece.

        Raises:
            HTTPException: 408, it did not come in time; 413, it is too much.
        """
        if not self._more:
            return await self._receive()
        self._began = monotonic()
        with anyio.move_on_after(self._left) as self._waiting:
            message = await self._receive()
        late = self._waiting.cancelled_caught
        self._left -= monotonic() - self._began
        self._began = self._waiting = None
        if not late:
            self._more = message.get("more_body", False)
            self._count(len(message.get("body", b"")))
        if late or self._given_up or (self._more and self._left <= 0):
            said = STALLED.format(int(self._rate * self._seconds), self._seconds) if self._upload else TOO_SLOW
            raise HTTPException(408, said.format(self._seconds))
        return message

    def _count(self, size: int) -> None:
        self._seen += size
        self._new += size
        if self._seen > self.limit:
            raise HTTPException(413, too_large(self.limit))
        if self._upload and self._new >= self._rate * self._seconds:
            self._new, self._left = 0, self._seconds

    def slow(self, seconds: float) -> bool:
        """Whether for so long less came than an upload must bring."""
        waited = self._seconds - self._left + (monotonic() - self._began if self._began is not None else 0.0)
        return waited >= seconds and self._new < self._rate * waited

    def let_go(self) -> None:
        """Wait for it no longer."""
        self._given_up = True
        if self._waiting is not None:
            self._waiting.cancel()


class Lingering:
    """The two ends of a request with a body. When it is answered before all of the body was read, the connection ends.

    What the client still sends is thrown away for a moment before that: one that is cut off while it sends misses the
    reply.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._more, self._ends = True, False

    async def receive(self) -> Message:
        """The next piece of the body."""
        message = await self._receive()
        self._more = message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """The reply; the very end of it is left to `end`."""
        if message["type"] == "http.response.start" and self._more:
            MutableHeaders(scope=message)["Connection"] = "close"
            self._ends = True
        await self._send({**message, "more_body": True} if self._ends else message)

    async def end(self) -> None:
        """After the reply, and after everything that was taken for the request is free again."""
        if not self._ends:
            return
        with anyio.move_on_after(LINGER_SECONDS):
            while self._more:
                await self.receive()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def once(message: Message, receive: Receive) -> Receive:
    """Hands out one message, and then what comes."""
    waiting = [message]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


def bodiless(headers: Headers) -> bool:
    """Whether a request says that it has no body."""
    return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers


def _refusal(error: HTTPException | Overloaded) -> Response:
    if isinstance(error, Overloaded):
        return response_to(error)
    close = {"Connection": "close"} if error.status_code == 408 else None
    return problem(error.status_code, CODES[error.status_code], error.detail, close)


def too_large(limit: int) -> str:
    """The sentence for a body of more bytes than that."""
    remedy = "Send less, or raise server.max_body_kb, or max_upload_mb for uploads."
    return f"The body is larger than the {limit:,} bytes accepted here. {remedy}"
