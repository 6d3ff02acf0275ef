"""OpenDocument text and slides (ODT, ODP): the XML inside, read in document order."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from core.documents import ElementKind, Parsed
from core.errors import ParseError
from ingest.parsers import protocol
from ingest.parsers.builder import TextBuilder, declared, fold, said_of, stem
from ingest.parsers.dates import iso
from ingest.parsers.html.clean import MARK
from ingest.parsers.html.tables import take_tables
from ingest.parsers.raised import set_off
from ingest.parsers.xml_tree import Node, attribute, children, first_text, local, read_part

_SKIPPED = frozenset({"tracked-changes", "table-of-content", "forms", "sequence-decls", "variable-decls", "settings"})
_ASIDE = frozenset({"note", "annotation", "frame", "text-box", "custom-shape"})
"""Inside a paragraph, but not part of its sentence: read right after it."""
_BLANKS = {"s": " ", "tab": "\t", "line-break": "\n"}
_MAX_COLUMNS = 200
_DEEPEST = 6


def parse_opendocument(content: bytes, *, name: str) -> Parsed:
    """Headings by outline level; a slide is a page. Deleted text and tables of contents are left out.

    Raises:
        ParseError: "encrypted", "corrupt", or "no_text".
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise ParseError("encrypted", "The document is protected by a password. Save it without one.")
        content_xml = read_part(archive, "content.xml")
        body = next(content_xml.iter("{*}body"), None)
        styles = read_part(archive, "styles.xml") if "styles.xml" in names else None
        said = read_part(archive, "meta.xml") if "meta.xml" in names else None
    if body is None:
        raise ParseError("corrupt", "The document has no body.")
    _show(body, content_xml)
    reader = _Reader(_hidden_pages(content_xml))
    for line in _lines(styles, "header", "header-left", "header-first"):
        reader.builder.add("paragraph", line)
    reader.read(body)
    for line in _lines(styles, "footer", "footer-left", "footer-first"):
        reader.builder.add("paragraph", line)
    title = "" if said is None else first_text(said, "title")
    made = None if said is None else iso(first_text(said, "creation-date"))
    return reader.builder.build(
        title=title or reader.first_heading or stem(name),
        author="" if said is None else first_text(said, "initial-creator", "creator"),
        created=made,
        modified=None if said is None else iso(first_text(said, "date")),
        language="" if said is None else declared(first_text(said, "language")),
        page_count=reader.page or None,
        notes=said_of("slide", sorted(reader.blank), "has no text", "have no text")
        + said_of("slide", sorted(reader.left_out), "is hidden and was left out", "are hidden and were left out"),
    )


class _Reader:
    """Walks the body and collects elements."""

    def __init__(self, hidden: set[str]) -> None:
        """`hidden`: the styles of slides that are not shown."""
        self.builder = TextBuilder()
        self._hidden, self.left_out = hidden, set[int]()
        self.page = 0
        self.blank: set[int] = set()
        self.first_heading = ""

    def read(self, node: Node, kind: ElementKind = "paragraph") -> None:
        """Add what the node holds, in order."""
        name = local(node)
        if name in _SKIPPED:
            return
        if name == "h":
            self._add("heading", node, level=min(int(attribute(node, "outline-level") or 1), _DEEPEST))
        elif name == "p":
            self._add(kind, node)
        elif name == "table":
            self._add_tables(node)
        elif name == "page":
            self.page += 1
            if attribute(node, "style-name") in self._hidden:
                self.left_out.add(self.page)
            else:
                self.blank.add(self.page)
                self._inner(node, kind)
        elif name == "frame" and attribute(node, "class") == "title":
            self._add("heading", node, level=1, whole=True)
        else:
            self._inner(node, "list_item" if name == "list" else kind)

    def _add_tables(self, node: Node) -> None:
        """Append a table, and those in its cells after it; what only arranges the page is paragraphs."""
        from lxml import html  # type: ignore[import-untyped]

        root = html.Element("div")
        root.append(_told(node, html))
        tables = take_tables(root, MARK)
        for block in root.iter("p"):
            text = block.text or ""
            if text.startswith(MARK[:1]):
                table = tables[int(re.sub(r"\D", "", text))]
                self.builder.add("paragraph", table.title, pages=((0, self.page),) if self.page else ())
                self.builder.add_table(table.rows, header_rows=table.header_rows, page=self.page or None)
            else:
                self.builder.add("paragraph", text, pages=((0, self.page),) if self.page else ())
            self.blank.discard(self.page)

    def _inner(self, node: Node, kind: ElementKind) -> None:
        for child in children(node):
            self.read(child, kind)

    def _add(self, kind: ElementKind, node: Node, *, level: int = 0, whole: bool = False) -> None:
        text = fold(" ".join(node.itertext())) if whole else _text(node)
        if text.strip():
            self.blank.discard(self.page)
        if kind == "heading" and not self.first_heading:
            self.first_heading = fold(text)
        pages = ((0, self.page),) if self.page else ()
        self.builder.add(kind, fold(text) if kind == "heading" else text, level=level, pages=pages)
        for aside in () if whole else _asides(node):
            if local(aside) == "annotation":
                words = " ".join(fold(_text(part)) for part in aside.iter("{*}p"))
                self.builder.add("paragraph", f"Comment by {first_text(aside, 'creator')}: {words}", pages=pages)
            else:
                self._inner(aside, "paragraph")


