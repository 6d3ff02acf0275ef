"""Markdown: the text is the file's own; elements point into it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.documents import Element, ElementKind, Parsed
from ingest.parsers.builder import MAX_HEADING_LENGTH, stem, without_payload
from ingest.parsers.encoding import decode

if TYPE_CHECKING:
    from markdown_it.token import Token

_LINE_END = re.compile(r"\r\n|\r|\n")
_FRONT_MATTER = re.compile(
    r"\A(?:---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)|\+\+\+[ \t]*\r?\n(.*?)^\+\+\+)[ \t]*\r?$", re.DOTALL | re.MULTILINE
)
_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*(\S[^\r\n]*)", re.I | re.M)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SCRIPT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.I)
_TAG = re.compile(r"<[^>]*>")


def parse_markdown(content: bytes, *, name: str) -> Parsed:
    """CommonMark with tables. Front matter is the first paragraph; comments and scripts are no element.

    Pictures that stand in it as text do not: only then is the text not the file's own.
    """
    from markdown_it import MarkdownIt

    text = without_payload(decode(content))
    masked = _masked(text)
    lines = [0, *(match.end() for match in _LINE_END.finditer(text)), len(text)]
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(masked.replace("\x00", " "))
    front = _FRONT_MATTER.match(text)
    elements = [_trimmed(text, *front.span(front.lastindex or 0))] if front and _is_said(front) else []
    covered = 0
    for index, token in enumerate(tokens):
        found = _kind(token, tokens[index - 1] if index else None)
        if found is None or token.map is None or token.map[0] < covered:
            continue
        kind, level = found
        element = _element(masked, lines, token, kind, level)
        if element is not None:
            elements.append(element)
            covered = token.map[1]
    title = next((text[e.start : e.end] for e in elements if e.kind == "heading"), "")
    named = _TITLE.search(front[front.lastindex or 0]) if front and not title else None
    title = _plain(title) or (named[1].strip().strip("\"'") if named else "")
    return Parsed(text=text, elements=tuple(elements), title=title or stem(name))


def _is_said(front: re.Match[str]) -> bool:
    return any(character.isalnum() for character in front[front.lastindex or 0])


def _trimmed(text: str, start: int, end: int) -> Element:
    """A paragraph without the white space around it."""
    raw = text[start:end]
    start += len(raw) - len(raw.lstrip())
    return Element(kind="paragraph", start=start, end=start + len(raw.strip()))


def _masked(text: str) -> str:
    """The text with front matter, comments and scripts blanked out, every offset kept."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\r\n]", " ", match.group())

    for pattern in (_FRONT_MATTER, _SCRIPT, _COMMENT):
        text = pattern.sub(blank, text)
    return text


def _kind(token: Token, before: Token | None) -> tuple[ElementKind, int] | None:
    if token.type == "heading_open":
        return "heading", int(token.tag[1])
    if token.type == "table_open":
        return "table", 0
    if token.type == "paragraph_open":
        return ("list_item" if before is not None and before.type == "list_item_open" else "paragraph"), 0
    if token.type in {"fence", "code_block", "html_block"}:
        return "paragraph", 0
    return None


def _element(text: str, lines: list[int], token: Token, kind: ElementKind, level: int) -> Element | None:
    """The token's lines without the white space around them; None when they hold no word."""
    assert token.map is not None
    start, end = lines[token.map[0]], lines[min(token.map[1], len(lines) - 1)]
    if kind == "heading":
        start, end = _heading_range(text, start, end)
    raw = text[start:end]
    bare = _TAG.sub("", raw) if token.type == "html_block" else raw
    if not any(character.isalnum() for character in bare):
        return None
    start += len(raw) - len(raw.lstrip())
    end = start + len(raw.strip())
    if kind == "heading" and end - start > MAX_HEADING_LENGTH:
        kind, level = "paragraph", 0
    header = 2 if kind == "table" and token.map[1] - token.map[0] > 2 else 0
    return Element(kind=kind, start=start, end=end, level=level, header_rows=header)


def _heading_range(text: str, start: int, end: int) -> tuple[int, int]:
    """The words of a heading: neither hashes nor the underline."""
    raw = text[start:end].rstrip()
    if not raw.lstrip().startswith("#"):
        last = max(raw.rfind("\n"), raw.rfind("\r"))
        return start, start + max(last, 0)
    first = re.match(r"\s*#+\s*", raw)
    closing = re.search(r"(?:^|\s)#*+$", raw)
    lead = first.end() if first else 0
    return start + lead, start + max(lead, closing.start() if closing else len(raw))


def _plain(text: str) -> str:
    from ingest.chunking.plain import plain_text

    return plain_text(text)
