"""What a question asks for, and which of its words an answer has to account for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from service.answering.extractive.words import GENERIC_WORDS, STOP_WORDS, is_month_or_day, is_number, stem, tokens

Asked = Literal["who", "when", "where", "number", "boolean", "list", "other"]

_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|large|big|high|far|fast|often|tall|wide|heavy|deep|late|early)\b|"
    r"\b(?:what|which)\b[^?]{0,60}?\b(?:rate|percentage|percent|price|cost|costs|fee|amount|total|number of|"
    r"distance|length|weight|temperature|capacity|revenue|budget|deposit|salary|limit|size|interest|premium)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"^when\b|\b(?:since|until|till|by) when\b|\b(?:what|which) (?:date|day|year|month|time|weekday|deadline)\b|"
    r"\bwhat (?:is|was) the (?:\w+ ){0,3}(?:date|deadline)\b",
    re.IGNORECASE,
)
_BOOLEAN = re.compile(
    r"^(?:is|are|was|were|do|does|did|can|could|may|must|has|have|had|will|would|should|shall|am)\b", re.IGNORECASE
)
_LIST = re.compile(
    r"^(?:name|list)\b|\b(?:which|what) (?:two|three|four|five|six|seven|\d+) |\b(?:what|which) are the\b|"
    r"\b(?:which|what) (?:\w+ ){0,2}(?:[a-z]{3,}[^s\s]s) (?:are|were|do|have|can|must|need|should|may|does|did)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"\b(who|when|where|how|what|which|is|are|was|were|do|does|did|can|may|must)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word of the question: its stem, how much it weighs, and whether an answer without it would be another one's."""

    stem: str
    weight: float
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A question taken apart. `asked` is the kind of answer it wants; `terms` are its content words, each once."""

    text: str
    asked: Asked
    terms: tuple[Term, ...]


GENERIC_WEIGHT = 0.35
"""A word such as "total" or "use" is rarely repeated by the stretch that answers."""
EXACT_WEIGHT = 1.4
"""Names, dates and numbers tell one fact from the next."""


def take_apart(text: str) -> Asking:
    """The kind of answer that `text` asks for, and its terms."""
    terms: dict[str, Term] = {}
    for position, token in enumerate(tokens(text)):
        if token.lower() in STOP_WORDS and not (token.isupper() and len(token) > 1):
            continue
        exact = _is_exact(token, first=position == 0)
        generic = stem(token) in _GENERIC_STEMS and not exact
        weight = EXACT_WEIGHT if exact else GENERIC_WEIGHT if generic else 1.0
        known = terms.get(stem(token))
        if known is None or known.weight < weight:
            terms[stem(token)] = Term(stem=stem(token), weight=weight, exact=exact)
    return Asking(text=text, asked=_kind(text.strip()), terms=tuple(terms.values()))


_GENERIC_STEMS = frozenset(stem(word) for word in GENERIC_WORDS)


def _is_exact(token: str, *, first: bool) -> bool:
    """Numbers, months, and words written as names: a capital inside the sentence, or digits within a word."""
    if is_number(token) or is_month_or_day(token) or any(character.isdigit() for character in token):
        return True
    return (token[0].isupper() and not first) or any(character.isupper() for character in token[1:])


def _kind(text: str) -> Asked:
    clause = text[match.start() :] if (match := _CLAUSE.search(text)) else text
    if _WHEN.search(clause):
        return "when"
    if _NUMBER.search(clause):
        return "number"
    lower = clause.lower()
    if re.match(r"(?:who|whom|whose)\b", lower) or re.search(r"\b(?:by|to|from|with) whom\b", lower):
        return "who"
    if lower.startswith("where"):
        return "where"
    if _LIST.search(clause):
        return "list"
    return "boolean" if _BOOLEAN.match(clause) and not re.search(r"\b(?:what|which|how)\b", lower) else "other"
