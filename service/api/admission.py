"""Lets in as many requests as can be worked on soon, and refuses the others at once.

Each kind of request has places of its own, and as many threads, so that none takes another's: searches keep the
processor busy, questions mostly wait for a model, uploads for their sender. What watches the service needs no place.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import Overloaded
from core.machine import cores
from core.settings import ServerSettings
from service.api.errors import response_to

Kind = Literal["search", "question", "upload", "other"]

ALWAYS = frozenset({"/healthz", "/readyz", "/metrics", "/page.css"})
SEARCHES = frozenset({"/v1/search"})
QUESTIONS = frozenset({"/", "/v1/query", "/v1/chat/completions", "/mcp", "/mcp/"})
SEARCHING: frozenset[Kind] = frozenset({"search", "question"})
UPLOADS = 8
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
    """Counts the requests under way, by kind."""

    def __init__(self, app: ASGIApp, places: Places, taken: Counter[Kind]) -> None:
        self.app = app
        self.places = places
        self.taken = taken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        kind = kind_of(scope) if scope["type"] == "http" else None
        if kind is None:
            await self.app(scope, receive, send)
            return
        if self.taken[kind] >= getattr(self.places, kind) or (kind in SEARCHING and scope["state"]["live"].crowded()):
            await response_to(REFUSED)(scope, receive, send)
            return
        self.taken[kind] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.taken[kind] -= 1
