"""Text as every store and model takes it, and what is English in searching, answering and scoring."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


def encodable(text: str) -> str:
    """The text with every lone surrogate replaced by "?", so that it can be stored as UTF-8; same length."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The words of one language that searching, answering and scoring know. In small letters, but for
    `passage_abbreviations`.

    The stop words differ by what a mistake costs: a search may keep a word too many, for its rank is low; a question
    to the built-in model also loses the words that ask ("list", "according"); a scorer drops few, since a word that
    it drops can no longer tell a right answer from a wrong one.
    """

    search_stop_words: frozenset[str]
    """What a keyword search leaves out."""
    question_stop_words: frozenset[str]
    """What carries no content in a question to the built-in model."""
    generic_words: frozenset[str]
    """What asks rather than names in a question: a stretch that lacks it can still be the answer."""
    answer_stop_words: frozenset[str]
    """What does not count when an answer is compared with a reference."""
    claim_stop_words: frozenset[str]
    """What does not count when two choices that a question names are compared, and right beside a variant."""
    restated_stop_words: frozenset[str]
    """What does not count when an answer says its question again. Articles are gone by then,
    and a negation is weighed apart."""
    months: Mapping[str, int]
    """The names of the months, short ones too, and which month each is: 1 to 12."""
    weekdays: tuple[str, ...]
    """From Monday on."""
    numbers: Mapping[str, int]
    """The numbers that one word says: zero to twenty, and the tens to ninety."""
    irregular: Mapping[str, str]
    """Forms of a word that its endings do not explain, and the form that they are read as."""
    suffixes: tuple[str, ...]
    """Endings that make no other word for the built-in model, in the order in which they are tried."""
    answer_ending: re.Pattern[str]
    """The ending that a scorer takes off a word of an answer: "applies", "applied" and "apply" are one."""
    restated_ending: re.Pattern[str]
    """The ending that is taken off where an answer says its question again. It leaves "y", and digits have it too."""
    chunk_abbreviations: frozenset[str]
    """What a full stop behind it does not end, in chunking, in any case: a chunk had better be long than torn."""
    passage_abbreviations: frozenset[str]
    """The same in passages to quote from, in this case only: there "no." and "max." may well end a sentence."""

    @property
    def month_names(self) -> tuple[str, ...]:
        """The full names of the months, from January on: the longest of each."""
        return tuple(max((name for name, each in self.months.items() if each == n), key=len) for n in range(1, 13))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MONTHS = """jan january/feb february/mar march/apr april/may/jun june/jul july/aug august/sep sept september/
oct october/nov november/dec december"""
_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SUFFIXES = """
izations ization isations isation ations ation ators ator ments ment nesses ness ances ance ences ence ings ing
ible able ivals ival ives ive ions ion als edly ies ied ers ors ed er or es ly al s y e
"""
_IRREGULAR = {
    "sold": "sell",
    "sale": "sell",
    "sales": "sell",
    "paid": "pay",
    "bought": "buy",
    "sent": "send",
    "made": "make",
    "won": "win",
    "held": "hold",
    "kept": "keep",
    "left": "leave",
    "began": "begin",
    "begun": "begin",
    "written": "write",
    "wrote": "write",
    "chosen": "choose",
    "spent": "spend",
    "taken": "take",
    "took": "take",
    "built": "build",
    "led": "lead",
    "met": "meet",
    "lost": "lose",
    "loss": "lose",
    "grew": "grow",
    "fell": "fall",
    "rose": "rise",
    "people": "person",
    "everybody": "everyone",
    "anybody": "anyone",
    "somebody": "someone",
    "children": "child",
    "men": "man",
    "women": "woman",
    "analyses": "analysis",
    "percent": "%",
    "percentage": "%",
}

ENGLISH = Language(
    search_stop_words=_words("""
        a about after all also am an and any are as at be because been before being between both but by can could did do
        does doing don down during each few for from further get give had has have having he her here hers him his how i
        if in into is it its just me more most my no nor not of off on once only or other our out over own please same
        she should so some such tell than that the their them then there these they this those through to too under
        until up us very was we were what when where which while who whom whose why will with would you your d ll m re s
        t ve
    """),
    question_stop_words=_words("""
        a about above after again against all also am an and any are as at be because been before being below between
        both but by can could did do does doing done down during each few for from further get gets give given gives had
        has have having he her here hers him his how i if in into is it its itself just let may me might more most must
        my no nor not of off on once only or other our ours out over own per please same shall she should so some such
        than that the their theirs them then there these they this those through to too under until up upon us very was
        we were what when where whether which while who whom whose why will with within without would you your yours s t
        re ve ll d m etc via according called describe document documents explain list mentioned name report reported
        said say says stated tell text now today still already ever yet nowadays
    """),
    generic_words=_words("""
        allow amount answer apply available be come company contain count current currently date day exact exactly
        figure find full general get give go happen have hold include information item kind last level long main make
        many mean much need number one part people percentage person place possible price provide purpose rate reason
        recommend require result set show start support supported sum take thing time total type use used value want way
        word work year
    """),
    answer_stop_words=_words("""
        a an the is are was were be been of in on at to for by with and or as it its that this these those from has have
        had will would there their they he she his her which who what than into also such within must shall should can
        may
    """),
    claim_stop_words=_words("""
        the a an is are was were of in on at to for by with it be do does did or and than more less
    """),
    restated_stop_words=_words("""
        is are was were do does did can could may must will would should has have had it that this of in on at to for be
        by with and or any there they you we i not no
    """),
    months=MappingProxyType(
        {name: number for number, names in enumerate(_MONTHS.split("/"), start=1) for name in names.split()}
    ),
    weekdays=("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    numbers=MappingProxyType(
        {name: number for number, name in enumerate(_SMALL.split())}
        | {name: 10 * number for number, name in enumerate(_TENS.split(), start=2)}
    ),
    irregular=MappingProxyType(_IRREGULAR),
    suffixes=tuple(_SUFFIXES.split()),
    answer_ending=re.compile(r"(?:(?<=[a-z]{3})(?:ies|ied)|(?<=[a-z]{3})(?:ing|ed|es|s|y|e))$"),
    restated_ending=re.compile(r"(?<=\w{3})(?:ing|ed|es|s|e)$"),
    chunk_abbreviations=_words("""
        e.g i.e etc vs cf al approx no nos art sec fig figs eq p pp vol ed eds inc ltd co corp dr mr mrs ms prof st jr
        sr dept est ca resp incl excl max min tel ext jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k a.m p.m
    """),
    passage_abbreviations=_words("""
        Mr Mrs Ms Dr Prof St No Nos Inc Ltd Corp Co vs e.g i.e cf approx Fig Sec Art Jan Feb Mar Apr Jun Jul Aug Sep
        Sept Oct Nov Dec Mon Tue Wed Thu Fri Sat Sun
    """),
)
"""English, the one language so far."""
