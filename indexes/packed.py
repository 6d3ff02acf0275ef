"""What a parser returned, but for the text, in a few bytes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from core.documents import Element, Parsed

BLOCK = 2000
"""Elements written as JSON at once: a millisecond or two in which no other thread runs."""
SAID = ("title", "author", "created", "language", "modified", "page_count", "notes")


def packed(parsed: Parsed) -> bytes:
    """What a parser returned, but for the text."""
    fields: dict[str, Any] = {name: getattr(parsed, name) for name in SAID}
    elements = [[e.kind, e.start, e.end, e.level, e.header_rows] for e in parsed.elements]
    said = json.dumps({"pages": parsed.pages, **fields})
    return zlib.compress(f'{{"elements": [{", ".join(_in_blocks(elements))}], {said[1:]}'.encode("ascii"))


def _in_blocks(values: Sequence[Any]) -> Iterator[str]:
    """The values as they stand inside a JSON array. Other threads wait for one block, not for all of them."""
    for start in range(0, len(values), BLOCK):
        yield json.dumps(values[start : start + BLOCK])[1:-1]


def unpacked(content: bytes, text: str) -> Parsed:
    """What `packed` was given."""
    said = json.loads(zlib.decompress(content))
    elements = tuple(
        Element(kind=kind, start=start, end=end, level=level, header_rows=rows)
        for kind, start, end, level, rows in said.pop("elements")
    )
    pages = tuple((offset, page) for offset, page in said.pop("pages"))
    return Parsed(text=text, elements=elements, pages=pages, **{**said, "notes": tuple(said["notes"])})
