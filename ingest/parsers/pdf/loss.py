"""A guard against loss: the words that pdfium says a page has, counted against those that were read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ingest.parsers.pdf.lines import cleaned

_WORD = re.compile(r"[^\W\d_]{2,}|\d")
"""A word, or a digit: a figure may be parted or put together, its digits are the same."""
_CUT = re.compile("(?<!\\w)\\w+[\x02\ufffe\u00ad-]\\s*\\w*")
"""A word with a hyphen, which may be none at the end of a line."""
_FEW, _SHARE = 10, 0.01
"""How many words may be missing of a document, and which share of them: leaders and marks are left out on purpose."""


def words_on(text: str) -> Counter[str]:
    """The words of a page's characters, each with its count."""
    return Counter(_WORD.findall(cleaned(_CUT.sub(" ", text)).casefold()))


def missing(own: Iterable[Counter[str]], read: Iterable[str]) -> int:
    """How many words of the pages are in none of the texts that were read; 0 when they are few."""
    total: Counter[str] = Counter()
    for words in own:
        total.update(words)
    lost = (total - words_on(" ".join(read))).total()
    return lost if lost > max(_FEW, _SHARE * total.total()) else 0
