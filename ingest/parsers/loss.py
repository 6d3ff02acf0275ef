"""A guard against loss: the words that a file holds by its own markup, counted against those that were read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

FEW, SHARE = 3, 0.005
"""So many words, or this part of all, may differ: parts of a file are joined and parted in other ways than its text."""
SHOWN = 5
_WORD = re.compile(r"\w+")


def lost(source: Iterable[str], read: str) -> tuple[str, ...]:
    """A note that says how many words of `source`, in any order, `read` lacks, with a few of them; none for a few."""
    held = Counter(word for part in source for word in _WORD.findall(part.casefold()))
    missing = held - Counter(_WORD.findall(read.casefold()))
    number, of = missing.total(), held.total()
    if number <= max(FEW, SHARE * of):
        return ()
    few = ", ".join(f'"{word}"' for word, _ in missing.most_common(SHOWN))
    return (f"{number} of the {of} words of the file were not read, among them {few}",)
