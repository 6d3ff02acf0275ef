"""What a parser found, in a form that reads well in a test."""

from __future__ import annotations

from core.documents import Parsed


def elements(parsed: Parsed) -> list[tuple[str, int, str]]:
    """(kind, level, text) of each element; checks on the way that they ascend and stand in the text."""
    end = 0
    for element in parsed.elements:
        assert end <= element.start < element.end <= len(parsed.text)
        end = element.end
    return [(e.kind, e.level, parsed.text[e.start : e.end]) for e in parsed.elements]
