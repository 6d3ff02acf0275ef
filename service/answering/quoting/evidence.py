"""What speaks for a unit by its words: which of the question's terms stand in it and around it, and in what form."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from itertools import pairwise

from core.answers import Passage
from core.text import ENGLISH
from service.answering.quoting.question import Asking, Term
from service.answering.quoting.units import Unit, picked, told
from service.answering.quoting.versions import Version
from service.answering.quoting.weights import Evidence
from service.answering.quoting.words import (
    is_month_or_day,
    is_number,
    related,
    stem,
    stems,
    tokens,
    vocabulary,
)

OWN, CONTEXT, PLACE, BESIDE, PASSAGE, DOCUMENT = 1.0, 0.9, 0.75, 0.5, 0.25, 0.2
"""Where a word of the question is found, nearest first, and how sure it is that the unit is about it: in the unit, in
what introduces it, in headings and title, in the unit before or after, in the passage, in its document."""
GIVEN = 1.0
"""What a passage counts that was not searched for but given: as the best that search finds."""
_ENDS = (".", "!", "?", ":", ";", ")", '"', "”", "…")
"""What a sentence ends with, and a headline does not."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_QUARTER = re.compile(r"[qh][1-4]")


def weigh(terms: Sequence[Term], units: Sequence[Unit]) -> dict[str, float]:
    """What each term counts: its own weight, less when every unit holds it. Sums to 1."""
    holding = Counter(root for unit in units for root in set(stems(unit.plain)))
    scale = math.log(len(units) + 2)
    raw = {
        term.stem: term.weight * (1 + math.log((len(units) + 1) / (holding[term.stem] + 1)) / scale) for term in terms
    }
    total = sum(raw.values()) or 1.0
    return {root: value / total for root, value in raw.items()}


def find(
    terms: Sequence[Term], passage: Passage, units: Sequence[Unit], document: set[str], version: Version
) -> Iterator[tuple[Unit, dict[str, float]]]:
    """Every unit with what finding each term in and around it is worth; a year in which a version held is its own."""
    hit = passage.hit
    place = vocabulary(" ".join([*hit.headings, hit.title, hit.document, hit.header])) | version.held_in
    own = [vocabulary(unit.plain) for unit in units]
    context = [vocabulary(unit.context) for unit in units]
    whole = set().union(*own)
    forms = {term.stem: related(term.stem, whole.union(place, document, *context)) for term in terms}
    for position, unit in enumerate(units):
        beside = set().union(*own[max(position - 1, 0) : position + 2])
        near = (own[position], context[position], place, beside, whole, document)
        levels = tuple(zip(near, (OWN, CONTEXT, PLACE, BESIDE, PASSAGE, DOCUMENT), strict=True))
        yield unit, {term.stem: _worth(term, forms[term.stem], levels, unit) for term in terms}


def said_by_other_rows(located: Sequence[tuple[Unit, dict[str, float]]]) -> Iterator[set[str]]:
    """For each row, the terms that it lacks and another row of its passage says: then that one may be asked about."""
    said = {root for unit, found in located if unit.kind == "row" for root, worth in found.items() if worth == OWN}
    for unit, found in located:
        yield {root for root in said if found[root] < PLACE} if unit.kind == "row" else set()


def weigh_up(
    asking: Asking, unit: Unit, found: dict[str, float], shares: dict[str, float], passage: Passage, version: Version
) -> Evidence:
    """The evidence of a unit before meanings are compared."""
    words = [stem(token) for token in tokens(unit.plain) if token.lower() not in ENGLISH.question_stop_words]
    at: defaultdict[float, float] = defaultdict(float)
    for root, share in shares.items():
        at[found[root]] += share
    return Evidence(
        own=at[OWN],
        context=at[CONTEXT],
        place=at[PLACE],
        beside=at[BESIDE],
        passage=at[PASSAGE] + at[DOCUMENT],
        names=min((found[term.stem] for term in asking.terms if term.exact), default=1.0),
        asked=_asked(asking, found),
        pairs=_pairs(asking, words),
        fits=fits(asking, unit),
        contradicted=float(_contradicted(asking, unit, version)),
        superseded=float(version.superseded),
        label=_label_share(asking, unit),
        column=_column(asking, unit),
        rival=float(_rival(asking, unit, found)),
        fresh=_fresh(asking, unit, words),
        length=min(len(words), 60) / 60,
        first=1 / passage.number,
        shown=GIVEN if passage.hit.dense is None else passage.hit.score,
        code=float(unit.kind == "code"),
        bare=float(_is_bare(unit) and (asking.asked != "list" or not unit.unmarked)),
    )


