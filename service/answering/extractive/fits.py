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
_CALENDAR = (
    r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b\d{1,2}[:h]\d\d\b|\b\d{1,2} ?(?:am|pm)\b|"
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?\.? (?:of )?{_MONTH}\b(?:,? \d{{4}})?|"
    rf"\b{_MONTH}\b\.?(?: \d{{1,2}}(?:st|nd|rd|th)?\b)?(?:,? \d{{4}})?|"
    r"\bmay \d{1,4}\b|\b\d{1,2}\.? may\b|\b(?:19|20)\d\d\b|"
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
)
_DATE = re.compile(_CALENDAR, re.IGNORECASE)
_WHEN = re.compile(
    rf"{_CALENDAR}|\b\d+(?:st|nd|rd|th)\b|\b\w+ (?:days?|weeks?|months?|years?|hours?|minutes?)\b|\bcentury\b|"
    r"\b(?:daily|weekly|monthly|quarterly|annually|yearly|noon|midnight)\b",
    re.IGNORECASE,
)
_END = re.compile(
    r"\b(?:until|till|by|before|run(?:s|ning)? out|end(?:s|ed|ing)?|expir\w+|deadlines?|latest|no later|due|"
    r"clos(?:e|es|ed|ing)|finish\w*)\b",
    re.IGNORECASE,
)
_BEGINNING = re.compile(
    r"\b(?:since|from|(?:re-?)?start\w*|resum\w+|beg[aiu]n\w*|commenc\w+|effect(?:ive)?|in(?:to)? force|"
    r"(?:re-?)?open(?:s|ed|ing)?)\b",
    re.IGNORECASE,
)
_FIGURE_WORD = re.compile(
    r"\b(?:once|twice|half|quarter|third|dozen|million|billion|thousand|hundred|none|no|single|double|one|both)\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?<![\w.+-])[\w.+-]++@[\w-]+\.\w+|\b[A-ZÀ-Þ][\w'’-]+(?: (?:van |von |de |of |the )?[A-ZÀ-Þ][\w'’-]*\.?)*"
)
_SOMEWHERE = re.compile(
    r"\b(?:in|at|on|above|below|behind|beside|next to|under|inside|outside|near|by|opposite|between) "
    r"(?:the|an?|our|your)\b",
    re.IGNORECASE,
)
_REASON = re.compile(r"\b(?:because|since|so that|due to|owing to|therefore|as a result|in order to|reasons?)\b", re.I)
_MONEY = re.compile(
    r"[$€£¥]\s?\d|\d\s?(?:[$€£¥]|(?:EUR|USD|CHF|GBP|pence|pounds?|euros?|dollars?|cents?)\b)|\b(?:EUR|USD|CHF|GBP)\b"
)
_CURRENCY = re.compile(r"[$€£¥]|\b(?:EUR|USD|CHF|GBP|pounds?|euros?|dollars?)\b")
"""What the name of a column, or the heading, says of the figures below it."""
_RATE = re.compile(r"\d ?%|\bper ?cent\b", re.IGNORECASE)
_PHONE = re.compile(r"\+?\(?\d[\d ()/.-]{6,}\d")
_KINDS = {
    "rat": _RATE,
    "%": _RATE,
    "phon": _PHONE,
    "telephon": _PHONE,
    "email": re.compile(r"@\w"),
    "mail": re.compile(r"@\w"),
    "addr": re.compile(r"@\w|\d"),
    "dat": _DATE,
    "cost": _MONEY,
    "fe": _MONEY,
    "pric": _MONEY,
    "pay": _MONEY,
    "salar": _MONEY,
    "rent": _MONEY,
    "weekd": re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE),
}
"""Words that name a kind of thing, by stem: a stretch that holds such a thing need not say the word."""
_PAID = frozenset({"pay", "charg", "spend", "ow", "earn"})
"""Words with which "how much" asks for money."""

