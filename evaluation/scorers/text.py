"""Comparing texts word by word: exact match and token F1 as in SQuAD, containment, token recall."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

ARTICLES = re.compile(r"\b(a|an|the)\b")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
WORD = re.compile(r"\d+(?:\.\d+)+|[^\W_]+")


def squad_normal(text: str) -> str:
    """Lower case, no ASCII punctuation, no articles, single spaces.

    Source: normalize_answer in the SQuAD evaluation script (Rajpurkar et al., 2016).
    """
    without = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(ARTICLES.sub(" ", without).split())


def exact_match(answer: str, references: Sequence[str]) -> bool:
    """True when the answer equals a reference after SQuAD normalisation."""
    return any(squad_normal(answer) == squad_normal(reference) for reference in references)


def token_f1(answer: str, references: Sequence[str]) -> float:
    """Harmonic mean of token precision and recall, the best over the references; 0 without references.

    Source: f1_score in the SQuAD evaluation script.
    """
    return max((_f1(answer, reference) for reference in references), default=0.0)


def token_recall(answer: str, references: Sequence[str]) -> float:
    """Share of a reference's words (as `words`) that the answer holds, counted with repetition; the best one."""
    return max((_recall(answer, reference) for reference in references), default=0.0)


def words(text: str) -> list[str]:
    """The words of a text, folded: NFKC, no case, no articles, no punctuation, no thousands separators.

    Numbers keep their decimal point, so that 2.5 is not 25.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [word for word in WORD.findall(THOUSANDS.sub("", folded)) if not ARTICLES.fullmatch(word)]


def contains(answer: str, reference: str) -> bool:
    """True when the reference's words stand in the answer one after another. An empty reference stands nowhere."""
    wanted, given = words(reference), words(answer)
    size = len(wanted)
    return size > 0 and any(given[start : start + size] == wanted for start in range(len(given) - size + 1))


def _f1(answer: str, reference: str) -> float:
    given, wanted = squad_normal(answer).split(), squad_normal(reference).split()
    if not given or not wanted:
        return float(given == wanted)
    shared = sum((Counter(given) & Counter(wanted)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(given), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)


def _recall(answer: str, reference: str) -> float:
    wanted = Counter(words(reference))
    shared = sum((Counter(words(answer)) & wanted).values())
    return shared / wanted.total() if wanted else 0.0
