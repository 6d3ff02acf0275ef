"""Hits written by hand."""

from __future__ import annotations

from typing import Any

from core.answers import Hit, Passage


def hit(text: str, document: str = "handbook.md", *, ordinal: int = 0, start: int = 0, **fields: Any) -> Hit:
    fields = {"chunk_id": f"{document}@v1#{ordinal}", "score": 1.0, "title": document, **fields}
    return Hit(document=document, text=text, start=start, end=start + len(text), **fields)


def passages(*hits: Hit) -> tuple[Passage, ...]:
    return tuple(Passage(number=number, hit=one) for number, one in enumerate(hits, start=1))
