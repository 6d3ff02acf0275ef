"""Builds `Parsed` for formats whose text is put together from elements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Required, TypedDict, Unpack

from core.documents import Attachment, Element, ElementKind, Parsed
from core.errors import ParseError

_GAP = "\n\n"
MAX_HEADING_LENGTH = 200
"""Characters; what is marked as a heading and longer is a paragraph, and names nothing below it."""
_DATA = re.compile(r"(data:[\w.+-]+/[\w.+-]+)(?:;[\w.=-]+)*;base64,[A-Za-z0-9+/=_%-]*")
_CODED = re.compile(r"[A-Za-z0-9+/_-]{500,}=*|(?:[A-Za-z0-9+/]{60,}\s){5,}[A-Za-z0-9+/]*=*")


class Said(TypedDict, total=False):
    """What a document says of itself, besides its text: the fields of `Parsed`."""

    title: Required[str]
    author: str
    created: str | None
    modified: str | None
    language: str
    page_count: int | None
    attachments: tuple[Attachment, ...]
    notes: tuple[str, ...]


class TextBuilder:
    """Collects elements in reading order, joins them by a blank line, and notes where each page begins."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._elements: list[Element] = []
        self._pages: list[tuple[int, int]] = []
        self._length = 0

    def add(
        self,
        kind: ElementKind,
        text: str,
        *,
        level: int = 0,
        header_rows: int = 0,
        pages: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Append an element; blank text is left out.

        `pages` holds (offset in this text, page) pairs, the first at 0: several when a paragraph runs over a page.
        """
        if kind != "table":
            text = without_payload(text).strip()
        if not text.strip():
            return
        if kind == "heading" and len(text) > MAX_HEADING_LENGTH:
            kind, level = "paragraph", 0
        start = self._length + (len(_GAP) if self._parts else 0)
        for offset, page in pages:
            if not self._pages or self._pages[-1][1] != page:
                self._pages.append((start + offset, page))
        self._elements.append(
            Element(kind=kind, start=start, end=start + len(text), level=level, header_rows=header_rows)
        )
        self._parts.append(text)
        self._length = start + len(text)

    def add_table(self, rows: Iterable[Sequence[str]], *, header_rows: int, page: int | None = None) -> None:
        """Append a table: a row a line, cells separated by a tab, blank rows left out."""
        lines = [row_line(row) for row in rows]
        lines = [line for line in lines if line.strip()]
        pages = () if page is None else ((0, page),)
        self.add("table", "\n".join(lines), header_rows=min(header_rows, max(len(lines) - 1, 0)), pages=pages)

    def add_all(self, parsed: Parsed) -> None:
        """Append the elements of a part that was read by a parser of its own."""
        for element in parsed.elements:
            text = parsed.text[element.start : element.end]
            self.add(element.kind, text, level=element.level, header_rows=element.header_rows)

    @property
    def empty(self) -> bool:
        """True while nothing was added."""
        return not self._parts

    def build(self, **said: Unpack[Said]) -> Parsed:
        """The document.

        Raises:
            ParseError: "no_text" when no element was added.
        """
        if self.empty:
            raise ParseError("no_text", "The file opens but holds no text.")
        return Parsed(
            text=_GAP.join(self._parts),
            elements=tuple(self._elements),
            pages=tuple(self._pages),
            **said,
        )


def said_of(noun: str, numbers: Sequence[int], one: str, several: str) -> tuple[str, ...]:
    """A note on some pages, sheets or slides: "page 3 has no text", "pages 3, 7-9 have no text"; none without any."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    if not runs:
        return ()
    named = ", ".join("-".join(map(str, run)) for run in runs)
    return (f"{noun} {named} {one}" if len(numbers) == 1 else f"{noun}s {named} {several}",)


def row_line(cells: Sequence[str]) -> str:
    """One table row as a line; white space inside a cell is folded, so that tabs part cells only."""
    return "\t".join(fold(without_payload(cell)) for cell in cells).rstrip("\t ")


def without_payload(text: str) -> str:
    """The text without pictures and other files that stand in it as long rows of letters (base64)."""
    if ";base64," in text:
        text = _DATA.sub(r"\1", text)
    return _CODED.sub("…", text) if len(text) > 300 else text


def fold(text: str) -> str:
    """The text with each run of white space made one blank."""
    return re.sub(r"\s+", " ", text).strip()


def stem(name: str) -> str:
    """A file's name without folder and extension, for the title of a document that has none."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return last.rsplit(".", 1)[0] if "." in last.strip(".") else last


# The language that a file declares. None is guessed.


_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def declared(said: str) -> str:
    """A language tag of BCP 47 form as it stands, with hyphens; empty for anything else, such as several languages."""
    tag = said.strip().replace("_", "-")
    return tag if _TAG.fullmatch(tag) else ""
