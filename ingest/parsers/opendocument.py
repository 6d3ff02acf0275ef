"""OpenDocument text and slides (ODT, ODP): the XML inside, read in document order."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from core.documents import ElementKind, Parsed
from core.errors import ParseError
from ingest.parsers.builder import TextBuilder, declared, fold, said_of, stem
from ingest.parsers.cells import header_rows
from ingest.parsers.dates import iso
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
        body = next(read_part(archive, "content.xml").iter("{*}body"), None)
        said = read_part(archive, "meta.xml") if "meta.xml" in names else None
    if body is None:
        raise ParseError("corrupt", "The document has no body.")
    reader = _Reader()
    reader.read(body)
    title = "" if said is None else first_text(said, "title")
    made = None if said is None else iso(first_text(said, "creation-date"))
    return reader.builder.build(
        title=title or reader.first_heading or stem(name),
        author="" if said is None else first_text(said, "initial-creator", "creator"),
        created=made,
        modified=None if said is None else iso(first_text(said, "date")),
        language="" if said is None else declared(first_text(said, "language")),
        page_count=reader.page or None,
        notes=said_of("slide", sorted(reader.blank), "has no text", "have no text"),
    )


class _Reader:
    """Walks the body and collects elements."""

    def __init__(self) -> None:
        self.builder = TextBuilder()
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
            rows = _rows(node)
            if any(map(any, rows)):
                self.blank.discard(self.page)
            self.builder.add_table(rows, header_rows=header_rows(rows), page=self.page or None)
        elif name == "page":
            self.page += 1
            self.blank.add(self.page)
            self._inner(node, kind)
        elif name == "frame" and attribute(node, "class") == "title":
            self._add("heading", node, level=1, whole=True)
        else:
            self._inner(node, "list_item" if name == "list" else kind)

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


def _rows(table: Node) -> list[list[str]]:
    """The cells of a table; a table inside a cell is part of its text."""
    rows: list[list[str]] = []
    for row in table.iter("{*}table-row"):
        if next(row.iterancestors("{*}table"), None) is not table:
            continue
        cells: list[str] = []
        for cell in children(row):
            if local(cell) in {"table-cell", "covered-table-cell"}:
                text = fold(" ".join(_text(part) for part in cell.iter("{*}p", "{*}h")))
                cells += [text] * min(int(attribute(cell, "number-columns-repeated") or 1), _MAX_COLUMNS)
        rows.append(cells[:_MAX_COLUMNS])
    return rows
