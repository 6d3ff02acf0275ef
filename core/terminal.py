"""Text that came from elsewhere, made safe to be shown on a terminal: what a terminal would obey is replaced."""

from __future__ import annotations

import re

OBEYED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|\r(?!\n)")
"""Control characters of C0 and C1 but tabs and line ends, line separators, and what turns the direction of writing."""


def visible(text: str) -> str:
    """`text` without anything a terminal would obey; it is as long as before."""
    return OBEYED.sub("\N{REPLACEMENT CHARACTER}", text)


def visible_json(document: str) -> str:
    """A JSON document with the same written as escapes, so that it says what it said."""
    return OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", document)
