"""Answers that are refusals in other words. The service says so itself in `answered`; this catches what slips by."""

from __future__ import annotations

import re
from typing import Literal

from evaluation.scoring.text import fold

MAX_WORDS = 40
"""Words: a longer answer says something besides, and is judged as an answer."""
FEW = 8
"""Words that may lead up to a refusal: what stands in front of it is otherwise an answer."""
_NOUN = (
    r"(?:passages?|documents?|contexts?|texts?|excerpts?|sources?|materials?|information|articles?|files?|pages?|corpus|"
    r"records?|knowledge base|snippets?|documentation)"
)
_DETERMINERS = r"(?:(?:the|this|these|any|provided|given|available|supplied|above|your|our|those|that) ){0,3}"
_SOURCE = rf"{_DETERMINERS}(?:\w+ ){{0,2}}?{_NOUN}"
_NOT = r"(?:do|does|did|is|are|was|were|can|could|has|have|had)(?: not|n't)"
_SAYS = r"(?:say|state|mention|specify|indicate|disclose|reveal)"
_HOLDS = (
    r"(?:address|cover|discuss|explain|clarify|define|list|name|contain|provide|include|give|hold|answer|offer|have|describe|"
    r"report|refer|show|tell)"
)
_SAID = r"(?:stated|specified|mentioned|disclosed|indicated|known|clear|documented|answerable)"
_HELD = (
    r"(?:available|provided|given|found|addressed|covered|discussed|included|listed|contained|described|reported|"
    r"defined)"
)
_LEAD = (
    r"(?:^|[.,;:] |\b(?:so|but|that|because|as|since) )"
    r"(?:(?:i am|i'm|we are) (?:very )?sorry\b(?:,| but)? ?|sorry,? ?|unfortunately,? ?|however,? ?|based on [^,]*, ?)?"
)
STRONG = re.compile(
    rf"{_LEAD}(?:(?:i|we) (?:really |simply |just )?(?:do not|don't) (?:know|have)\b|"
    r"(?:i|we) (?:have|had) no\b|"
    rf"(?:none|neither|nothing) (?:of|in) {_SOURCE}|{_SOURCE} (?:\w+ )?(?:gives?|contains?|provides?|offers?|mentions?|"
    r"holds?|has|have|says?|states?|includes?) (?:no|nothing)\b|"
    r"(?:i|we)(?: am| are|'m|'re) (?:not sure|unsure|unable|not able|not certain)|"
    r"(?:i|we) (?:cannot|can't|could not|couldn't|was unable to|were unable to) (?:\w+ )?"
    r"(?:find|answer|say|tell|determine|locate|see|confirm|provide|identify|help|verify)|"
    rf"{_SOURCE} (?:provided |given |above |supplied )?{_NOT}\b.{{0,40}}?\b(?:{_SAYS}|{_HOLDS}|{_SAID})|"
    rf"{_SOURCE} (?:lacks?|fails? to)\b|"
    r"(?:there (?:is|are|was|were) |i (?:see|find|found) |we (?:see|find|found) )?(?:no|not enough|insufficient) "
    r"(?:\w+ ){0,2}?(?:information|mention|answer|indication|details?|evidence|data|reference)\b"
    r"(?! (?:may|must|shall|should|is (?:shared|stored|kept|sold))\b)|"
    rf"(?:[\w'-]+ ){{0,8}}?{_NOT} (?:\w+ly )?(?:{_SAID}|{_HELD}) (?:\w+ )?(?:in|by|from|anywhere in) {_SOURCE}|"
    rf"(?:[\w'-]+ ){{0,4}}?{_NOT} in {_SOURCE}|"
    r"(?:it|this)(?: is|'s) (?:not (?:\w+ly )?possible (?:to|from)|not (?:\w+ly )?clear|"
    r"impossible (?:to|from)|unclear|unknown)\b|"
    r"(?:[\w'-]+ ){0,6}?cannot be (?:\w+ )?(?:determined|answered|found|known|inferred|said|told)|"
    rf"not (?:{_SAID}|{_HELD})\b)",
    re.IGNORECASE,
)
"""Says so of itself or of what it was given to read."""
WEAK = re.compile(
    rf"^(?:[\w'-]+ ){{0,5}}?(?:(?:do|does|did)(?: not|n't) (?:actually |explicitly |directly )?{_SAYS}\b|"
    rf"{_NOT} (?:\w+ly )?{_SAID}\b)",
    re.IGNORECASE,
)
"""Says so of the thing asked about, which may as well be the answer."""
WHOLE = re.compile(
    r"\W*(?:unknown|n/?\s?a|none|null|no answer|not applicable|unanswerable|(?:i have )?no idea)\W*", re.IGNORECASE
)
GUESS = re.compile(
    r"(?:\b(?:but|however|still|though|yet)|[.,;-])\s+(?:it is |it's |i would |i'd |my best |the )?"
    r"(?:probably|likely|possibly|perhaps|maybe|most likely|presumably|guess|i (?:think|believe|guess|assume|suspect)|"
    r"best guess|(?:it|that) (?:may|might|could|should|would|must|is|was|seems|appears)\b)",
    re.IGNORECASE,
)


def refusal(answer: str) -> Literal["", "weak", "strong"]:
    """How surely an answer says that it has none: "" for a long one, and for one that ventures a guess all the same."""
    text = " ".join(fold(answer).split())
    if not text or WHOLE.fullmatch(text):
        return "strong"
    if len(text.split()) > MAX_WORDS:
        return ""
    strong = STRONG.search(text)
    found = strong if strong and len(text[: strong.start()].split()) <= FEW else WEAK.search(text)
    if found is None or GUESS.search(text, found.end()):
        return ""
    return "strong" if found is strong else "weak"
