"""Keeps unstructured offline: stands in for its tokenizer module, which would download a spaCy model at run time.

Only unstructured's guess "title or running text?" for formats without real headings reads these functions; the
formats taken from unstructured here have headings of their own.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from types import ModuleType

_MODULE = "unstructured.nlp.tokenize"
_QUIET = {"DO_NOT_TRACK": "true", "SCARF_NO_ANALYTICS": "true", "UNSTRUCTURED_DISABLE_NOTICE": "1"}
_VERBS = frozenset(
    {"am", "are", "be", "been", "can", "could", "did", "do", "does", "get", "give", "had", "has", "have", "is", "made"}
    | {"make", "may", "might", "must", "need", "say", "see", "shall", "should", "take", "use", "was", "will", "would"}
)


def install() -> None:
    """Put the stand-in in place; call before anything of unstructured is imported. Harmless when called again."""
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    if _MODULE in sys.modules or importlib.util.find_spec("en_core_web_sm") is not None:
        return
    module = ModuleType(_MODULE)
    for function in (sent_tokenize, word_tokenize, pos_tag):
        setattr(module, function.__name__, function)
    sys.modules[_MODULE] = module


def sent_tokenize(text: str) -> list[str]:
    """The sentences of a text, by their end marks."""
    return [sentence for sentence in re.split(r"(?<=[.!?])\s+", text.strip()) if sentence]


def word_tokenize(text: str) -> list[str]:
    """Words and single marks."""
    return re.findall(r"\w+(?:['’]\w+)?|[^\w\s]", text)


def pos_tag(text: str) -> list[tuple[str, str]]:
    """Each word with VB when it looks like an English verb, else NN."""
    return [(word, "VB" if _is_verb(word.lower()) else "NN") for word in word_tokenize(text)]


def _is_verb(word: str) -> bool:
    return word in _VERBS or (len(word) > 4 and word.endswith(("ed", "ing", "ize", "ise")))
