"""What a source file becomes: elements (what the parser saw), then chunks (what the index stores).

Every offset is a character offset into `Parsed.text`, the document's extracted text, end exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ElementKind = Literal["heading", "paragraph", "list_item", "table"]
PageBreaks = tuple[tuple[int, int], ...]
"""Ascending (offset, page) pairs: from this offset on, the text stands on this page, sheet or slide (from 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One stretch of the extracted text: `Parsed.text[start:end]`.

    A table is one element: a row a line, cells separated by a tab, its first `header_rows` lines the header.
    """

    kind: ElementKind
    start: int
    end: int
    level: int = 0
    """Depth of a heading, 1 the outermost; 0 for everything else."""
    header_rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came inside another one: `name` as the container gives it, `content` its bytes."""

    name: str
    content: bytes
    refused: tuple[str, str] | None = None
    """(code, sentence) when the container does not hand it out: locked, too large, with a name that leads elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a parser returns. `text` holds every element; elements are ascending and do not overlap."""

    text: str
    elements: tuple[Element, ...]
    title: str = ""
    author: str = ""
    created: str | None = None
    """When the document was made, or the mail sent: ISO 8601, a date alone where no time is known."""
    language: str = ""
    """As the file declares it, BCP 47; empty where it does not, or says several."""
    modified: str | None = None
    pages: PageBreaks = ()
    page_count: int | None = None
    """Pages, sheets or slides in the file, those without text included; None where the format has none."""
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences on what was seen but not turned into text, such as "page 3 has no text"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A stretch of a document that is embedded and found as one.

    `text` equals `Parsed.text[start:end]`. `index_text` is what the embedder and the keyword index read:
    the heading path, the table header when the chunk starts below it, and the text without mark-up.
    """

    ordinal: int
    text: str
    index_text: str
    start: int
    end: int
    headings: tuple[str, ...] = ()
    header: str = ""
    """The table's header line(s) when `text` holds rows but not their header."""
    pages: PageBreaks = ()

    @property
    def page_start(self) -> int | None:
        """The page it begins on; None without pages."""
        return self.pages[0][1] if self.pages else None

    @property
    def page_end(self) -> int | None:
        """The page it ends on; None without pages."""
        return self.pages[-1][1] if self.pages else None


def page_at(pages: PageBreaks, offset: int) -> int | None:
    """The page on which `offset` stands; None for a format without pages."""
    found = None
    for start, page in pages:
        if start > offset:
            break
        found = page
    return found if found is not None else (pages[0][1] if pages else None)


def pages_between(pages: PageBreaks, start: int, end: int) -> PageBreaks:
    """The page breaks that matter inside [start, end), the first one moved to `start`."""
    first = page_at(pages, start)
    if first is None:
        return ()
    return ((start, first), *((offset, page) for offset, page in pages if start < offset < end))
