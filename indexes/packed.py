"""What a parser returned, but for the text, in a few bytes."""

from __future__ import annotations

import json
import zlib
from typing import Any

from core.documents import Element, Parsed

SAID = ("title", "author", "created", "language", "modified", "page_count", "notes")


def packed(parsed: Parsed) -> bytes:
    """What a parser returned, but for the text."""
    fields: dict[str, Any] = {name: getattr(parsed, name) for name in SAID}
    elements = [[e.kind, e.start, e.end, e.level, e.header_rows] for e in parsed.elements]
    return zlib.compress(json.dumps({"elements": elements, "pages": parsed.pages, **fields}).encode("ascii"))


def unpacked(content: bytes, text: str) -> Parsed:
    """What `packed` was given."""
    said = json.loads(zlib.decompress(content))
    elements = tuple(
        Element(kind=kind, start=start, end=end, level=level, header_rows=rows)
        for kind, start, end, level, rows in said.pop("elements")
    )
    pages = tuple((offset, page) for offset, page in said.pop("pages"))
    return Parsed(text=text, elements=elements, pages=pages, **{**said, "notes": tuple(said["notes"])})
