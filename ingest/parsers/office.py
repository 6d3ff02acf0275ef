"""HTML, Word and PowerPoint through unstructured: the only file that knows it."""

from __future__ import annotations

import importlib.util
import io
import itertools
import os
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers import protocol, slides
from ingest.parsers.builder import TextBuilder, declared, fold, said_of, stem
from ingest.parsers.cells import header_rows
from ingest.parsers.dates import iso
from ingest.parsers.encoding import decode
from ingest.parsers.html.clean import MARK, cleaned
from ingest.parsers.html.tables import Table
from ingest.parsers.loss import lost, words
from ingest.parsers.properties import properties_of
from ingest.parsers.word.asides import Asides
from ingest.parsers.word.settle import Settled, settled

_TABLE = re.compile(re.escape(MARK).replace(r"\{\}", r"(\d+)"))
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{2,30})", re.I)
_NEAR = 5
"""Paragraphs of a Word document among which an element is looked for, and one more for each that was not found."""
_NUMBER = re.compile(r"\S{1,12}|\w{1,20} \S{0,8}\d\S{0,8}")
"""What Word writes before a paragraph that it numbers."""
_NO_LANGUAGE = [""]
"""Switches unstructured's language detection off: nothing here reads it, and it is most of the time."""


def parse_html(content: bytes, *, name: str) -> Parsed:
    """The page without navigation, scripts and hidden text; its title is `<title>` or the first heading."""
    install()
    from unstructured.partition.html import partition_html

    page = cleaned(_html_text(content))
    if not page.markup:
        raise ParseError("no_text", "The page holds no text.")
    elements = partition_html(text=page.markup, languages=_NO_LANGUAGE)
    builder = TextBuilder()
    for element in elements:
        if element.category != "Image":
            _add_html(builder, element, page.tables)
    heading = _first_heading(elements)
    title, said = page.title, page.said
    if heading and heading.casefold() in title.casefold():
        title = heading  # "Parking | Intranet" over "Parking"
    parsed = builder.build(
        title=title or heading or stem(name),
        author=said.get("author", ""),
        created=iso(said.get("article:published_time") or said.get("date", "")),
        modified=iso(said.get("article:modified_time", "")),
        language=declared(said.get("", "")),
        notes=page.notes,
    )
    return replace(parsed, notes=(*parsed.notes, *lost(words([page.text]), parsed, "the page")))


def _add_html(builder: TextBuilder, element: Any, tables: Sequence[Table]) -> None:  # noqa: ANN401 -- of unstructured
    """Append one of unstructured's elements, or the tables that it says stood there."""
    if not _TABLE.search(element.text):
        _add(builder, element, is_heading=element.category == "Title")
        return
    for number, part in enumerate(_TABLE.split(element.text)):
        if number % 2 == 0:
            builder.add("list_item" if element.category == "ListItem" else "paragraph", part)
            continue
        _add_table(builder, tables[int(part)])


@contextmanager
def _whole_package() -> Iterator[None]:
    """python-docx and python-pptx find a part of another kind than its place asks for by stumbling over it."""
    try:
        yield
    except _misfits() as error:
        raise ParseError("corrupt", "The file is damaged: its parts do not fit together.") from error


def _misfits() -> tuple[type[Exception], ...]:
    """What both libraries raise on a part of another kind, and on an element without what it has to have."""
    from docx.exceptions import PythonDocxError
    from pptx.exc import PythonPptxError

    return AttributeError, TypeError, PythonDocxError, PythonPptxError


@_whole_package()
def parse_docx(content: bytes, *, name: str) -> Parsed:
    """Headings are those the author marked as headings; pages are known where Word left its page breaks."""
    install()
    from unstructured.partition.docx import partition_docx

    word = _settled(content)
    document = _open_docx(word.content)
    elements = partition_docx(file=io.BytesIO(word.content), languages=_NO_LANGUAGE)
    marks, first = _Marks(document), ""
    paged = any(element.category == "PageBreak" for element in elements)
    elements = [element for element in elements if element.category not in {"Header", "Footer"}]
    seen = " ".join({fold(element.text) for element in elements})
    asides = Asides(document, seen)
    builder = TextBuilder()
    for aside in (*(line for line in word.above if line not in seen), *asides.after("")):
        builder.add("paragraph", aside)
    for element in elements:
        text = fold(element.text)
        if element.category == "PageBreak":
            continue
        page = element.metadata.page_number if paged else None
        level = marks.level(text)
        first = first or (text if level else "")
        if mark := _TABLE.fullmatch(text):
            _add_table(builder, word.tables[int(mark[1])], page)
        else:
            _add(builder, element, is_heading=level is not None, level=level, page=page)
        for aside in asides.after(text):
            builder.add("paragraph", aside, pages=() if page is None else ((0, page),))
    for aside in (*asides.left(), *(line for line in word.below if line not in seen)):
        builder.add("paragraph", aside)
    pages = [element.metadata.page_number or 1 for element in elements]
    title = fold(document.core_properties.title or "") or first
    author, created, modified = properties_of(content)
    parsed = builder.build(
        title=title or stem(name),
        author=author,
        created=created,
        modified=modified,
        language=_language(document),
        page_count=max(pages, default=1) if paged else None,
    )
    return replace(parsed, notes=(*word.notes, *lost(words(word.source), parsed, "the file")))


