"""Does an answer say what it holds? A variant that is denied, offered as one of several, or echoed is not an answer.

The rules read the words around a place: they are narrow on purpose, and what they find is marked as in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.text import ENGLISH
from evaluation.scoring.text import Place, fold, words_of

_LIMIT = (
    "unless until before after more less later earlier longer only just merely simply exceed exceeds exceeding over "
    "beyond above below under fewer greater higher lower than within past except without but if when because since"
)
_SIGN = r"[\"'(~$€£¥]*(?:us\$|chf|usd|eur|gbp|minus )?[-–]?\s?"
_GAP = rf"(?:\s+(?!(?:{'|'.join(_LIMIT.split())})\b)[\w'%-]+){{0,3}}"
DENIED_BEFORE = re.compile(
    rf"(?:\b(?:not|never|cannot|neither|nor|no longer)|n't){_GAP}\s+{_SIGN}$"
    r"|\b(?:rather than|instead of|unlike|except(?: for)?|other than|as opposed to|(?:any|every)thing but|all but|no)"
    rf"\s+(?:(?:in|on|at|by|to|for|from|with|the|a|an)\s+){{0,2}}{_SIGN}$"
    rf"|\bno\s+\w+\s+of\s+{_SIGN}$"
    rf"|\b(?:formerly|previously|used to be|no more)\s+{_SIGN}$"
    rf"|\b(?:followed by|replaced|replaces|replacing|succeeded|succeeds)\s+{_SIGN}$"
    rf"|\b(?:any|every|all)\s+\w+\s+but\s+{_SIGN}$"
    r"|\b(?:not true|false|untrue|incorrect|wrong|not the case|a myth)\s+(?:that|to say)\b[^.;!?]*$",
    re.IGNORECASE,
)
DENIED_AFTER = re.compile(
    r"^[\"')]*+\s*+(?:[^,;:!?]*\b(?:is|are|was|were|would be)\s+"
    r"(?:wrong|incorrect|false|mistaken|not (?:correct|right|true))\b"
    r"|(?:is|are|was|were|does|do|did|has|have|had|can|could|will|would)\s*(?:not|n't)\b(?!\s+only)|cannot\b"
    r"|\s*\((?:wrong|incorrect|not correct)\))",
    re.IGNORECASE,
)
PLAINLY_DENIED = re.compile(
    r"(?:^(?:it|that|this)(?: is| was|'s) not|^not|,\s+(?:and )?not)\s+"
    rf"(?:(?:in|on|at|by|to|for|from|with|within|the|a|an|because of)\s+){{0,2}}{_SIGN}$",
    re.IGNORECASE,
)
"""Said so in any question, one of what is not the case too."""
FORMERLY = re.compile(r"formerly|previously|used to be", re.IGNORECASE)
NEGATIVE_QUESTION = re.compile(
    r"\bnot\b|n't\b|\bnever\b|\bno longer\b|\bcannot\b|\b(?:ban|forb|prohibit|exclud|exclus|exempt|disallow|refus|"
    r"reject|without|lack|miss|fail|avoid|except|unlike|unable|illegal|cancel|"
    r"withdr|denied|deny|oppos|instead|rather|replac|succe)",
    re.IGNORECASE,
)
BEFORE_NOW = re.compile(r"\b(?:was|were|used to be|formerly|previously|originally|once)\b[^.;!?]{0,30}$", re.IGNORECASE)
NOW_AFTER = re.compile(r"^[^.!?]{0,80}\b(?:now|today|currently|since then)\b", re.IGNORECASE)
BELOW = re.compile(rf"\b(?:less than|fewer than|under|below|before|after)\s+(?:the\s+)?{_SIGN}$", re.IGNORECASE)
LIMITED = re.compile(
    r"\b(?:max|limit|at most|up to|more|less|fewer|under|below|deadline|latest|before|after|within|"
    r"by when|until|than|how late)",
    re.IGNORECASE,
)
NOT_MORE = re.compile(r"\b(?:not|no|never)\s+(?:less than|fewer than|under|below|before|after)\s", re.IGNORECASE)
POSSESSED = re.compile(r"^'s\s+\w+")
PAST_QUESTION = re.compile(
    r"\b(?:was|were|did|had|used to|former|previous|original|before|first|last|until)", re.IGNORECASE
)
RETRACTED = re.compile(
    r"^[^.!?]{0,30}\?\s*no\b|^[^.!?]{0,30}[.,;!?\s-]+(?:no,? wait|actually,? no|sorry|correction|"
    r"scratch that|i mean|or rather|on second thought)",
    re.IGNORECASE,
)
OTHER_TIME = re.compile(r"\b(?:up from|down from|compared (?:with|to)|from)\s+[^\s]{0,4}$", re.IGNORECASE)
HEDGED = re.compile(
    r"\b(?:either|might|may|maybe|perhaps|possibly|could be|not (?:sure|certain)|unsure|unclear)\b", re.IGNORECASE
)
SO = re.compile(r"\b(?:so|therefore|hence|thus|answer is|answer:)\s+(?:it is\s+)?(?:the\s+)?$", re.IGNORECASE)
CHOICE = re.compile(r"([\w' -]{2,60}?),?\s{1,8}or\s{1,8}([\w' -]{2,60})", re.IGNORECASE)
PREAMBLE = re.compile(r"^(?:between|of|from|comparing|given|as to|asked|whether)\b[^,:]*[,:]\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether a variant that stands in an answer is what it says. `why` not, in words; `doubt` where rules may err."""

    made: bool
    why: str = ""
    doubt: bool = False


