"""What a question and a document as a whole have to do with each other; pure functions.

"What did the pump maker say of stocks in its latest report for Q3?" names a document in three ways, and the chunk that
answers need hold none of them: the maker stands all over the document, the quarter in its name, and "latest" is a
matter of dates.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping

from indexes.fuse import min_max
from indexes.rows import Outline

K1, B = 3.0, 0.75
"""As in BM25. A chunk is counted as a word is there: k1 is greater, since more of them say more."""
WEAK = 1.0
"""Documents whose evidence differs by less than this hardly differ."""

_LATEST = re.compile(r"\b(latest|newest|most recent|most recently)\b", re.IGNORECASE)
_EXTENSION = re.compile(r"\.\w{1,5}$")
_WORDS = re.compile(r"[\W_]+")


def evidence(
    terms: Collection[str],
    spread: Mapping[str, Mapping[str, int]],
    outlines: Mapping[str, Outline],
    *,
    words: Callable[[str], Collection[str]],
) -> dict[str, float]:
    """How well each of some documents fits a question, from 0 for the worst to 1: {document id: score}.

    BM25 over these documents (Robertson and Zaragoza 2009, idf as in Lucene) with chunks in place of occurrences:
    `spread` counts in how many chunks of a document each term stands. A term in the document's name counts once more.
    `words` gives the terms of a name.
    """
    if not outlines:
        return {}
    named = {name: set(words(name_of(outline.document))) for name, outline in outlines.items()}
    average = sum(outline.chunks for outline in outlines.values()) / len(outlines) or 1.0
    scores = dict.fromkeys(outlines, 0.0)
    for term in terms:
        often = {name: n for name, n in spread.get(term, {}).items() if name in outlines}
        rare = _idf(len(outlines), len(often))
        for name, n in often.items():
            scores[name] += rare * n * (K1 + 1) / (n + K1 * (1 - B + B * outlines[name].chunks / average))
        holding = [name for name in outlines if term in named[name]]
        for name in holding:
            scores[name] += _idf(len(outlines), len(holding))
    return min_max(scores, least=WEAK) if max(scores.values()) > min(scores.values()) else dict.fromkeys(scores, 0.0)


def name_of(document: str) -> str:
    """The words of a path, without the file's extension."""
    return _WORDS.sub(" ", _EXTENSION.sub("", document))


def asks_for_latest(question: str) -> bool:
    """Whether a question asks for the newest of several documents."""
    return _LATEST.search(question) is not None


def newness(outlines: Mapping[str, Outline]) -> dict[str, float]:
    """From 0 for the oldest document to 1 for the newest, by the order of their days; half for one without a date."""
    days = sorted({outline.day for outline in outlines.values() if outline.day})
    last = max(1, len(days) - 1)
    return {name: days.index(outline.day) / last if outline.day else 0.5 for name, outline in outlines.items()}


def _idf(documents: int, holding: int) -> float:
    return math.log(1 + (documents - holding + 0.5) / (holding + 0.5))
