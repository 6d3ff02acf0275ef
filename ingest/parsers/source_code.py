"""Source code and configuration files: the text is the file's own, so that offsets are offsets into the file."""

from __future__ import annotations

import re

from core.documents import Element, Parsed
from ingest.parsers.encoding import decode

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
_BLOCK = re.compile(r"[^\s].*?(?=\r?\n[ \t\f]*\r?\n|\Z)", re.DOTALL)


def parse_code(content: bytes, *, name: str) -> Parsed:
    """Stretches between blank lines; nothing is taken for a heading or a list. The title is the file's name."""
    text = decode(content)
    elements: list[Element] = []
    for block in _BLOCK.finditer(text):
        start = text.rfind("\n", 0, block.start()) + 1  # with the indentation of its first line
        end = block.start() + len(block.group().rstrip())
        elements.append(Element(kind="paragraph", start=start, end=end))
    return Parsed(text=text, elements=tuple(elements), title=name.replace("\\", "/").rsplit("/", 1)[-1])