def _text(node: Node) -> str:
    """A paragraph's own words; blanks that are written as elements are blanks again."""
    parts = [node.text or ""]
    for child in node:
        name = local(child)
        if name in _BLANKS:
            parts.append(_BLANKS[name] * min(int(attribute(child, "c") or 1), 80))
        elif name and name not in _ASIDE:
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _asides(node: Node) -> Iterator[Node]:
    for child in children(node):
        if local(child) in _ASIDE:
            yield child
        elif local(child) not in {"h", "p"}:
            yield from _asides(child)


def _told(table: Node, html: Any) -> Node:  # noqa: ANN401 -- the module lxml.html
    """A table as HTML, with its spans and the tables in its cells."""
    told = html.Element("table")
    for row in table.iter("{*}table-row"):
        if next(row.iterancestors("{*}table"), None) is not table:
            continue
        line = html.Element("tr")
        for cell in children(row):
            if local(cell) != "table-cell":  # what is covered is part of the one that covers it
                continue
            spans = {
                "rowspan": attribute(cell, "number-rows-spanned") or "1",
                "colspan": attribute(cell, "number-columns-spanned") or "1",
            }
            for _ in range(min(int(attribute(cell, "number-columns-repeated") or 1), _MAX_COLUMNS - len(line))):
                part = html.Element("td", spans)
                part.extend(_blocks(cell, html))
                line.append(part)
        told.append(line)
    return told


def _blocks(node: Node, html: Any) -> Iterator[Node]:  # noqa: ANN401 -- the module lxml.html
    for child in children(node):
        if local(child) == "table":
            yield _told(child, html)
        elif local(child) in {"p", "h"}:
            block = html.Element("p")
            block.text = fold(_text(child))
            yield block
            for aside in _asides(child):
                yield from _blocks(aside, html)
        else:
            yield from _blocks(child, html)


# What styles say: marks that are raised, words and slides that are hidden, headers and footers.


def _styled(root: Node, name: str, pattern: str) -> set[str]:
    """The names of styles of which some property of this name matches."""
    found = set()
    for style in root.iter("{*}style"):
        values = (attribute(said, name) or "" for said in children(style))
        if any(re.match(pattern, value) for value in values):
            found.add(attribute(style, "name") or "")
    return found


def _show(body: Node, root: Node) -> None:
    """Set raised marks off, and take away what is hidden."""
    raised, hidden = _styled(root, "text-position", r"super|[1-9]\d*%"), _styled(root, "display", "none")
    for span in list(body.iter("{*}span")):
        style = attribute(span, "style-name")
        if style in raised and (text := "".join(span.itertext())).strip():
            for child in children(span):
                span.remove(child)
            span.text = set_off(_before(span), text)
        elif style in hidden and not protocol.hidden.get():
            for child in children(span):
                span.remove(child)
            span.text = ""


def _before(span: Node) -> str:
    other = span.getprevious()
    return (other.tail or "".join(other.itertext())) if other is not None else span.getparent().text or ""


def _hidden_pages(root: Node) -> set[str]:
    return set() if protocol.hidden.get() else _styled(root, "visibility", "hidden")


def _lines(styles: Node | None, *kinds: str) -> list[str]:
    """The lines of headers or footers, each once, but for those that only say a page's number."""
    found: dict[str, None] = {}
    for master in styles.iter("{*}master-page") if styles is not None else ():
        for part in children(master):
            if local(part) in kinds:
                said = (line for line in part.iter("{*}p") if fold(_text(line)))
                found |= {fold(_text(line)): None for line in said if next(line.iter("{*}page-number"), None) is None}
    return list(found)
