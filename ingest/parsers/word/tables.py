"""Tables of Word as grids: each is told as HTML, whose spans, inner tables and headers are worked out in one place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingest.parsers.builder import fold
from ingest.parsers.cells import is_number
from ingest.parsers.html.clean import MARK
from ingest.parsers.html.tables import Table, take_tables

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
Node = Any
"""An element of lxml, which has no types."""

PARALLEL = 3
"""So many paragraphs in each of two cells, one of them figures only, are as many rows."""
_PARAGRAPH = "data-paragraph"


def take_word_tables(body: Node, before: list[Table]) -> list[Table]:
    """The tables of a body after those `before`, with a paragraph in the place of each that holds its mark.

    A mark is `MARK` with the place of the table in what is returned.

    What only arranges the page, such as a table of one cell, becomes the paragraphs that stand in it.
    """
    from lxml import html  # type: ignore[import-untyped]

    found = list(before)
    for node in [each for each in body.iter(f"{W}tbl") if next(each.iterancestors(f"{W}tbl"), None) is None]:
        paragraphs: list[Node] = []
        root = html.Element("div")
        root.append(_told(node, html, paragraphs))
        if not _arranges(root[0]):
            root[0].set("role", "table")
        tables = take_tables(root, MARK)
        blocks = [_block(block, paragraphs, len(found), node) for block in root.iter("p")]
        for block in blocks[:1]:
            block.extend(_comments(node))
        parent, place = node.getparent(), node.getparent().index(node)
        parent[place : place + 1] = blocks
        found += tables
    return found


def _arranges(table: Node) -> bool:
    """Whether a table may only arrange the page: most of what is in it stands in tables within."""
    inner = [each for each in table.iterdescendants("table") if next(each.iterancestors("table"), None) is table]
    within = sum(len("".join(each.itertext())) for each in inner)
    return 2 * within > len("".join(table.itertext()))


def text_of(paragraph: Node) -> str:
    """The words of a paragraph, those of its boxes too."""
    parts = []
    for node in paragraph.iter(f"{W}t", f"{W}tab", f"{W}br", f"{W}cr", f"{W}noBreakHyphen"):
        if next(node.iterancestors(FALLBACK), None) is None:
            parts.append(node.text or "" if node.tag == f"{W}t" else "-" if node.tag == f"{W}noBreakHyphen" else " ")
    return fold("".join(parts))


def number_of(node: Node | None, name: str, default: int = 0) -> int:
    """The number in the `w:val` of a child; the default where there is none."""
    child = node.find(f"{W}{name}") if node is not None else None
    said = child.get(f"{W}val") if child is not None else None
    return int(said) if said is not None and re.fullmatch(r"\d{1,5}", said) else default


def _block(block: Node, paragraphs: list[Node], before: int, node: Node) -> Node:
    """What stands for a block: the paragraph of Word that it is, or a new one with the mark of a table."""
    if said := block.get(_PARAGRAPH):
        return paragraphs[int(said)]
    number = int(re.sub(r"\D", "", block.text))
    new = node.makeelement(f"{W}p")
    run = new.makeelement(f"{W}r")
    text = new.makeelement(f"{W}t")
    text.text = MARK.format(before + number)
    run.append(text)
    new.append(run)
    return new


def _comments(node: Node) -> list[Node]:
    return [each.getparent() for each in node.iter(f"{W}commentReference") if each.getparent().tag == f"{W}r"]


def _told(node: Node, html: Any, paragraphs: list[Node]) -> Node:  # noqa: ANN401 -- the module lxml.html
    """A table as HTML; each of its paragraphs says where it stands among `paragraphs`."""
    table = html.Element("table")
    above: dict[int, Node] = {}
    for row in node.iterchildren(f"{W}tr"):
        said = row.find(f"{W}trPr")
        is_header = said is not None and said.find(f"{W}tblHeader") is not None
        own: dict[int, Node] = {}
        told = html.Element("tr")
        column = number_of(said, "gridBefore")
        told.extend(html.Element("td") for _ in range(column))
        for cell in row.iterchildren(f"{W}tc"):
            span = max(number_of(cell.find(f"{W}tcPr"), "gridSpan", 1), 1)
            begun = above.get(column) if _goes_on(cell) else None
            if begun is None:
                begun = html.Element("th" if is_header else "td", colspan=str(span), rowspan="1")
                begun.extend(_inside(cell, html, paragraphs))
                told.append(begun)
            else:
                begun.set("rowspan", str(int(begun.get("rowspan")) + 1))
            own[column] = begun
            column += span
        above = own
        table.extend(_parted(told, html))
    return table


def _goes_on(cell: Node) -> bool:
    """Whether a cell is the lower part of the one above it."""
    merged = cell.find(f"{W}tcPr/{W}vMerge")
    return merged is not None and merged.get(f"{W}val", "continue") == "continue"


def _inside(cell: Node, html: Any, paragraphs: list[Node]) -> Iterator[Node]:  # noqa: ANN401 -- the module lxml.html
    for child in cell.iterchildren(f"{W}p", f"{W}tbl"):
        if child.tag == f"{W}tbl":
            yield _told(child, html, paragraphs)
        elif text := text_of(child):
            told = html.Element("p", {_PARAGRAPH: str(len(paragraphs))})
            told.text = text
            paragraphs.append(child)
            yield told


def _parted(row: Node, html: Any) -> list[Node]:  # noqa: ANN401 -- the module lxml.html
    """The row, or as many as stand side by side in its cells: labels in one, as many figures in another."""
    cells = list(row)
    counts = {len(cell) for cell in cells if len(cell) > 1}
    alike = [cell for cell in cells if len(cell) > 1]
    plain = all(child.tag == "p" for cell in cells for child in cell)
    whole = all(cell.get("rowspan", "1") == "1" for cell in cells)
    figures = any(all(is_number(child.text) for child in cell) for cell in alike)
    if not (plain and whole and figures and len(alike) > 1 and len(counts) == 1 and max(counts) >= PARALLEL):
        return [row]
    rows = [html.Element("tr") for _ in range(max(counts))]
    for cell in cells:
        for number, new in enumerate(rows):
            part = html.Element(cell.tag, colspan=cell.get("colspan", "1"), rowspan="1")
            if cell in alike:
                part.append(cell[0])
            elif number == 0:
                part.extend(list(cell))
            new.append(part)
    return rows
