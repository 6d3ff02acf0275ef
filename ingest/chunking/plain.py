"""Mark-up out, words in: what the embedder and the keyword index read of a stretch of text."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_TARGET = r"""\(\s*+<?[^\s()<>]*+(?:\([^\s()]*+\)[^\s()<>]*+)*+>?(?:(?:(?<=\s)|\s++)["'][^"'\n]*+["'])?\s*+\)"""
_MARKUP = re.compile(
    rf"""
    !?\[(?=[^\[\]\n]{{0,300}}\]{_TARGET})            # a link's opening bracket
  | \]{_TARGET}                                      # and its target
  | \\(?=[!-/:-@\[-`{{-~])                          # an escape
  | `+
  | </?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>\n]{{0,500}})?/?>|<!--.{{0,1000}}?-->
  | \*\*\*|\*\*|(?<!\w)__(?=\w)|(?<=\w)__(?!\w)|(?<!\w)\*(?=[^\W\d_])|(?<=[^\W_])\*(?!\w)
  | ^[ \t]*+\|?[ \t]*+:?-{{2,}}+:?[ \t]*+(?:\|[ \t]*+:?-{{2,}}+:?[ \t]*+)*+\|?[ \t]*+$
  | ^[ \t]*\||(?<=[ \t])\|(?=[ \t])|\|[ \t]*$       # the bars of a table
  | ^[ \t]*>[ \t]?
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Plain:
    """A text with the stretches of mark-up in it, ascending: any part of it can be read without them."""

    text: str
    cuts: tuple[tuple[int, int], ...]

    def between(self, start: int, end: int) -> str:
        """`text[start:end]` without mark-up, white space folded line by line."""
        kept: list[str] = []
        position = start
        index = max(bisect_right(self.cuts, (start, start)) - 1, 0)
        for first, last in self.cuts[index:]:
            if first >= end:
                break
            if last > position:
                kept.append(self.text[position : max(first, position)])
                position = min(last, end)
        kept.append(self.text[position:end])
        return _folded("".join(kept))


def strip_markup(text: str) -> Plain:
    """Find link targets, emphasis, code marks, escapes, tags, rules of tables and quotation marks of Markdown.

    Every pattern is one that ordinary prose, file names and source code rarely hold, so it runs on every format.
    """
    cuts = tuple(match.span() for match in _MARKUP.finditer(text) if match.end() > match.start())
    return Plain(text, cuts)


def plain_text(text: str) -> str:
    """The whole text without mark-up."""
    return strip_markup(text).between(0, len(text))


def _folded(text: str) -> str:
    lines = (re.sub(r"[ \t\f\v\u00a0]+", " ", line).strip() for line in re.split(r"\r\n|\r|\n", text))
    return "\n".join(line for line in lines if line)
