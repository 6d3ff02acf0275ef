"""Pictures of the pages of PDF files, with words marked, made in a process with the limits that reading a file has."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import NoPageImage
from core.settings.sections import IngestSettings
from core.sources import is_remote
from indexes.catalogue.rows import DocumentRow
from ingest.discover import ATTACHED
from ingest.reading.isolation import Ended, Limits
from ingest.reading.pool import ParserPool

_PDF = "application/pdf"
_PIXELS_A_POINT = 2.0
_MAX_SIDE = 2_400
_MARGIN = 2
"""Pixels around a marked line."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    content: bytes
    number: int
    marked: str


class PageImages:
    """Owns the process, which is started by the first picture. Safe to use from several threads."""

    def __init__(self, settings: IngestSettings) -> None:
        limits = Limits(seconds=settings.file_seconds, memory_mb=settings.file_memory_mb)
        self._pool: ParserPool[_Wanted, bytes | None] = ParserPool(_picture, limits, workers=1)
        self._beginning = threading.Lock()

    def close(self) -> None:
        """End the process."""
        self._pool.__exit__(None, None, None)

    def picture(self, row: DocumentRow, number: int, *, marked: str = "") -> bytes:
        """Page `number`, from 1, as PNG; what of the words `marked` stands on it is marked.

        Raises:
            NoPageImage: the document is no PDF file on this machine, has changed since, or has no such page.
            Unavailable: the process could not be started.
        """
        content = _content(row)
        with self._beginning:
            future = self._pool.submit(_Wanted(content, number, marked))
        picture = self._pool.result(future)
        if isinstance(picture, Ended):
            raise NoPageImage(f"Page {number} cannot be shown: {picture.reason}")
        if picture is None:
            raise NoPageImage(f"The document has {row.page_count} pages; there is no page {number} to show.")
        return picture


def _content(row: DocumentRow) -> bytes:
    """The bytes of the file, which are those that were indexed."""
    if row.media_type != _PDF or is_remote(row.source) or ATTACHED in row.document:
        raise NoPageImage("Pages are shown of PDF files that were ingested from this machine.")
    source = Path(row.source)
    try:
        content = (source if source.is_file() else source / row.document).read_bytes()
    except (OSError, ValueError) as error:
        raise NoPageImage("The file is gone since it was ingested. Put it back where it was.") from error
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise NoPageImage("The file has changed since it was ingested. Ingest it again.")
    return content


# In the process


def _picture(wanted: _Wanted) -> bytes | None:
    import pypdfium2

    document = pypdfium2.PdfDocument(wanted.content)
    try:
        if not 1 <= wanted.number <= len(document):
            return None
        document.init_forms()
        page = document[wanted.number - 1]
        scale = min(_PIXELS_A_POINT, _MAX_SIDE / max(page.get_size()))
        bitmap = page.render(scale=scale)
        pixels = bitmap.to_numpy()
        for left, top, right, bottom in _lines(page, wanted.marked, (bitmap.width, bitmap.height)):
            pixels[top:bottom, left:right, 0] = pixels[top:bottom, left:right, 0] * 0.35  # blue: white becomes yellow
        written = io.BytesIO()
        bitmap.to_pil().save(written, "PNG")
        return written.getvalue()
    finally:
        document.close()


def _lines(page: Any, words: str, size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:  # noqa: ANN401 -- an object of a library without types
    """(left, top, right, bottom) in pixels of each line in which the words stand."""
    import ctypes

    from pypdfium2 import raw

    textpage = page.get_textpage()
    letters = [(chr(raw.FPDFText_GetUnicode(textpage, i)), i) for i in range(textpage.count_chars())]
    known = [(letter.casefold(), place) for letter, place in letters if letter.isalnum()]
    for first, count in _places("".join(letter[:1] for letter, _ in known), words):
        start, end = known[first][1], known[first + count - 1][1]
        for number in range(textpage.count_rects(start, end - start + 1)):
            left, bottom, right, top = textpage.get_rect(number)
            corners = []
            for x, y in ((left, top), (right, bottom)):
                across, down = ctypes.c_int(), ctypes.c_int()
                raw.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, across, down)
                corners.append((across.value, down.value))
            (x1, x2), (y1, y2) = (sorted(pair) for pair in zip(*corners, strict=True))
            yield max(0, x1 - _MARGIN), max(0, y1 - _MARGIN), x2 + _MARGIN, y2 + _MARGIN


def _places(letters: str, words: str) -> Iterator[tuple[int, int]]:
    """(first, count) of the words among the page's letters: in one stretch, or else each line and cell by itself."""
    for parts in ([words], re.split(r"[\n\t]+", words)):
        found = [
            (letters.index(part), len(part))
            for piece in parts
            if len(part := "".join(c.casefold()[:1] for c in piece if c.isalnum())) > 1 and part in letters
        ]
        if found:
            yield from found
            return