def _settled(content: bytes) -> Settled:
    if _is_strict(content):
        raise ParseError("unsupported", "The file is Strict Open XML. Save it as an ordinary Word document (.docx).")
    return settled(content)


def _add_table(builder: TextBuilder, table: Table, page: int | None = None) -> None:
    """Append a table, its title before it."""
    builder.add("paragraph", table.title, pages=() if page is None else ((0, page),))
    builder.add_table(table.rows, header_rows=table.header_rows, page=page)


@_whole_package()
def parse_pptx(content: bytes, *, name: str) -> Parsed:
    """One page a slide: its title is the heading, its speaker notes come last."""
    install()
    from pptx import Presentation
    from unstructured.partition.pptx import partition_pptx

    shown = slides.shown(content)
    presentation = Presentation(io.BytesIO(shown))
    by_slide: dict[int, list[Any]] = defaultdict(list)
    for element in partition_pptx(file=io.BytesIO(shown), languages=_NO_LANGUAGE, include_slide_notes=False):
        if element.category not in {"PageBreak", "Image"} and element.text.strip():
            by_slide[element.metadata.page_number or 1].append(element)
    builder = TextBuilder()
    blank: list[int] = []
    hidden: list[int] = []
    footers: set[str] = set()
    for number, slide in enumerate(presentation.slides, start=1):
        if slides.is_hidden(slide) and not protocol.hidden.get():
            hidden.append(number)
        elif not _add_slide(builder, slide, number, by_slide[number], footers):
            blank.append(number)
    title = fold(presentation.core_properties.title or "")
    if title.lower() in {"", "powerpoint presentation", "presentation", "slide 1"}:
        title = _first_heading(by_slide.get(1, [])) or stem(name)
    author, created, modified = properties_of(content)
    return builder.build(
        title=title,
        author=author,
        created=created,
        modified=modified,
        page_count=len(presentation.slides),
        notes=said_of("slide", blank, "has no text", "have no text")
        + said_of("slide", hidden, "is hidden and was left out", "are hidden and were left out"),
    )


def _add_slide(builder: TextBuilder, slide: Any, number: int, found: Sequence[Any], footers: set[str]) -> bool:  # noqa: ANN401 -- of libraries without types
    """Append what a slide shows and its speaker notes; whether there was anything. `footers`: those that were said."""
    pages = ((0, number),)
    dated, own = slides.furniture(slide)
    grids = slides.grids(slide)
    left = [each for each in found if fold(each.text) not in dated | (own & footers)]
    footers |= own
    heading = next((element for element in left if element.category == "Title"), None)
    if heading is not None:
        _add(builder, heading, is_heading=True, level=1, page=number)
    for element in left:
        cells = html_rows(element.metadata.text_as_html or "") if element.category == "Table" else []
        if grid := grids.get(fold(" ".join(itertools.chain(*cells)))) if cells else None:
            _add_table(builder, grid, number)
        elif element is not heading:
            _add(builder, element, is_heading=False, page=number)
    drawn = list(slides.drawn(slide))
    for each in drawn:
        if isinstance(each, str):
            builder.add("list_item", each, pages=pages)
        else:
            _add_table(builder, each, number)
    said = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if said is not None and said.text.strip():
        builder.add("paragraph", said.text, pages=pages)
    return bool(left or drawn or (said is not None and said.text.strip()))


def html_rows(html: str) -> list[list[str]]:
    """The rows of the first table in a fragment; a cell's inner table is part of its text."""
    import lxml.html  # type: ignore[import-untyped]

    root = lxml.html.fragment_fromstring(html, create_parent="div")
    tables = root.xpath(".//table")
    if not tables:
        return []
    rows = [row for row in tables[0].iter("tr") if next(row.iterancestors("table"), None) is tables[0]]
    return [[fold(" ".join(cell.itertext())) for cell in row if cell.tag in {"td", "th"}] for row in rows]


