"""PDF through pdfium: lines become headings, paragraphs, list items and tables."""

from __future__ import annotations

import re
import threading
from typing import Any

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.builder import TextBuilder, fold, stem
from ingest.parsers.pdf_blocks import Block, blocks_of, running_lines
from ingest.parsers.pdf_grids import Table
from ingest.parsers.pdf_lines import NO_RULES, Line, Rules, lines_of, rules_of
from ingest.parsers.pdf_order import in_reading_order
from ingest.parsers.pdf_tables import may_hold_table, tables_and_lines

_PDFIUM = threading.Lock()
"""pdfium is not safe to call from two threads."""

_PASSWORD_NEEDED = re.compile(r"password|security", re.I)
_WITHOUT_TEXT = "The pages are blank or hold pictures only, as in a scan. Reading pictures (OCR) is not available yet."
_NO_TITLE = re.compile(
    r"untitled.*|\(\w+\)|microsoft \w+ - .*|[\d\W_]*|.*\.(docx?|pdf|pptx?|xlsx?|tmp|indd|tex)|.*/.*",
    re.I,
)


def parse_pdf(content: bytes, *, name: str) -> Parsed:
    """The text of the pages in reading order; running heads and feet are left out.

    Raises:
        ParseError: "encrypted", "corrupt", or "no_text" for scanned or blank pages.
    """
    with _PDFIUM:
        document = _open(content)
        try:
            title = _title(document)
            pages = [_page(document, number) for number in range(len(document))]
        finally:
            document.close()
    count = len(pages)
    lines = [line for found, _ in pages for line in found]
    if not lines:
        raise ParseError("no_text" if count else "corrupt", _WITHOUT_TEXT if count else "The PDF has no page.")
    running = running_lines([found for found, _ in pages])
    parts: list[Table | Line] = []
    for found, rules in pages:
        parts.extend(tables_and_lines([line for line in found if line not in running], rules))
    builder = TextBuilder()
    for block in blocks_of(parts):
        _add(builder, block)
    notes = tuple(f"page {number} has no text" for number, (found, _) in enumerate(pages, start=1) if not found)
    return builder.build(title=title or stem(name), page_count=count, notes=notes)


def _open(content: bytes) -> Any:  # noqa: ANN401 -- an object of a library without types
    import pypdfium2

    said = ""
    for attempt in (b"no PDF", content):  # pdfium may report the error before last: this one cannot pass for another
        try:
            return pypdfium2.PdfDocument(attempt)
        except pypdfium2.PdfiumError as error:
            said = str(error)
    if _PASSWORD_NEEDED.search(said):
        raise ParseError("encrypted", "The PDF is protected by a password. Save it without one.")
    raise ParseError("corrupt", "The PDF is damaged and cannot be opened.")


def _page(document: Any, index: int) -> tuple[list[Line], Rules]:  # noqa: ANN401 -- an object of a library without types
    """Lines and rules of a page; nothing for a page that is damaged."""
    import pypdfium2

    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return [], NO_RULES
    try:
        textpage = page.get_textpage()
        try:
            lines = in_reading_order(lines_of(textpage, index + 1))
        finally:
            textpage.close()
        return lines, rules_of(page) if may_hold_table(lines) else NO_RULES
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
