"""Whether a unit holds the kind of thing that a question asks for."""

from __future__ import annotations

import re

from service.answering.extractive.question import Asked, Asking
from service.answering.extractive.units import Unit
from service.answering.extractive.words import is_number, stem, tokens

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DATE = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2}:\d\d\b|\b\d{1,2} ?(?:am|pm)\b|"
    rf"\b\d{{1,2}}(?:st|nd|rd|th)\b|\b{_MONTH}\b|\bmay \d|\b\d{{1,2}}\.? may\b|"
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b\d+ (?:days?|weeks?|months?|years?|hours?|minutes?)\b|"
    r"\b(?:century|daily|weekly|monthly|quarterly|annually|yearly|noon|midnight)\b",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
_FIGURE_WORD = re.compile(
    r"\b(?:once|twice|half|quarter|third|dozen|million|billion|thousand|none|no|single|double|one|both)\b", re.I
)


def fits(asked: Asked, unit: Unit, asking: Asking) -> bool:
    """True when the unit, its cells included, holds such a thing that the question has not named itself."""
    named = {term.stem for term in asking.terms}
    if asked == "number":
        fresh = any(is_number(token) and stem(token) not in named for token in tokens(unit.text))
        return fresh or bool(_FIGURE_WORD.search(unit.text))
    if asked == "when":
        return any(not set(map(stem, tokens(match[0]))) <= named for match in _DATE.finditer(unit.text))
    if asked in ("who", "where"):
        return _has_name(unit, named)
    return True


def _has_name(unit: Unit, named: set[str]) -> bool:
    """A capitalised word beyond those of the question, not only the first of the sentence, or a mail address."""
    if _MAIL.search(unit.text) or unit.kind in ("row", "line"):
        return True
    words = tokens(unit.text)
    capitals = [
        position
        for position, word in enumerate(words)
        if word[0].isupper() and stem(word) not in named and word.lower() not in ("the", "this", "it", "a", "in", "on")
    ]
    return any(position > 0 for position in capitals) or (bool(capitals) and len(words) < 6) or "by " in unit.text
