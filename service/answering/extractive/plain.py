"""A stretch of text as a person reads it: no link targets, escapes, emphasis or tags of Markdown and HTML."""

from __future__ import annotations

import re

from core.caches import remembers

_RULES = (
    (re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)"), r"\1"),
    (re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>"), ""),
    (re.compile(r"\\(?=[!-/:-@\[-`{-~])"), ""),
    (re.compile(r"\*\*|(?<!\w)[*_](?=\w)|(?<=[\w.,!?)])[*_](?!\w)|`"), ""),
    (re.compile(r"https?://\S+"), " "),
)


@remembers
def readable(text: str) -> str:
    """The words of a text without mark-up and web addresses, white space folded."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())
