"""A question's words: which of them count, and which stand together."""

from __future__ import annotations

import re
import unicodedata

from core.text import encodable

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a about after all also am an and any are as at be because been before being between both but by can could did
        do does doing don down during each few for from further get give had has have having he her here hers him his
        how i if in into is it its just me more most my no nor not of off on once only or other our out over own please
        same she should so some such tell than that the their them then there these they this those through to too
        under until up us very was we were what when where which while who whom whose why will with would you your
        d ll m re s t ve""",
    )
)

_COMPOUND = re.compile(r"\w+(?:[-./_&]\w+)*")
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> tuple[list[str], list[str]]:
    """A question's words, and its compounds ("10-K", "v1.2", "read_only") as phrases of words."""
    words: list[str] = []
    phrases: list[str] = []
    for compound in _COMPOUND.findall(unicodedata.normalize("NFC", encodable(text))):
        parts = _WORD.findall(compound)
        words += parts
        if len(parts) > 1:
            phrases.append(" ".join(parts))
    return words, list(dict.fromkeys(phrases))


def telling(words: list[str]) -> list[str]:
    """The words without stop words, unless there are no others.

    Capitals protect an acronym: IT, US and WHO count, except in a question that is all in capitals.
    """
    mixed = any(word.islower() for word in words)
    return [
        word for word in words if word.lower() not in STOP_WORDS or (mixed and word.isupper() and len(word) > 1)
    ] or words