def _add(
    builder: TextBuilder,
    element: Any,  # noqa: ANN401 -- one of unstructured's, which has no types
    *,
    is_heading: bool,
    level: int | None = None,
    page: int | None = None,
) -> None:
    """Append one of unstructured's elements."""
    metadata = element.metadata
    pages = () if page is None else ((0, page),)
    if element.category == "Table" and metadata.text_as_html:
        rows = html_rows(metadata.text_as_html)
        builder.add_table(rows, header_rows=header_rows(rows), page=page)
    elif is_heading:
        builder.add("heading", fold(element.text), level=level or (metadata.category_depth or 0) + 1, pages=pages)
    elif element.category == "ListItem":
        builder.add("list_item", element.text, pages=pages)
    else:
        builder.add("paragraph", element.text, pages=pages)


def _first_heading(elements: Sequence[Any]) -> str:
    return next((fold(element.text) for element in elements if element.category == "Title"), "")


def _html_text(content: bytes) -> str:
    """The page decoded as it says itself, else as its bytes suggest."""
    declared = _CHARSET.search(content[:4096])
    if declared and not content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        try:
            return content.decode(declared.group(1).decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(content)


def _language(document: Any) -> str:  # noqa: ANN401 -- an object of a library without types
    """The language of a Word document's default style."""
    found = document.styles.element.xpath("w:docDefaults//w:lang/@w:val")
    return declared(str(found[0])) if found else ""


def _open_docx(content: bytes) -> Any:  # noqa: ANN401 -- an object of a library without types
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    try:
        return Document(io.BytesIO(content))
    except (KeyError, PackageNotFoundError) as error:
        raise ParseError("corrupt", "The Word file lacks parts it needs; it may be cut off.") from error
    except ValueError as error:
        raise ParseError(
            "unsupported", "The file is not a Word document that can be read; save it again as .docx."
        ) from error


def _is_strict(content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"http://purl.oclc.org/ooxml" in archive.read("_rels/.rels")


class _Marks:
    """Which paragraphs of a Word document its author marked as headings, for elements that come in their order.

    An element holds no more of its paragraph than the text, which other paragraphs may have too. So each is looked for
    from where the one before was found, and a few paragraphs on: a page break cuts some in two, and Word's own numbers
    stand before others.
    """

    def __init__(self, document: Any) -> None:  # noqa: ANN401 -- an object of a library without types
        self._paragraphs = [(text, _level(each)) for each in document.paragraphs if (text := fold(each.text))]
        self._next, self._reach = 0, _NEAR

    def level(self, text: str) -> int | None:
        """The level of the heading that the next element is; None when it is none."""
        for place in range(self._next, min(self._next + self._reach, len(self._paragraphs))):
            own, level = self._paragraphs[place]
            if text == own or (text.endswith(f" {own}") and _NUMBER.fullmatch(text[: -len(own) - 1])):
                self._next, self._reach = place + 1, _NEAR
                return level
        self._reach += 1
        return None


def _level(paragraph: Any) -> int | None:  # noqa: ANN401 -- an object of a library without types
    style = (paragraph.style.name or "").lower() if paragraph.style is not None else ""
    found = re.match(r"heading (\d)|(title)$", style)
    return int(found.group(1) or 1) if found else None


# Keeps unstructured offline: stands in for its tokenizer module, which would download a spaCy model at run time.
#
# Only unstructured's guess "title or running text?" for formats without real headings reads these functions; the
# formats taken from unstructured here have headings of their own.


_MODULE = "unstructured.nlp.tokenize"
_QUIET = {"DO_NOT_TRACK": "true", "SCARF_NO_ANALYTICS": "true", "UNSTRUCTURED_DISABLE_NOTICE": "1"}
_VERBS = frozenset(
    {"am", "are", "be", "been", "can", "could", "did", "do", "does", "get", "give", "had", "has", "have", "is", "made"}
    | {"make", "may", "might", "must", "need", "say", "see", "shall", "should", "take", "use", "was", "will", "would"}
)


def install() -> None:
    """Put the stand-in in place; call before anything of unstructured is imported. Harmless when called again."""
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    if _MODULE in sys.modules or importlib.util.find_spec("en_core_web_sm") is not None:
        return
    module = ModuleType(_MODULE)
    for function in (sent_tokenize, word_tokenize, pos_tag):
        setattr(module, function.__name__, function)
    sys.modules[_MODULE] = module


def sent_tokenize(text: str) -> list[str]:
    """The sentences of a text, by their end marks."""
    return [sentence for sentence in re.split(r"(?<=[.!?])\s+", text.strip()) if sentence]


def word_tokenize(text: str) -> list[str]:
    """Words and single marks."""
    return re.findall(r"\w+(?:['’]\w+)?|[^\w\s]", text)


def pos_tag(text: str) -> list[tuple[str, str]]:
    """Each word with VB when it looks like an English verb, else NN."""
    return [(word, "VB" if _is_verb(word.lower()) else "NN") for word in word_tokenize(text)]


def _is_verb(word: str) -> bool:
    return word in _VERBS or (len(word) > 4 and word.endswith(("ed", "ing", "ize", "ise")))