def _fresh(asking: Asking, unit: Unit, words: Sequence[str]) -> float:
    new = set(words) - asking.stems
    told = any(is_number(root) for root in new) if asking.asked == "number" else _tells_a_name(asking, unit)
    if asking.asked == "boolean" or unit.plain.endswith(":") or unit.lists or told:
        return 1.0
    return min(len(new), 3) / 3


def _tells_a_name(asking: Asking, unit: Unit) -> bool:
    """True when a word inside the unit that the question lacks is written as a name, or a figure."""
    return any(not token[0].islower() and stem(token) not in asking.stems for token in tokens(unit.plain)[1:])


def _is_bare(unit: Unit) -> bool:
    running = unit.kind == "sentence" or unit.unmarked
    return unit.kind == "label" or (running and not unit.plain.endswith(_ENDS))


def _asked(asking: Asking, found: dict[str, float]) -> float:
    worth = [found[term.stem] if found[term.stem] >= PLACE else 0.0 for term in asking.terms if term.focus]
    return sum(worth) / len(worth) if worth else 1.0


def _pairs(asking: Asking, words: Sequence[str]) -> float:
    roots = [term.stem for term in asking.terms]
    wanted = set(pairwise(roots))
    near = {*pairwise(words), *zip(words, words[2:], strict=False)}
    return len(wanted & near) / len(wanted) if wanted else 0.0


def _label_share(asking: Asking, unit: Unit) -> float:
    """How much of the words that name a row, line or item the question has too; 0.5 for running text."""
    return max((_share(label, asking) for label in _labels(unit, 3)), default=0.5)


def _column(asking: Asking, unit: Unit) -> float:
    """How far the name of a row's column is asked for, of those whose cell the question does not tell itself."""
    if unit.kind != "row":
        return 0.5
    named = [name for name, cell in zip(unit.header, unit.cells, strict=False) if cell and not told(asking, cell)]
    return max((_share(name, asking) for name in named if name), default=0.0)


def _rival(asking: Asking, unit: Unit, found: dict[str, float]) -> bool:
    """True when a name of the question is missing and the row, line or item goes by another name."""
    missing = any(term.exact and term.stem.isalpha() and found[term.stem] < PLACE for term in asking.terms)
    labels = _labels(unit, 2)
    return missing and any(
        token[0].isupper() and stem(token) not in asking.stems for label in labels for token in tokens(label)
    )


def _labels(unit: Unit, cells: int) -> tuple[str, ...]:
    """What names a row, in one of its first `cells`, or a line or item that has a colon."""
    if unit.kind == "row":
        return unit.cells[:cells]
    named = ": " in unit.plain and unit.kind in ("item", "line")
    return (unit.plain.split(": ", 1)[0],) if named else ()


def _share(label: str, asking: Asking) -> float:
    words = {stem(token) for token in tokens(label) if token.lower() not in ENGLISH.question_stop_words}
    return len(words & asking.stems) / len(words) if words else 0.0


def _worth(term: Term, forms: Set[str], levels: Sequence[tuple[Set[str], float]], unit: Unit) -> float:
    worth = next((level for words, level in levels if not forms.isdisjoint(words)), 0.0)
    return CONTEXT if worth < CONTEXT and shows(term.stem, unit.plain) else worth


def _contradicted(asking: Asking, unit: Unit, version: Version) -> bool:
    """True when the unit speaks of another year, month, quarter or model than the question."""
    words = stems(f"{unit.plain} ; {unit.context}")
    near, pairs = set(words), set(pairwise(words))
    column = _picked_column(asking, unit)
    return any(
        _another_model(term, pairs) or _another_time(term.stem, near) or (column and _another_time(term.stem, column))
        for term in asking.terms
        if term.stem not in version.held_in
    )


def _picked_column(asking: Asking, unit: Unit) -> set[str]:
    found = picked(asking, unit) if unit.kind == "row" else None
    return set(stems(found[1])) if found else set()


def _another_time(root: str, near: set[str]) -> bool:
    """True when a year, quarter or month is asked for and only others are named."""
    kinds = (_YEAR.fullmatch, _QUARTER.fullmatch, is_month_or_day)
    return root not in near and any(same(root) and any(map(same, near)) for same in kinds)


def _another_model(term: Term, pairs: set[tuple[str, str]]) -> bool:
    """True when a numbered name is asked for, as in "Skarn 40", and only other numbers of that name are given."""
    if not term.after:
        return False
    numbered = {number for name, number in pairs if name == term.after and number.isdigit()}
    return bool(numbered) and term.stem not in numbered


# Whether a unit holds the kind of thing that a question asks for.


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
