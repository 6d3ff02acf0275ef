"""What a question asks for, and which of its words an answer has to account for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from core.text import ENGLISH
from service.answering.quoting.words import is_month_or_day, stem, tokens

Asked = Literal["who", "when", "where", "why", "number", "boolean", "list", "other"]

_MEASURED = (
    "rate|percentage|percent|price|costs?|fee|amount|total|number of|limit|distance|length|weight|temperature|capacity|"
    "revenue|budget|deposit|salary|size|premium|maximum|minimum|torque|pressure|speed|sum|allowance|value|voltage|power|"
    "charge"
)
_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|large|big|high|far|fast|often|tall|wide|heavy|deep|late|early|thick|loud|soon)\b|"
    rf"\b(?:what|which)\b(?! (?:happens?|must|should|if)\b)[^?]{{0,60}}?\b(?:{_MEASURED})\b|"
    rf"^(?:the )?(?:\w+ ){{0,3}}(?:{_MEASURED})\b|"
    r"\b(?:what|which)(?: (?:is|was) the)? (?:\w+ ){0,2}(?:period|duration|term)\b(?! (?:mean|stand|refer))",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(
    r"\bby how (?:much|many)\b|\bhow (?:much|many|far)\b.*\b(?:more|less|fewer|cheaper|dearer|higher|lower|larger|"
    r"smaller|longer|shorter|above|below|beyond|exceed\w*|than|from the)\b|\bdifference between\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"^when\b|\b(?:since|until|till|by) when\b|\b(?:what|which) (?:date|day|year|month|time|weekday|deadline)\b|"
    r"\bwhat (?:is|was) the (?:\w+ ){0,3}(?:date|deadline)\b",
    re.IGNORECASE,
)
_BOOLEAN = re.compile(
    r"^(?:is|are|was|were|do|does|did|can|could|may|must|has|have|had|will|would|should|shall|am)\b"
    r"(?!.*\bor (?:what|how)\b)",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"^(?:name|list)\b|\b(?:which|what) (?:two|three|four|five|six|seven|\d+) |\b(?:what|which) are\b|"
    r"\b(?:which|what) (?:\w+ ){0,2}(?:[a-z]{2,}[^s\s]s) (?:are|were|do|have|can|must|need|should|may|did|does)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"(?:and |please |then )*(?:name|list|give|state|tell|say|mention|write|first \w+ please)\b", re.IGNORECASE
)
_LISTED = re.compile(r"\b(?:list|name) (?:the|all|them|both|each|every)\b|\bin (?:which|what) order\b", re.IGNORECASE)
_PLURAL = re.compile(r"(?:which|what) [a-z]{2,}[^s\W]s (?:are|do|have|can|must|need|should|may)\b", re.IGNORECASE)
_ASKING_WORD = re.compile(r"\b(?:who|whom|whose|when|where|why|how|what|which)\b", re.IGNORECASE)
_FOCUS = re.compile(
    r"\b(?:how (?:many|much)|(?:what|which)(?: (?:is|are|was|were)(?: the| an?)?)?)\s++"
    r"(?P<focus>.{2,60}?)(?=\s(?:of|for|in|on|at|to|by|from|with|per|is|are|was|were|do|does|did|can|may|must|has|have|had|"
    r"will|should|that|which|who|when|if|as)\b|\?|$)",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\b(?:which|what|the) (two|three|four|five|six|seven|eight|nine|ten)\b", re.IGNORECASE)

GENERIC_WEIGHT = 0.35
"""A word such as "total" or "use" is rarely repeated by the stretch that answers."""
SCENE_WEIGHT = 0.5
"""And neither is one that only leads up to the question."""
EXACT_WEIGHT = 1.4
"""Names, dates and numbers tell one fact from the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A content word of the question.

    `exact`: a name, date or number, without which the answer is another one's. `focus`: part of what is asked for.
    """

    stem: str
    weight: float
    exact: bool
    focus: bool = False
    generic: bool = False
    """It asks rather than names: "total", "use"."""
    word: str = ""
    """The word as the question has it."""
    after: str = ""
    """For a number, the name that it follows: "skarn" for the 40 of "Skarn 40"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A question taken apart. `asked` is the kind of answer it wants; `terms` are its content words, each once.

    `clause` is the part that asks, in lower case, from its asking word on.
    `difference`: two figures have to be compared.
    """

    text: str
    clause: str
    asked: Asked
    terms: tuple[Term, ...]
    difference: bool = False

    @property
    def stems(self) -> frozenset[str]:
        """The stems of all terms."""
        return frozenset(term.stem for term in self.terms)


def take_apart(text: str) -> Asking:
    """The kind of answer that `text` asks for, and its terms."""
    counted = {stem(match[1]) for match in _COUNTED.finditer(text)}
    focus = {stem(token) for match in _FOCUS.finditer(text) for token in tokens(match["focus"])}
    terms: dict[str, Term] = {}
    words = tokens(text)
    beside = _only_in_requests(text)
    scene = _only_in_scene(text)
    for position, token in enumerate(words):
        root = stem(token)
        if (
            token.lower() in ENGLISH.question_stop_words and not (token.isupper() and len(token) > 1)
        ) or root in counted:
            continue
        exact = _is_exact(token, first=position == 0) and root not in beside
        generic = (root in _GENERIC_STEMS or root in beside) and not exact
        weight = EXACT_WEIGHT if exact else GENERIC_WEIGHT if generic else SCENE_WEIGHT if root in scene else 1.0
        if root not in terms or terms[root].weight < weight:
            after = (
                stem(words[position - 1]) if position and root.isdigit() and words[position - 1][0].isalpha() else ""
            )
            terms[root] = Term(
                stem=root,
                weight=weight,
                exact=exact,
                focus=root in focus and not generic,
                generic=generic,
                word=token,
                after=after,
            )
    clause = _clause(text)
    return Asking(
        text=text,
        clause=clause.lower(),
        asked="list" if _LISTED.search(text) else _kind(clause),
        terms=tuple(terms.values()),
        difference=_DIFFERENCE.search(text) is not None,
    )


def _only_in_scene(text: str) -> set[str]:
    """The stems of the sentences before the one that asks, which set the scene and are not said in the answer."""
    parts = re.split(r"(?<=[.!?;])\s+", text.strip())
    asking = next((number for number, part in enumerate(parts) if _ASKING_WORD.search(part) or _BOOLEAN.match(part)), 0)
    asked = {stem(token) for part in parts[asking:] for token in tokens(part)}
    return {stem(token) for part in parts[:asking] for token in tokens(part)} - asked


def _only_in_requests(text: str) -> set[str]:
    """The stems of what follows a question and says how to answer it, as in "Name them." or "List the groups."."""
    parts = re.split(r"(?<=[.?!;])\s+", text.strip())
    requests = [part for part in parts[1:] if _REQUEST.match(part)]
    asked = {stem(token) for part in parts if part not in requests for token in tokens(part)}
    return {stem(token) for part in requests for token in tokens(part)} - asked


_GENERIC_STEMS = frozenset(stem(word) for word in ENGLISH.generic_words)


def _is_exact(token: str, *, first: bool) -> bool:
    """Figures, months, and words written as names: a capital inside the sentence, or digits within a word."""
    if is_month_or_day(token) or any(character.isdigit() for character in token):
        return True
    return (token[0].isupper() and not first) or any(character.isupper() for character in token[1:])


def _clause(text: str) -> str:
    """The sentence that asks, from its asking word on when it does not begin with an auxiliary verb."""
    sentences = [part.strip() for part in re.split(r"(?<=[.?!;])\s+", text.strip()) if part.strip()]
    asking = [part for part in sentences if _ASKING_WORD.search(part) or _BOOLEAN.match(part)]
    sentence = next((part for part in asking if part.endswith("?")), asking[0] if asking else text.strip())
    if _BOOLEAN.match(sentence):
        return sentence
    match = _ASKING_WORD.search(sentence)
    if match:
        return sentence[match.start() :]
    tail = sentence.rsplit(", ", 1)[-1]
    return tail if _BOOLEAN.match(tail) else sentence


def _kind(clause: str) -> Asked:
    if _BOOLEAN.match(clause):
        return "boolean"
    lower = clause.lower()
    openings: tuple[Asked, ...] = ("who", "where", "why")
    opening = next((word for word in openings if lower.startswith(word)), None)
    if opening or re.search(r"\b(?:by|to|from|with) whom\b", lower):
        return opening or "who"
    if _WHEN.search(clause):
        return "when"
    if _NUMBER.search(clause) and not _PLURAL.match(clause):
        return "number"
    return "list" if _LIST.search(clause) else "other"
