"""Plain text and source code: the text is the file's own, letter for letter."""

from __future__ import annotations

import re

from core.documents import Element, Parsed
from ingest.parsers.builder import stem
from ingest.parsers.encoding import decode

_BLOCK = re.compile(r"[^\s].*?(?=\r?\n[ \t\f]*\r?\n|\r[ \t\f]*\r|\Z)", re.DOTALL)
_LINE = re.compile(r"[^\r\n]+")
_BULLET = re.compile(r"\s*(?:[-*•‣–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S")
_NUMBERED = re.compile(
    r"(?:(?:section|chapter|part|article|appendix|item)\s+)?(\d+(?:\.\d+)*|[IVX]+|[A-Z])[.):]?\s+[A-Z]", re.I
)
_RULE = re.compile(r"\s*[=\-~_*#]{3,}\s*")
_LONGEST_HEADING = 80


def parse_text(content: bytes, *, name: str) -> Parsed:
    """Paragraphs are parted by blank lines; only clear headings are headings."""
    text = decode(content)
    elements: list[Element] = []
    for block in _BLOCK.finditer(text):
        elements.extend(_elements(text, block.start(), block.end()))
    return Parsed(text=text, elements=tuple(elements), title=stem(name))


def _elements(text: str, start: int, end: int) -> list[Element]:
    lines = [(match.start(), match.end()) for match in _LINE.finditer(text, start, end)]
    lines = [(first, last) for first, last in lines if text[first:last].strip()]
    heading = _heading(text, lines)
    if heading:
        rest = lines[heading[1] :]
        element = _element("heading", text, lines[0][0], lines[0][1], heading[0])
        return [element, *(_elements(text, rest[0][0], end) if rest else [])]
    starts = [first for first, last in lines if _BULLET.match(text[first:last])]
    if len(starts) >= 2 and starts[0] == lines[0][0]:
        ends = [*starts[1:], end]
        return [_element("list_item", text, first, last) for first, last in zip(starts, ends, strict=True)]
    return [_element("paragraph", text, start, end)]


def _heading(text: str, lines: list[tuple[int, int]]) -> tuple[int, int] | None:
    """(level, lines used) when the block is, or begins with, a clear heading."""
    first = text[slice(*lines[0])].strip()
    if not 2 <= len(first) <= _LONGEST_HEADING or not any(c.isalpha() for c in first) or first[-1] in ".,;:!?":
        return None
    if len(lines) >= 2 and _RULE.fullmatch(text[slice(*lines[1])]) and not _RULE.fullmatch(first):
        return (1 if "=" in text[slice(*lines[1])] else 2), 2
    if len(lines) > 1 or len(first.split()) > 12:
        return None
    numbered = _NUMBERED.match(first)
    if numbered:
        return 1 + numbered.group(1).count("."), 1
    return (1, 1) if first.isupper() and sum(c.isalpha() for c in first) >= 4 else None


def _element(kind: str, text: str, start: int, end: int, level: int = 0) -> Element:
    """The stretch without the white space around it."""
    raw = text[start:end]
    lead = len(raw) - len(raw.lstrip())
    return Element(
        kind="heading" if kind == "heading" else "list_item" if kind == "list_item" else "paragraph",
        start=start + lead,
        end=start + len(raw.rstrip()),
        level=level,
    )
