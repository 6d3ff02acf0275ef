"""A question's words: which of them count, and which stand together."""

from __future__ import annotations

import re
import unicodedata

from core.text import ENGLISH, encodable

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
        word
        for word in words
        if word.lower() not in ENGLISH.search_stop_words or (mixed and word.isupper() and len(word) > 1)
    ] or words
