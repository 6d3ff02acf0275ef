"""Comparing texts word by word: exact match and token F1 as in SQuAD, places of a variant in an answer, recall."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from evaluation.scoring.number_words import NUMBER_WORDS

ARTICLES = re.compile(r"\b(a|an|the)\b")
WORD = re.compile(r"\d{1,3}(?:[,']\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)+|[^\W_]+(?:\+\+|#)?")
NEGATIVE = re.compile(r"(?:(?:^|[\s(])-|\bminus\s)$", re.IGNORECASE)
INITIALS = re.compile(r"\b(?:[^\W\d_]\.){2,}")
FOLDED = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "−": "-", "&": " and "})
SMALL_WORDS = re.compile(r"it|us|who|or|in|as|is|am|pm|can|may|on|at|be|we|he|no|so|do|if|by|to|of|an|up|go|me|my")
"""Everyday words that look like an acronym once case is gone."""
Place = tuple[int, int]
"""Offsets into a folded text, the end exclusive."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a folded text: as it is compared, and where it stands."""

    text: str
    start: int
    end: int
    acronym: bool = False
    """Written in capitals, and an everyday word without them."""


def squad_normal(text: str) -> str:
    """Lower case, no ASCII punctuation, no articles, single spaces.

    Source: normalize_answer in the SQuAD evaluation script (Rajpurkar et al., 2016).
    """
    without = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(ARTICLES.sub(" ", without).split())


def exact_match(answer: str, references: Sequence[str]) -> bool:
    """True when the answer equals a reference after SQuAD normalisation.

    Without a reference, which says that there is no answer, only an answer of no words is right (SQuAD 2.0).
    """
    return any(squad_normal(answer) == squad_normal(reference) for reference in _with_words(references))


def token_f1(answer: str, references: Sequence[str]) -> float:
    """Harmonic mean of token precision and recall, the best over the references.

    Without a reference, which says that there is no answer, 1 for an answer of no words and 0 for any other.

    Source: compute_f1 in the SQuAD 2.0 evaluation script.
    """
    return max(_f1(answer, reference) for reference in _with_words(references))


def fold(text: str) -> str:
    """The text in plain letters, with plain quotes and hyphens, U.S. as US: what places are offsets into."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).translate(FOLDED))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return INITIALS.sub(lambda found: found[0].replace(".", ""), unicodedata.normalize("NFC", plain))


def words_of(folded: str) -> list[Word]:
    """The words of a folded text: no case, no articles, no punctuation, no thousands separators, two as 2.

    Numbers keep their decimal point, so that 2.5 is not 25. A capital A is a name, as in Appendix A, unless it begins
    a sentence.
    """
    found = []
    for match in WORD.finditer(folded):
        text = match[0].casefold()
        negative = NEGATIVE.search(folded[: match.start()]) if text[0].isdigit() else None
        if text[0].isdigit():
            text = ("-" if negative else "") + re.sub(r"[,']", "", text)
        named = match[0] == "A" and not re.search(r"(?:^|[.!?:\"(]\s*)$", folded[: match.start()])
        if ARTICLES.fullmatch(text) and not named:
            continue
        text = str(NUMBER_WORDS[text]) if text in NUMBER_WORDS and text != "one" else text
        acronym = match[0].isupper() and SMALL_WORDS.fullmatch(text) is not None
        found.append(Word(text, match.start(), match.end(), acronym))
    return found


def words(text: str) -> list[str]:
    """The words of a text, as `words_of` reads them."""
    return [word.text for word in words_of(fold(text))]


def contains(answer: str, reference: str) -> bool:
    """True when the reference's words stand in the answer one after another. An empty reference stands nowhere."""
    return bool(places(fold(answer), reference))


def places(folded: str, reference: str) -> list[Place]:
    """Where the reference's words stand in a folded text one after another.

    How they are joined does not count: second-hand, second hand and secondhand are one. An acronym that is an
    everyday word without its capitals, such as IT, needs them.
    """
    wanted, given = words_of(fold(reference)), words_of(folded)
    target = "".join(word.text for word in wanted)
    found = []
    for first in range(len(given) if target else 0):
        last = _joined(given, first, target)
        if last is not None and _alike(wanted, given[first : last + 1]):
            found.append((given[first].start, given[last].end))
    return found


def _joined(given: list[Word], first: int, target: str) -> int | None:
    """The index of the word at which the words from `first` on have spelled out the target."""
    spelled = ""
    for position in range(first, len(given)):
        spelled += given[position].text
        if spelled == target:
            return position
        if not target.startswith(spelled):
            return None
    return None


def _alike(wanted: list[Word], given: list[Word]) -> bool:
    """Whether words that spell the same say the same: 1 5 is not 15, and it is not IT."""
    if len(wanted) != len(given):
        met = [a.text.isdigit() and b.text.isdigit() for side in (given, wanted) for a, b in pairwise(side)]
        return not any(met) and not any(word.acronym for word in wanted)
    return all(a.text == b.text and (b.acronym or not a.acronym) for a, b in zip(wanted, given, strict=True))


def _with_words(references: Sequence[str]) -> Sequence[str]:
    """The references that hold a word; the empty one where none does, as the script has it."""
    return [reference for reference in references if squad_normal(reference)] or [""]


def _f1(answer: str, reference: str) -> float:
    given, wanted = squad_normal(answer).split(), squad_normal(reference).split()
    if not given or not wanted:
        return float(given == wanted)
    shared = sum((Counter(given) & Counter(wanted)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(given), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)
