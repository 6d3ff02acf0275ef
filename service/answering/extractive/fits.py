"""Whether a unit holds the kind of thing that a question asks for."""

from __future__ import annotations

import re

from service.answering.extractive.question import Asking
from service.answering.extractive.units import Unit
from service.answering.extractive.words import is_number, stem, stems, tokens

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
_FIGURE_WORD = re.compile(
    r"\b(?:once|twice|half|quarter|third|dozen|million|billion|thousand|hundred|none|no|single|double|one|both)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[\w.+-]+@[\w-]+\.\w+|\b[A-ZÀ-Þ][\w'’-]+(?: (?:van |von |de |of |the )?[A-ZÀ-Þ][\w'’-]*\.?)*")
_KINDS = {
    "rat": re.compile(r"\d ?%|\bper ?cent\b|\d\.\d"),
    "%": re.compile(r"\d ?%|\bper ?cent\b"),
    "phon": re.compile(r"\+?\(?\d[\d ()/.-]{6,}\d"),
    "telephon": re.compile(r"\+?\(?\d[\d ()/.-]{6,}\d"),
    "email": re.compile(r"@\w"),
    "mail": re.compile(r"@\w"),
    "addr": re.compile(r"@\w|\d"),
    "dat": _DATE,
    "cost": re.compile(r"[$€£¥]\s?\d|\b(?:EUR|USD|CHF|GBP)\b"),
    "fe": re.compile(r"[$€£¥]\s?\d|\b(?:EUR|USD|CHF|GBP)\b"),
    "pric": re.compile(r"[$€£¥]\s?\d|\b(?:EUR|USD|CHF|GBP)\b"),
}
"""Words that name a kind of thing, by stem: a stretch that holds such a thing need not say the word."""


def shows(root: str, text: str) -> bool:
    """True when `text` holds a thing of the kind that a question's word names: a rate, a phone number, a price."""
    return root in _KINDS and _KINDS[root].search(text) is not None


def fits(asking: Asking, unit: Unit) -> bool:
    """True when the unit holds a number, date or name where one is asked for, other than those in the question."""
    if asking.asked == "number":
        fresh = any(is_number(token) and stem(token) not in asking.stems for token in tokens(_unnumbered(unit.plain)))
        return fresh or (unit.kind == "sentence" and bool(_FIGURE_WORD.search(unit.plain)))
    if asking.asked == "when":
        return any(not set(stems(match[0])) <= asking.stems for match in _DATE.finditer(unit.plain))
    if asking.asked in ("who", "where"):
        return any(not set(stems(match[0])) <= asking.stems for match in _NAME.finditer(unit.plain, 1))
    return True


def _unnumbered(text: str) -> str:
    """The text without the number of its list item and without reference marks such as [12]."""
    return re.sub(r"^\(?\d{1,2}[.)]\s|\[\d{1,3}\]", "", text)
