"""A guard against loss: the words that a file holds are counted against those that were read from it.

It knows nothing of formats, so it also finds what no parser was written for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from core.documents import Parsed

_WORD = re.compile(r"\w+")
_FEW, _SHARE, _NAMED = 4, 0.005, 5
"""So many words, or this part of all, may differ: a file joins and parts its words in other ways than its text."""


def words(texts: Iterable[str]) -> Counter[str]:
    """How often each word stands in some texts, whatever its capitals."""
    found: Counter[str] = Counter()
    for text in texts:
        found.update(_WORD.findall(text.casefold()))
    return found


def lost(held: Counter[str], parsed: Parsed, where: str) -> tuple[str, ...]:
    """A note when more than a few of the words `held` are not in the text; `where` names what holds them."""
    missing = held - words([parsed.text])
    count, total = missing.total(), held.total()
    if count <= max(_FEW, _SHARE * total):
        return ()
    named = ", ".join(word for word, _ in missing.most_common(_NAMED))
    return (f"{count} of the {total} words of {where} were not read, such as: {named}",)
