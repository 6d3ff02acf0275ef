"""Mark-up out, words in: what the embedder and the keyword index read of a stretch of text."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_MARKUP = re.compile(
    r"""
    (?P<link>!?\[(?P<label>[^\[\]\n]{0,300})\]\(\s*<?(?P<target>[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)>?(?:\s+["'][^"'\n]*["'])?\s*\))
  | (?P<escape>\\(?=[!-/:-@\[-`{-~]))
  | (?P<code>`+)
  | (?P<tag></?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>\n]{0,500})?/?>|<!--.*?-->)
  | (?P<strong>\*\*\*|\*\*|(?<!\w)__(?=\w)|(?<=\w)__(?!\w)|(?<!\w)\*(?=[^\W\d_])|(?<=[^\W_])\*(?!\w))
  | (?P<rule>^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$)
  | (?P<pipe>^[ \t]*\||(?<=[ \t])\|(?=[ \t])|\|[ \t]*$)
  | (?P<quote>^[ \t]*>[ \t]?)
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
    cuts: list[tuple[int, int]] = []
    for match in _MARKUP.finditer(text):
        if match.lastgroup in {"link", "label", "target"} or match["link"]:
            first, last = match.span("label")
            cuts.append((match.start(), first))
            cuts.append((last, match.end()))
        else:
            cuts.append(match.span())
    return Plain(text, tuple(cut for cut in cuts if cut[1] > cut[0]))


def plain_text(text: str) -> str:
    """The whole text without mark-up."""
    return strip_markup(text).between(0, len(text))


def _folded(text: str) -> str:
    lines = (re.sub(r"[ \t\f\v\u00a0]+", " ", line).strip() for line in re.split(r"\r\n|\r|\n", text))
    return "\n".join(line for line in lines if line)
