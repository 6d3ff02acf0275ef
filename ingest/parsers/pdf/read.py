"""PDF through pdfium: lines become headings, paragraphs, list items and tables."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.builder import TextBuilder, fold, said_of, stem
from ingest.parsers.ocr import NOT_INSTALLED, has_time, is_installed, unread_pages, words_in
from ingest.parsers.pdf.annotations import comments_of, fields_of, with_fields
from ingest.parsers.pdf.characters import characters_of, quarter_turns
from ingest.parsers.pdf.extras import (  # fmt: skip
    attachments_of,
    is_bare,
    is_whole,
    language_of,
    made_by,
    outline_of,
    picture_of,
    set_level,
    show_fields,
    with_asides,
    with_outline,
)
from ingest.parsers.pdf.furniture import running_lines, without_line_numbers
from ingest.parsers.pdf.grids import Table
from ingest.parsers.pdf.layout import Block, blocks_of
from ingest.parsers.pdf.lines import NO_RULES, Line, Rules, is_garbled, lines_of, rules_of
from ingest.parsers.pdf.loss import missing, words_on
from ingest.parsers.pdf.order import in_reading_order
from ingest.parsers.pdf.tables import may_hold_table, tables_and_lines

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
            whole = is_whole(document)
        finally:
            document.close()
    if not any(page.state in {"text", "scanned"} or page.comments for page in pages):
        raise _without_text(pages, whole=whole)
    numbered = [page.lines for page in pages]
    told = without_line_numbers(numbered)
    told = [lines if lines is before else in_reading_order(lines) for lines, before in zip(told, numbered, strict=True)]
    counts = [line for lines, before in zip(told, numbered, strict=True) if lines is not before for line in before]
    running = running_lines(told)
    parts: list[Table | Line] = []
    for lines, page in zip(told, pages, strict=True):
        parts.extend(tables_and_lines([line for line in lines if line not in running], page.rules))
    beside = {number: [*page.scanned, *page.comments] for number, page in enumerate(pages, start=1)}
    builder = TextBuilder()
    read = [line.text for line in running]
    read += [word.text for line in counts for word in (line.words[0], line.words[-1]) if word.text.isdecimal()]
    for block in with_asides(with_outline(blocks_of(parts), outline), beside):
        _add(builder, block)
        read += [block.text] if isinstance(block, Block) else [cell for row in block.rows for cell in row]
    return builder.build(
        title=title or stem(name),
        author=author,
        created=created,
        modified=modified,
        language=language,
        page_count=len(pages),
        attachments=attachments,
        notes=(*_notes(pages, whole=whole), *_lost(missing((page.words for page in pages), read))),
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """What was found of a page: its lines and rules; or, without lines, what OCR read in its picture."""

    state: Literal["text", "scanned", "picture", "unread", "blank", "garbled", "damaged"]
    lines: list[Line] = field(default_factory=list)
    rules: Rules = NO_RULES
    scanned: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    """What reviewers wrote on it."""
    words: Counter[str] = field(default_factory=Counter)
    """The words that pdfium knows on it."""


def _notes(pages: Sequence[_Page], *, whole: bool) -> Iterator[str]:
    """What was not turned into text, and what was by OCR."""

    def those(*states: str) -> list[int]:
        return [number for number, page in enumerate(pages, start=1) if page.state in states]

    if not whole:
        yield "the file is damaged: what could be recovered was read"
    scan = "read by OCR"
    yield from said_of("page", those("scanned"), f"is a picture and was {scan}", f"are pictures and were {scan}")
    yield from unread_pages(those("unread"))
    if is_installed():
        yield from said_of("page", those("blank", "picture"), "has no text", "have no text")
    else:
        why = "a picture, and OCR is not installed"
        yield from said_of("page", those("blank"), "has no text", "have no text")
        yield from said_of("page", those("picture"), f"has no text: {why}", f"have no text: each is {why}")
    letters = "characters that cannot be read as letters"
    yield from said_of("page", those("garbled"), f"has {letters}", f"have {letters}")
    yield from said_of("page", those("damaged"), "is damaged", "are damaged")


def _lost(words: int) -> Iterator[str]:
    """What the guard against loss has to say."""
    if words:
        yield f"about {words} words of the pages are missing in what was read"


def _without_text(pages: Sequence[_Page], *, whole: bool) -> ParseError:
    """Why no page has any."""
    states = {page.state for page in pages}
    if not pages or "damaged" in states or (not whole and states == {"blank"}):
        return ParseError("corrupt", "The PDF is damaged: no page of it can be read.")
    if "garbled" in states:
        return ParseError("no_text", "The fonts in the PDF do not say which letters they show.")
    return ParseError("no_text", _WITHOUT_TEXT if is_installed() else _SCANNED)


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
    """What is on a page."""
    import pypdfium2

    try:
        page = document[index]
        comments, fields = comments_of(page), fields_of(document, page)
        if show_fields(page):
            page.close()
            page = document[index]
        textpage = page.get_textpage()
        turns = quarter_turns(textpage)
        if turns and set_level(page, turns):
            textpage.close()
            page.close()
            page = document[index]
            textpage = page.get_textpage()
    except pypdfium2.PdfiumError:
        return _Page("damaged")
    try:
        try:
            text = characters_of(textpage)
            lines, words = lines_of(textpage, index + 1, text), words_on(text)
            lines = in_reading_order(with_fields(lines, fields) if fields and not turns else lines)
        finally:
            textpage.close()
        garbled = is_garbled(lines)
        if not lines or garbled:
            found = _picture(page, "garbled" if garbled else "picture")
            state = "text" if comments and found.state == "blank" else found.state
            return replace(found, state=state, comments=comments)
        rules = rules_of(page) if may_hold_table(lines) else NO_RULES
        return _Page("text", lines, rules, comments=comments, words=words)
    finally:
        page.close()


def _picture(page: Any, state: Literal["garbled", "picture"]) -> _Page:  # noqa: ANN401 -- as above
    """What OCR reads on a page, where there is anything to read and it is installed."""
    if is_bare(page):
        return _Page("blank")
    if not is_installed():
        return _Page(state)
    if not has_time():
        return _Page("unread")
    words = words_in(picture_of(page))
    return _Page("scanned", scanned=words) if words else _Page(state)


def _title(document: Any) -> str:  # noqa: ANN401 -- an object of a library without types
    """The title the author gave it, unless it is a file name or a number."""
    title = fold(str(document.get_metadata_value("Title") or ""))
    return "" if _NO_TITLE.fullmatch(title) else title


def _add(builder: TextBuilder, block: Block | Table) -> None:
    if isinstance(block, Table):
        builder.add_table(block.rows, header_rows=block.header_rows, page=block.page)
    else:
        builder.add(block.kind, block.text, level=block.level, pages=block.pages)
