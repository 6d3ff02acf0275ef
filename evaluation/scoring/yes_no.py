"""Yes or no, said outright or by saying the question's sentence again."""

from __future__ import annotations

import re

from core.text import ENGLISH
from evaluation.scoring.text import fold, words

YES = re.compile(
    r"(?:yes|yeah|yep|true|correct|indeed|certainly|absolutely|definitely|of course|affirmative|"
    r"that is (?:right|correct|true)|that's (?:right|correct|true))\b",
    re.IGNORECASE,
)
NO = re.compile(
    r"(?:no|nope|false|incorrect|negative|not at all|never|by no means|"
    r"that is (?:not (?:right|correct|true|so)|wrong|false)|that's (?:not|wrong|false))\b"
    r"(?! (?:later|more|less|earlier|fewer|longer than|sooner|matter|doubt|one|problem|need))",
    re.IGNORECASE,
)
OPENING = re.compile(
    r"(?:the (?:short |correct )?answer(?: is|:)|answer:|based on [^,:]*[,:]|according to [^,:]*[,:]|in short[,:]|"
    r"therefore,?|so,|well,|i (?:think|believe|would say)(?: that)?|it is|it's|[\"'*(\s-]+)\s*",
    re.IGNORECASE,
)
BOTH = re.compile(r"\b(?:yes and no|no and yes|yes or no|it depends|partly|partially|maybe|perhaps)\b", re.IGNORECASE)
NEGATION = re.compile(
    r"\bnot\b|n't\b|\bnever\b|\bcannot\b|\bneither\b|\bnone\b|\bno\b(?! later| more| less)|\bunable\b", re.IGNORECASE
)
SHORT = re.compile(
    r"(?:it|they|he|she|that|this|there|you|we|one) (?:does|do|did|is|are|was|were|can|may|must|will|has|have|should)"
    r"(?P<no> not|n't)?(?: so)?[.!]*",
    re.IGNORECASE,
)
AT_THE_END = re.compile(r"[:,–-]\s*(?P<said>yes|no)[.!]*$", re.IGNORECASE)
_OPPOSITES = """open opens/closed closes shut;allowed permitted legal lawful may/forbidden prohibited banned illegal;
free/paid charged;included/excluded;more/less fewer;higher above/lower below;before/after;always/never;
increase increased rise rose grow grew/decrease decreased fall fell drop dropped decline declined;
same/different;possible/impossible;optional voluntary/mandatory required compulsory;win won/lose lost;
accept accepted/reject rejected refuse refused;enabled active/disabled inactive;true/false;
valid/invalid expired;safe/unsafe dangerous;with/without"""
OPPOSITES = tuple(tuple(frozenset(side.split()) for side in pair.split("/")) for pair in _OPPOSITES.split(";"))
"""Words that say the opposite of each other."""
SHARED = 0.5
"""Share of the question's words that an answer must say again to be read as its sentence."""


def affirmation(text: str) -> bool | None:
    """What a text says outright, in its first words: True for yes, False for no; None when it says neither, or both."""
    folded = fold(text).strip()
    if BOTH.match(folded):
        return None
    while (opening := OPENING.match(folded)) and opening.end():
        folded = folded[opening.end() :]
    if YES.match(folded):
        return None if re.match(r"yes and no\b", folded, re.IGNORECASE) else True
    return False if NO.match(folded) else None


def restated(answer: str, question: str) -> bool | None:
    """What an answer says by saying the question's sentence again, with a negation or without; None if it does not."""
    folded, asked = fold(answer).strip(), fold(question)
    if short := SHORT.fullmatch(folded):
        return short["no"] is None
    if said := AT_THE_END.search(folded):
        return said["said"].lower() == "yes"
    if BOTH.search(folded):
        return None
    wanted = set(_stems(asked)) - ENGLISH.restated_stop_words
    shared = len(wanted & set(_stems(folded))) / len(wanted) if wanted else 0.0
    if shared < SHARED:
        return None
    turned = (NEGATION.search(folded) is None) != (NEGATION.search(asked) is None)
    return turned == _opposed(set(words(folded)), set(words(asked)))


def _opposed(given: set[str], asked: set[str]) -> bool:
    """True when the answer has a word in place of its opposite in the question."""
    if any(
        prefix + word in given for word in asked - given if len(word) > 4 for prefix in ("un", "non", "in", "im", "dis")
    ):
        return True
    return any(
        given & one and not given & other and asked & other and not asked & one
        for pair in OPPOSITES
        for one, other in (pair, pair[::-1])
    )


def _stems(text: str) -> list[str]:
    return [ENGLISH.restated_ending.sub("", word) for word in words(text)]
