"""PDF through pdfium: lines become headings, paragraphs, list items and tables."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.builder import TextBuilder, fold, stem
from ingest.parsers.ocr import NOT_INSTALLED, is_installed, words_in
from ingest.parsers.pdf_blocks import Block, blocks_of, running_lines
from ingest.parsers.pdf_extras import (
    attachments_of,
    language_of,
    made_by,
    outline_of,
    picture_of,
    show_fields,
    with_outline,
    with_scanned,
)  # fmt: skip
from ingest.parsers.pdf_grids import Table
from ingest.parsers.pdf_lines import NO_RULES, Line, Rules, lines_of, rules_of
from ingest.parsers.pdf_order import in_reading_order
from ingest.parsers.pdf_tables import may_hold_table, tables_and_lines

_PDFIUM = threading.Lock()
"""pdfium is not safe to call from two threads."""

_PASSWORD_NEEDED = re.compile(r"password|security", re.I)
_WITHOUT_TEXT = "The pages are blank, or pictures in which no word can be read."
_SCANNED = f"The pages are blank or hold pictures only, as in a scan. {NOT_INSTALLED}"
_NO_TITLE = re.compile(
    r"untitled.*|\(\w+\)|microsoft \w+ - .*|[\d\W_]*|.*\.(docx?|pdf|pptx?|xlsx?|tmp|indd|tex)|.*/.*",
    re.I,
)


def parse_pdf(content: bytes, *, name: str) -> Parsed:
    """The text of the pages in reading order; running heads and feet are left out.

    Filled form fields are read in their places, attached files come as attachments, and a page without text is read
    by OCR where that is installed.

    Raises:
        ParseError: "encrypted", "corrupt", or "no_text" for scanned or blank pages.
    """
    with _PDFIUM:
        document = _open(content)
        try:
            title, (author, created, modified) = _title(document), made_by(document)
            outline, language = outline_of(document), language_of(document)
            pages = [_page(document, number) for number in range(len(document))]
            attachments = attachments_of(document)
        finally:
            document.close()
    count = len(pages)
    scanned = {number: page.scanned for number, page in enumerate(pages, start=1) if page.scanned}
    if not scanned and not any(page.lines for page in pages):
        without = _WITHOUT_TEXT if is_installed() else _SCANNED
        raise ParseError("no_text" if count else "corrupt", without if count else "The PDF has no page.")
    running = running_lines([page.lines for page in pages])
    parts: list[Table | Line] = []
    for page in pages:
        parts.extend(tables_and_lines([line for line in page.lines if line not in running], page.rules))
    builder = TextBuilder()
    for block in with_scanned(with_outline(blocks_of(parts), outline), scanned):
        _add(builder, block)
    return builder.build(
        title=title or stem(name),
        author=author,
        created=created,
        modified=modified,
        language=language,
        page_count=count,
        attachments=attachments,
        notes=tuple(_notes(pages)),
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """The lines and rules of a page; for one without lines, what OCR read in its picture."""

    lines: list[Line]
    rules: Rules
    scanned: list[str]


def _notes(pages: Sequence[_Page]) -> Iterator[str]:
    for number, page in enumerate(pages, start=1):
        if page.scanned:
            yield f"page {number} is a picture and was read by OCR"
        elif not page.lines:
            yield f"page {number} has no text"


def _open(content: bytes) -> Any:  # noqa: ANN401 -- an object of a library without types
    import pypdfium2

    said = ""
    for attempt in (b"no PDF", content):  # pdfium may report the error before last: this one cannot pass for another
        try:
            document = pypdfium2.PdfDocument(attempt)
            document.init_forms()
            return document
        except pypdfium2.PdfiumError as error:
            said = str(error)
    if _PASSWORD_NEEDED.search(said):
        raise ParseError("encrypted", "The PDF is protected by a password. Save it without one.")
    raise ParseError("corrupt", "The PDF is damaged and cannot be opened.")


def _page(document: Any, index: int) -> _Page:  # noqa: ANN401 -- an object of a library without types
    """What is on a page; nothing for a page that is damaged."""
    import pypdfium2

    try:
        page = document[index]
        if show_fields(page):
            page.close()
            page = document[index]
    except pypdfium2.PdfiumError:
        return _Page([], NO_RULES, [])
    try:
        textpage = page.get_textpage()
        try:
            lines = in_reading_order(lines_of(textpage, index + 1))
        finally:
            textpage.close()
        picture = picture_of(page) if not lines and is_installed() else None
        rules = rules_of(page) if may_hold_table(lines) else NO_RULES
        return _Page(lines, rules, words_in(picture) if picture is not None else [])
    finally:
        page.close()


def _title(document: Any) -> str:  # noqa: ANN401 -- an object of a library without types
    """The title the author gave it, unless it is a file name or a number."""
    title = fold(str(document.get_metadata_value("Title") or ""))
    return "" if _NO_TITLE.fullmatch(title) else title


def _add(builder: TextBuilder, block: Block | Table) -> None:
    if isinstance(block, Table):
        builder.add_table(block.rows, header_rows=block.header_rows, page=block.page)
    else:
        builder.add(block.kind, block.text, level=block.level, pages=block.pages)
