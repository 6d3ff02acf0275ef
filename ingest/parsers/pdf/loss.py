"""A guard against loss: the words that pdfium says a page has, counted against those that were read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ingest.parsers.pdf.characters import characters_of
from ingest.parsers.pdf.lines import cleaned

_WORD = re.compile(r"[^\W\d_]{2,}|\d")
"""A word, or a digit: a figure may be parted or put together, its digits are the same."""
_CUT = re.compile("\\w+[\x02\ufffe\u00ad-]\\s*\\w*")
"""A word with a hyphen, which may be none at the end of a line."""
_FEW, _SHARE = 10, 0.01
"""How many words may be missing of a document, and which share of them: leaders and marks are left out on purpose."""


def words_on(textpage: Any) -> Counter[str]:  # noqa: ANN401 -- an object of a library without types
    """The words of a page as pdfium knows them, each with its count."""
    return _counted(characters_of(textpage))


def missing(own: Iterable[Counter[str]], read: Iterable[str]) -> int:
    """How many words of the pages are in none of the texts that were read; 0 when they are few."""
    total: Counter[str] = Counter()
    for words in own:
        total.update(words)
    lost = (total - _counted(" ".join(read))).total()
    return lost if lost > max(_FEW, _SHARE * total.total()) else 0


def _counted(text: str) -> Counter[str]:
    return Counter(_WORD.findall(cleaned(_CUT.sub(" ", text)).casefold()))
