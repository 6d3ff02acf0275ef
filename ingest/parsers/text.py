"""Plain text and source code: the text is the file's own, letter for letter."""

from __future__ import annotations

import re
from itertools import pairwise

from core.documents import Element, ElementKind, Parsed
from ingest.parsers.builder import stem
from ingest.parsers.encoding import decode

_BLOCK = re.compile(r"[^\s].*?(?=\r?\n[ \t\f]*\r?\n|\r[ \t\f]*\r|\Z)", re.DOTALL)
_LINE = re.compile(r"[^\r\n]+")
_BULLET = re.compile(r"\s*(?:[-*•‣–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S")
_NUMBERED = re.compile(
    r"(?:(?:section|chapter|part|article|appendix|item)\s+)?(\d+(?:\.\d+)*|[IVX]+|[A-Z])[.):]?\s+[A-Z]", re.I
)
_RULE = re.compile(r"\s*[=\-~_*#]{3,}\s*")
_MAX_HEADING_LENGTH, _HEADING_WORDS = 80, 12


def parse_text(content: bytes, *, name: str) -> Parsed:
    """Paragraphs are parted by blank lines; only clear headings are headings."""
    text = decode(content)
    return Parsed(text=text, elements=tuple(text_elements(text)), title=stem(name))


def text_elements(text: str) -> list[Element]:
    """The headings, paragraphs and list items of plain text."""
    elements: list[Element] = []
    for block in _BLOCK.finditer(text):
        elements.extend(_elements(text, block.start(), block.end()))
    return elements


def _elements(text: str, start: int, end: int) -> list[Element]:
    """Those of one block: a heading on top, then a paragraph, then the items of a list of two or more."""
    lines = [(match.start(), match.end()) for match in _LINE.finditer(text, start, end)]
    lines = [(first, last) for first, last in lines if text[first:last].strip()]
    heading = _heading(text, lines)
    if heading:
        rest = lines[heading[1] :]
        element = _element("heading", text, lines[0][0], lines[0][1], heading[0])
        return [element, *(_elements(text, rest[0][0], end) if rest else [])]
    items = [first for first, last in lines if _BULLET.match(text[first:last])]
    if len(items) < 2:
        return [_element("paragraph", text, start, end)]
    before = [_element("paragraph", text, start, items[0])] if items[0] > lines[0][0] else []
    return [*before, *(_element("list_item", text, *span) for span in pairwise((*items, end)))]


def _heading(text: str, lines: list[tuple[int, int]]) -> tuple[int, int] | None:
    """(level, lines used) when the block is, or begins with, a clear heading."""
    first = text[slice(*lines[0])].strip()
    second = text[slice(*lines[1])].strip() if len(lines) > 1 else ""
    if not 2 <= len(first) <= _MAX_HEADING_LENGTH or not any(c.isalpha() for c in first) or first[-1] in ".,;:!?":
        return None
    if second and _RULE.fullmatch(second) and not _RULE.fullmatch(first):
        return (1 if "=" in second else 2), 2
    if len(first.split()) > _HEADING_WORDS or (second and not _begins_text(first, second)):
        return None
    numbered = _NUMBERED.match(first)
    if numbered:
        return 2 + numbered.group(1).count("."), 1
    return (1, 1) if not second and first.isupper() and sum(c.isalpha() for c in first) >= 4 else None


def _begins_text(first: str, second: str) -> bool:
    """Whether a line right below is running text under a heading, not the heading's next line or a list's next item."""
    return second[0].isupper() and not _BULLET.match(second) and len(first) < 0.7 * len(second)


def _element(kind: ElementKind, text: str, start: int, end: int, level: int = 0) -> Element:
    """The stretch without the white space around it."""
    raw = text[start:end]
    lead = len(raw) - len(raw.lstrip())
    return Element(kind=kind, start=start + lead, end=start + len(raw.rstrip()), level=level)


# Source code and configuration files: the text is the file's own, so that offsets are offsets into the file.


LANGUAGES = {
    ".py": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".tsx": "typescript", ".java": "java", ".kt": "kotlin", ".scala": "scala", ".c": "c",
    ".h": "c", ".cc": "c++", ".cpp": "c++", ".hpp": "c++", ".cs": "csharp", ".go": "go", ".rs": "rust",
    ".rb": "ruby", ".php": "php", ".swift": "swift", ".m": "objective-c", ".r": "r", ".jl": "julia", ".lua": "lua",
    ".pl": "perl", ".sh": "shell", ".bash": "shell", ".ps1": "powershell", ".bat": "batch", ".sql": "sql",
    ".css": "css", ".scss": "css", ".vue": "vue", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".ini": "ini",
    ".cfg": "ini", ".conf": "ini", ".properties": "properties", ".tf": "terraform", ".proto": "protobuf",
    ".graphql": "graphql", ".gradle": "gradle", ".dart": "dart", ".ex": "elixir", ".hs": "haskell", ".vb": "basic",
    ".bas": "basic", ".tex": "tex", ".cmake": "cmake",
}  # fmt: skip
"""Extension to language; the media type is text/x-LANGUAGE."""
_LINES = re.compile(r"[^\s].*?(?=\r?\n[ \t\f]*\r?\n|\Z)", re.DOTALL)


def parse_code(content: bytes, *, name: str) -> Parsed:
    """Stretches between blank lines; nothing is taken for a heading or a list. The title is the file's name."""
    text = decode(content)
    elements: list[Element] = []
    for block in _LINES.finditer(text):
        start = text.rfind("\n", 0, block.start()) + 1  # with the indentation of its first line
        end = block.start() + len(block.group().rstrip())
        elements.append(Element(kind="paragraph", start=start, end=end))
    return Parsed(text=text, elements=tuple(elements), title=name.replace("\\", "/").rsplit("/", 1)[-1])
