"""Content words by their rough stems: enough to see that a question and its evidence share none."""

from __future__ import annotations

import re

_STOP = """
a about above after again all also am an and another any anybody anyone are as at away back be because been before
being below between both but by can cannot could did do does done down during each either else ever every few for from
get gets give given go goes had has have he her here hers him his how i if in into is it its itself just know last
later least less let like many may me might mine more most much must my near neither never no nobody none nor not now
of off often on once one only onto or other our out over own per rather same shall she should since so some somebody
someone something soon still such than that the their them then there these they this those though through to too
under until up upon us very was we were what whatever when where whether which while who whom whose why will with
within without would yes yet you your
"""
STOP_WORDS = frozenset(_STOP.split())
_SUFFIXES = (
    "ations",
    "ation",
    "ments",
    "ment",
    "ings",
    "ing",
    "ies",
    "ied",
    "ers",
    "er",
    "ed",
    "es",
    "ly",
    "s",
    "e",
    "y",
)


def content_stems(text: str) -> set[str]:
    """The stems of the words that are no stop words; numbers count as they are."""
    words = re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))
    return {stem(word) for word in words if word not in STOP_WORDS and len(word) > 1}


def stem(word: str) -> str:
    """The word without its commonest English ending, three letters or more remaining."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word.removesuffix(suffix)
    return word
