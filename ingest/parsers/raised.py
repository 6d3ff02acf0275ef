"""Raised marks: a footnote's number after a figure would be read as part of it."""

from __future__ import annotations

import re

_FIGURE = re.compile(r"\d\s?[)%€$£¥]?\s*$")
_POWER = re.compile(r"[×x·*⋅]\s*10\s*$")
_MARK = re.compile(r"\s*[\[(]?(\d{1,3}(?:\s*[,;]\s*\d{1,3})*|[*†‡§¶]+|[a-z])[)\]]?\s*", re.I)


def set_off(before: str, raised: str) -> str:
    """What a raised text reads as after `before`: "[2]" after a figure, "^6" after a power of ten, else itself."""
    if _POWER.search(before):
        return f"^{raised}"
    mark = _MARK.fullmatch(raised)
    return f" [{mark[1]}]" if mark and _FIGURE.search(before) else raised
