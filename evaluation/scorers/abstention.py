"""Answers that are refusals in other words. The service says so itself in `answered`; this catches what slips by."""

from __future__ import annotations

import re

LONGEST = 40
"""Words: a longer answer says something besides, and is judged as an answer."""
REFUSALS = re.compile(
    r"^(i am sorry|i'm sorry|sorry|unfortunately|i do not know|i don't know|i cannot|i can't|unknown\b|n/?a$|none$|"
    r"no answer|not (stated|specified|mentioned|available|provided|given|found)|"
    r"(the|this|these|provided|given) .{0,40}?\b(do|does|did)(n't| not)\b.{0,30}?"
    r"(say|state|mention|contain|provide|include|specify|give|hold|answer)|"
    r"there is (no|not enough|insufficient) (information|mention|answer)|"
    r"(it|this) is not (stated|specified|mentioned|possible))",
    re.IGNORECASE,
)


def says_it_does_not_know(answer: str) -> bool:
    """True for a short answer that begins by saying that it has none."""
    text = answer.strip().replace("’", "'")
    return len(text.split()) <= LONGEST and REFUSALS.match(text) is not None