_LENGTH = re.compile(r"\d ?(?:mm|cm|dm|m|km|met(?:re|er)s?|millimet\w+|kilomet\w+|feet|foot|ft|inch(?:es)?|miles?)\b")
_TIME = re.compile(r"\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b", re.IGNORECASE)
_MEASURES = {
    "heavy": re.compile(r"\d ?(?:g|kg|t|lb|tonnes?|tons?|kilograms?|grams?|pounds?)\b"),
    "far": _LENGTH,
    "tall": _LENGTH,
    "wide": _LENGTH,
    "deep": _LENGTH,
    "thick": _LENGTH,
    "high": re.compile(r"\d"),
    "big": re.compile(r"\d ?(?:square|sq|m2|m²|hectares?|acres?|litres?|l|mb|gb|tb|mm|cm|m)\b", re.IGNORECASE),
    "loud": re.compile(r"\d ?dB"),
    "long": re.compile(f"{_TIME.pattern}|{_LENGTH.pattern}", re.IGNORECASE),
    "old": _TIME,
    "soon": _TIME,
    "often": re.compile(r"\b(?:every|each|once|twice|times?|per|a (?:day|week|month|year)|\w+ly)\b", re.IGNORECASE),
}
"""What answers "how heavy", "how far" and so on."""
_SEVERAL = re.compile(r",|;|:$| and | or ")
_COMPARED = re.compile(
    r"\b(?:more|less|fewer|cheaper|higher|lower|larger|smaller|longer|shorter|increase\w*|decrease\w*|grew|grown|growth|fell|"
    r"rose|risen|up|down|raised|reduced|difference|above|below|beyond|exceed\w*|than)\b",
    re.IGNORECASE,
)
_RECORD = 4
"""A row of so many cells tells several things; what one of them compares is not what the others are."""
PARTLY, HARDLY = 0.5, 0.25


def shows(root: str, text: str) -> bool:
    """True when `text` holds a thing of the kind that a question's word names: a rate, a phone number, a price."""
    return root in _KINDS and _KINDS[root].search(text) is not None


def fits(asking: Asking, unit: Unit) -> float:
    """1 when the unit holds what is asked for and the question does not name itself, 0 when not.

    PARTLY where form cannot tell: a person without a name, a place without one, a reason without "because".
    """
    text, named = unit.plain, asking.stems
    if asking.asked == "number":
        return _holds_number(asking, unit) * (PARTLY if _of_another_kind(asking, unit) else 1.0)
    if asking.asked == "when":
        told = any(not set(stems(match[0])) <= named for match in _WHEN.finditer(text))
        return float(told) * (PARTLY if _of_another_end(asking, unit) else 1.0)
    if asking.asked == "why":
        return 1.0 if _REASON.search(text) else PARTLY
    if asking.asked in ("who", "where"):
        if any(not set(stems(match[0])) <= named for match in _NAME.finditer(text, 1)):
            return 1.0
        if asking.asked == "who":
            return HARDLY
        return 1.0 if _SOMEWHERE.search(text) else PARTLY
    if asking.asked == "list":
        return 1.0 if unit.kind == "item" or unit.lists or _SEVERAL.search(text) else PARTLY
    return 1.0


def _of_another_end(asking: Asking, unit: Unit) -> bool:
    """True when the end of something is asked for and its beginning told, or the other way round."""
    said = f"{unit.context} {unit.plain}"
    ends, begins = _END.search(asking.text), _BEGINNING.search(asking.text)
    if bool(ends) == bool(begins):
        return False
    return not (_END if ends else _BEGINNING).search(said)


def _of_another_kind(asking: Asking, unit: Unit) -> bool:
    """True when a price, a rate, a phone number or the like is asked for, and neither shown nor named by the unit."""
    named = asking.stems & _KINDS.keys()
    if asking.clause.startswith("how much") and asking.stems & _PAID:
        named |= {"pay"}
    said = {*stems(unit.plain), *stems(unit.context)}
    if any(_KINDS[root] is _MONEY for root in named) and _CURRENCY.search(unit.context):
        return False
    alike = {root for root, kind in _KINDS.items() if any(kind is _KINDS[name] for name in named)}
    return bool(named) and not (alike & said or any(_KINDS[root].search(unit.plain) for root in named))


def _holds_number(asking: Asking, unit: Unit) -> float:
    """Dates, reference marks and list numbers are not the number asked for; a difference has to be told."""
    if asking.difference and not _COMPARED.search(unit.plain if len(unit.cells) < _RECORD else " ".join(unit.header)):
        return 0.0
    text = re.sub(r"^\(?\d{1,2}[.)]\s|\[\d{1,3}\]", "", unit.plain)
    how = re.match(r"how (\w+)", asking.clause)
    if how and how[1] in _MEASURES:
        return 1.0 if _MEASURES[how[1]].search(_with_units(unit) if unit.kind == "row" else text) else 0.0
    undated = _DATE.sub(" ", text) if unit.kind != "row" else text
    if any(is_number(token) and stem(token) not in asking.stems for token in tokens(undated)):
        return 1.0
    return PARTLY if unit.kind == "sentence" and _FIGURE_WORD.search(text) else 0.0


def _with_units(row: Unit) -> str:
    """The cells of a row, each before the unit that its column's name ends with: "31 kg" below "Weight (kg)"."""
    names = row.header or ("",) * len(row.cells)
    return " ".join(f"{cell} {re.split('[(,]', name)[-1]}" for name, cell in zip(names, row.cells, strict=False))
