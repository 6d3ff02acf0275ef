"""What every parser promises."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol

from core.documents import Parsed

deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))
"""When (`time.monotonic()`) a parser that takes its time, page by page, should come to an end with what it has."""

hidden: ContextVar[bool] = ContextVar("hidden", default=False)
"""Whether what its author hid is read too (`ingest.hidden`): sheets, rows, columns, slides, words."""


class Parser(Protocol):
    """Turns the bytes of one file into text and elements.

    Pure: reads nothing but `content`, writes nothing, uses no network; the same bytes give the same result, except
    that pages which OCR has no time left for stay unread.
    A page, sheet or slide without text is named in `Parsed.notes`.

    Raises ParseError with one of core.errors.PARSE_CODES. `ingest.parsers.choose.parse` turns what libraries raise on
    damaged files into ParseError("corrupt", ...); any other exception is a fault, which the document loop records.
    """

    def __call__(self, content: bytes, *, name: str) -> Parsed:
        """`name` is the file's name with its extension, for the title and for format details; never opened."""
