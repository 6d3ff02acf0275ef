"""Lets in as many requests as can be worked on soon, and refuses the others at once.

Each kind of request has places of its own, and as many threads, so that none takes another's: searches keep the
processor busy, questions mostly wait for a model, uploads for their sender. What watches the service needs no place.
Of the places for uploads one caller has at most half, and those that stall give theirs up to those that wait.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import Overloaded
from core.machine import cores
from core.settings.service import ServerSettings
from indexes.embedders.protocol import Embedder, Vectors
from service.api.auth.caller import share_of
from service.api.errors import response_to
from service.api.limits.bodies import Arriving
from service.api.observe.request import tell_wait

Kind = Literal["search", "question", "upload", "other"]

ALWAYS = frozenset({"/healthz", "/readyz", "/metrics", "/page.css"})
SEARCHES = frozenset({"/v1/search"})
QUESTIONS = frozenset({"/", "/v1/query", "/v1/chat/completions", "/mcp", "/mcp/"})
SEARCHING: frozenset[Kind] = frozenset({"search", "question"})
UPLOADS = 8
LOOK_SECONDS = 0.1
"""Between two looks for a place."""
REFUSED = Overloaded("The service is busy with as many requests as it can work on soon. Try again in a moment.")


@dataclass(frozen=True, slots=True)
class Places:
    """How many requests of each kind are let in at once, and how many searches of them are worked on."""

    searching: int
    search: int
    question: int
    upload: int
    other: int

    @classmethod
    def of(cls, settings: ServerSettings) -> Places:
        """The places that the settings and the machine give."""
        searching = settings.searches or cores()
        return cls(
            searching=searching,
            search=searching + settings.waiting,
            question=settings.answers + settings.waiting,
            upload=UPLOADS,
            other=settings.threads + settings.waiting,
        )

    @property
    def threads(self) -> int:
        """As many as there are places: who is let in waits for its turn, never for a thread."""
        return self.search + self.question + self.upload + self.other


def kind_of(scope: Scope) -> Kind | None:
    """Whose places a request takes; None: it needs none."""
    path, posted = scope["path"], scope["method"] == "POST"
    if path in ALWAYS or (path in QUESTIONS and not posted):
        return None
    if posted and path in SEARCHES:
        return "search"
    if posted and path in QUESTIONS:
        return "question"
    return "upload" if Headers(scope=scope).get("content-type", "").startswith("multipart/") else "other"


class Admission:
    """Counts the requests under way, by kind. `seconds`: how long an upload waits for a place."""

    def __init__(self, app: ASGIApp, places: Places, taken: Counter[Kind], seconds: float) -> None:
        self.app = app
        self.places = places
        self.taken = taken
        self.seconds = seconds
        self.uploads: list[Upload] = []
        self.waiting: list[Upload] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        kind = kind_of(scope) if scope["type"] == "http" else None
        if kind is None:
            await self.app(scope, receive, send)
            return
        arriving: Arriving | None = scope["state"].get("arriving")
        upload = Upload(share_of(scope), arriving) if arriving else None
        kind = "other" if kind == "upload" and not upload else kind
        refused = not await self._placed(upload) if upload else self.taken[kind] >= getattr(self.places, kind)
        if refused or (kind in SEARCHING and scope["state"]["live"].crowded()):
            await response_to(REFUSED)(scope, receive, send)
            return
        self.taken[kind] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.taken[kind] -= 1
            if upload in self.uploads:
                self.uploads.remove(upload)

    async def _placed(self, upload: Upload) -> bool:
        """Whether an upload has got a place: a free one, or that of one that stalls."""
        self.waiting.append(upload)
        end = monotonic() + self.seconds
        try:
            while not self._take_place(upload):
                if monotonic() >= end:
                    return False
                await anyio.sleep(LOOK_SECONDS)
        finally:
            self.waiting.remove(upload)
        return True

    def _take_place(self, upload: Upload) -> bool:
        own = [other for other in self.uploads if other.caller == upload.caller]
        over = len(own) >= max(1, self.places.upload // 2)
        if over or len(self.uploads) >= self.places.upload:
            latest = next(other for other in reversed(self.waiting) if other.caller == upload.caller)
            rivals = own if over else self.uploads
            stalled = next((other for other in rivals if other.arriving.slow(self.seconds)), None)
            if stalled is None or latest is not upload:  # those that wait longest may well be the next to stall
                return False
            self.uploads.remove(stalled)
            stalled.arriving.let_go()
        self.uploads.append(upload)
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """An upload that has a place."""

    caller: str
    arriving: Arriving


# Work that keeps a processor busy is done by a few at a time; the others wait in line, in their threads.


class ProcessorSlots:
    """So many at work at once, so many in line, first come first served, and nobody waits longer than `seconds`.

    A request that was worked on already goes to the front of the line and is not turned away for its length: what was
    done for it would be lost.
    """

    def __init__(self, at_once: int, *, line: int, seconds: float) -> None:
        self._free = at_once
        self._longest = line
        self._seconds = seconds
        self._line: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    def crowded(self) -> bool:
        """Whether the line is as long as it may be."""
        return len(self._line) >= self._longest > 0

    @contextmanager
    def slot(self, *, begun: bool = False) -> Iterator[None]:
        """A slot, held inside. Not to be taken again inside.

        Raises:
            Overloaded: the line is too long, or it did not come in time.
        """
        self._take(begun)
        try:
            yield
        finally:
            with self._lock:
                if self._line:
                    self._line.popleft().set()
                else:
                    self._free += 1

    def _take(self, begun: bool) -> None:  # noqa: FBT001 -- said by its name where people call
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._line) >= self._longest and not begun:
                raise Overloaded("The service is busy: as many wait as soon get their turn. Try again in a moment.")
            mine = threading.Event()
            (self._line.appendleft if begun else self._line.append)(mine)
        began = time.perf_counter()
        called = mine.wait(self._seconds)
        tell_wait(time.perf_counter() - began)
        if called:
            return
        with self._lock:
            if mine.is_set():
                return
            self._line.remove(mine)
        raise Overloaded("The service is busy: others were served first for too long. Try again in a moment.")


class LimitedEmbedder:
    """An embedder that waits for its turn: for models that run here, which embed what they answer from."""

    def __init__(self, embedder: Embedder, slots: ProcessorSlots) -> None:
        self._embedder, self._slots = embedder, slots

    @property
    def name(self) -> str:
        """As the embedder's own."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """As the embedder's own."""
        return self._embedder.dimension

    @property
    def max_word_pieces(self) -> int:
        """As the embedder's own."""
        return self._embedder.max_word_pieces

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """As the embedder's own. Raises Overloaded too."""
        with self._slots.slot(begun=True):
            return self._embedder.embed_passages(texts)

    def embed_query(self, text: str) -> Vectors:
        """As the embedder's own. Raises Overloaded too."""
        with self._slots.slot(begun=True):
            return self._embedder.embed_query(text)

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """As the embedder's own."""
        return self._embedder.count_word_pieces(texts)