NOT_THERE = Claim(made=False)


def claim(folded: str, places: Sequence[Place], question: str) -> Claim:
    """What the places of a variant in a folded answer amount to: one that is plainly said is enough."""
    if not places:
        return NOT_THERE
    asked = fold(question)
    found = [_at(folded, place, asked) for place in places]
    best = min(found, key=lambda each: (not each.made, each.doubt))
    if best.made and len(places) == 1 and (rival := _rival_first(folded, places[0], asked)):
        return Claim(made=False, why=f"says {rival!r} first, of the two that the question names", doubt=True)
    return best


def _at(folded: str, place: Place, asked: str) -> Claim:
    before, after = _clause(folded, place)
    negative = NEGATIVE_QUESTION.search(asked) is not None
    denied = DENIED_BEFORE.search(before) or DENIED_AFTER.search(after)
    if PLAINLY_DENIED.search(folded[: place[0]]):
        return Claim(made=False, why="denies it", doubt=negative)
    past = denied is not None and FORMERLY.search(denied[0]) and PAST_QUESTION.search(asked)
    if denied and not negative and not past:
        return Claim(made=False, why="denies it", doubt=True)
    if RETRACTED.search(folded[place[1] :]):
        return Claim(made=False, why="takes it back", doubt=True)
    bound = BELOW.search(before) and folded[place[0]].isdigit() and not NOT_MORE.search(before)
    if bound and not LIMITED.search(asked):
        return Claim(made=False, why="names it as a bound", doubt=True)
    if POSSESSED.search(after) and not POSSESSED.search(_after_in(asked, folded[place[0] : place[1]])):
        return Claim(made=False, why="speaks of what belongs to it", doubt=True)
    if BEFORE_NOW.search(before) and NOW_AFTER.search(folded[place[1] :]) and not PAST_QUESTION.search(asked):
        return Claim(made=False, why="says that it was so once", doubt=True)
    if _echoed(folded, place, asked):
        return Claim(made=False, why="repeats it from the question", doubt=True)
    if HEDGED.search(folded) and re.search(r"\bor\b", before[-40:] + "|" + after[:40], re.IGNORECASE):
        return Claim(made=False, why="names it as one of several", doubt=True)
    return Claim(made=True, doubt=bool(denied or OTHER_TIME.search(before)))


def _after_in(asked: str, text: str) -> str:
    """What follows a text in the question; "" where it does not stand there."""
    return asked.partition(text)[2]


def _clause(folded: str, place: Place) -> tuple[str, str]:
    """What stands in front of a place and behind it, in the same clause."""
    before = re.split(r"[;:!?\n,]\s|\.\s", folded[: place[0]])[-1]
    after = re.split(r"[;:!?\n,]|\.(?:\s|$)", folded[place[1] :])[0]
    return before, after


def _echoed(folded: str, place: Place, asked: str) -> bool:
    """True when the words on one side of the place are those beside it in the question: it only repeats that."""
    given, wanted = words_of(folded), [word.text for word in words_of(asked)]
    inside = [index for index, word in enumerate(given) if place[0] <= word.start < place[1]]
    if not inside:
        return False
    texts = [word.text for word in given]
    first, last = inside[0], inside[-1]
    variant = texts[first : last + 1]
    size = len(variant)
    for start in range(len(wanted) - size + 1):
        if wanted[start : start + size] != variant:
            continue
        left = first > 0 and start > 0 and texts[first - 1] == wanted[start - 1]
        right = last + 1 < len(texts) and start + size < len(wanted) and texts[last + 1] == wanted[start + size]
        shared = (left and texts[first - 1] not in ENGLISH.claim_stop_words) or (
            right and texts[last + 1] not in ENGLISH.claim_stop_words
        )
        if shared and len(texts) > size + 2:
            return True
    return False


def _rival_first(folded: str, place: Place, asked: str) -> str:
    """The other side of "A or B?" when the answer names it before this one; "" otherwise."""
    held = {word.text for word in words_of(folded[place[0] : place[1]])}
    for match in CHOICE.finditer(asked):
        sides = [{word.text for word in words_of(side)} - ENGLISH.claim_stop_words for side in match.groups()]
        rivals = [
            sides[1 - index] - sides[index] for index in (0, 1) if held <= sides[index] and not held <= sides[1 - index]
        ]
        if not rivals:
            continue
        rest = PREAMBLE.sub(lambda found: " " * len(found[0]), folded)
        said = [word for word in words_of(rest) if word.text in rivals[0]]
        here = rest[place[0] : place[1]].strip()
        if SO.search(rest[: place[0]]):
            return ""
        if said and (not here or said[0].start < place[0]) and not DENIED_BEFORE.search(rest[: said[0].start]):
            return said[0].text
    return ""
