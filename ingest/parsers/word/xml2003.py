"""Word's XML of 2003: one file, with the elements of today's documents under another name."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from core.documents import Parsed
from ingest.parsers.builder import TextBuilder, fold, stem
from ingest.parsers.html.clean import MARK
from ingest.parsers.word.settle import settle
from ingest.parsers.word.tables import W, take_word_tables, text_of
from ingest.parsers.xml_tree import first_text, local, parse_tree

_OLD = "{http://schemas.microsoft.com/office/word/2003/wordml}"
Node = Any
"""An element of lxml, which has no types."""

_CHANGES = {"Word.Insertion": "ins", "Word.Deletion": "del"}
_TABLE = re.compile(re.escape(MARK).replace(r"\{\}", r"(\d+)"))


def parse_word_xml(content: bytes, *, name: str) -> Parsed:
    """Headings by the names of their styles, tables as grids, changes accepted.

    Raises:
        ParseError: "no_text".
        SyntaxError: lxml's, for what is not well-formed.
    """
    root = parse_tree(content)
    title, author = first_text(root, "Title"), first_text(root, "Author")
    _rename(root)
    levels = {style.get(f"{W}styleId") or "": _level(style) for style in root.iter(f"{W}style")}
    body = root.find(f"{W}body")
    builder, first = TextBuilder(), ""
    if body is not None:
        settle(body, set(), Counter())
        tables = take_word_tables(body, [])
        for paragraph in body.iterchildren(f"{W}p"):
            text = text_of(paragraph)
            style = paragraph.find(f"{W}pPr/{W}pStyle")
            level = levels.get(style.get(f"{W}val") or "", 0) if style is not None else 0
            if mark := _TABLE.fullmatch(text):
                table = tables[int(mark[1])]
                builder.add("paragraph", table.title)
                builder.add_table(table.rows, header_rows=table.header_rows)
            elif paragraph.find(f"{W}pPr/{W}listPr") is not None and not level:
                builder.add("list_item", text)
            else:
                builder.add("heading" if level else "paragraph", text, level=level)
            first = first or (text if level else "")
    return builder.build(title=fold(title) or first or stem(name), author=fold(author))


def _rename(root: Node) -> None:
    """Give every element its name of today, and take sections away."""
    for node in list(root.iter()):
        if node.tag.startswith(_OLD):
            node.tag = W + node.tag.removeprefix(_OLD)
        for key, value in list(node.attrib.items()):
            if key.startswith(_OLD):
                node.attrib[W + key.removeprefix(_OLD)] = value
    for node in [each for each in root.iter() if local(each) == "annotation"]:
        kind = _CHANGES.get(node.get(f"{W}type") or "")
        inside = [child for content in node if local(content) == "content" for child in content]
        if kind:
            changed = node.makeelement(W + kind)
            changed.extend(inside)
            node.addprevious(changed)
            node.getparent().remove(node)
    for node in [each for each in root.iter() if local(each) in {"sect", "sub-section"}]:
        place = node.getparent().index(node)
        node.getparent()[place : place + 1] = list(node)


def _level(style: Node) -> int:
    said = style.find(f"{W}name")
    found = re.fullmatch(r"heading (\d)|(title)", (said.get(f"{W}val") or "").lower() if said is not None else "")
    return int(found.group(1) or 1) if found else 0
