"""Words as the built-in model compares them: stemmed lightly, numbers exact, months and number words in one form."""

from __future__ import annotations

import re
from collections.abc import Set
from functools import lru_cache

from core.caches import remembers, to_forget
from core.text import ENGLISH

_TOKEN = re.compile(
    r"(?!(?:19|20)\d\d-)(?:[A-Za-z]{1,4}-)?\d+(?:-\d+)+|[A-Z]{1,4}-\d+|"  # part and ticket numbers stay whole
    r"\d+(?:[.,]\d+)*(?![^\W_])|[^\W_]+(?:['’][^\W\d_]+)?"
)


_MONTHS = ENGLISH.month_names
_SPELLED = {
    **{name: _MONTHS[number - 1] for name, number in ENGLISH.months.items()},
    **{word: str(number) for word, number in ENGLISH.numbers.items() if word != "one"},
    "hundred": "100",
    **ENGLISH.irregular,
}


@remembers
def tokens(text: str) -> tuple[str, ...]:
    """The words and numbers of a text in order, as they stand."""
    return tuple(match[0] for match in _TOKEN.finditer(text))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """What makes two forms of a word equal: "deliveries" and "delivered", "3,128" and "3128", "Jan" and "January"."""
    word = word.lower().replace("’", "'")
    if word[0].isdigit():
        return _number(word)
    word = word.removesuffix("'s").replace("'", "")
    word = _SPELLED.get(word, word)
    if len(word) < 4 or word in _MONTHS or word in ENGLISH.weekdays or any(c.isdigit() for c in word):
        return word
    for suffix in ENGLISH.suffixes:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: -len(suffix)]
            break
    return (
        word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiousl" else word.rstrip("i") or word
    )


to_forget(stem.cache_clear)


@remembers
def stems(text: str) -> tuple[str, ...]:
    """The stems of every word of a text, in order."""
    return tuple(map(stem, tokens(text)))


_ISO_DATE = re.compile(r"(?:19|20)\d\d-(\d\d)-\d\d")


@remembers
def vocabulary(text: str) -> frozenset[str]:
    """The stems of a text, and the months of its dates in figures: 2026-08-24 is a day in August."""
    months = {_MONTHS[int(match[1]) - 1] for match in _ISO_DATE.finditer(text) if 1 <= int(match[1]) <= 12}
    return frozenset(months.union(stems(text)))


def is_month_or_day(token: str) -> bool:
    """True for the name of a month or of a day of the week, abbreviated or not."""
    lower = token.lower()
    return lower in ENGLISH.weekdays or _SPELLED.get(lower, lower) in _MONTHS


def is_number(token: str) -> bool:
    """True for digits and for number words other than "one"."""
    return stem(token)[0].isdigit()


def _number(word: str) -> str:
    """Thousands separators go; a fraction stays: 3,128 -> 3128, 10.20 -> 10.2, 1.5 stays."""
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", word):
        word = word.replace(",", "")
    if re.fullmatch(r"\d+\.\d+", word):
        word = word.rstrip("0").rstrip(".")
    return word


def related(root: str, vocabulary: Set[str]) -> Set[str]:
    """The stems of a vocabulary that are `root` or another form of it: "assembl" and "assemb", "weigh" and "weight"."""
    if len(root) < 5 or not root.isalpha():
        return {root} & vocabulary
    beginning = root[: max(5, len(root) - 1)]
    return {other for other in vocabulary if other.startswith(beginning) and abs(len(other) - len(root)) <= 2}


# A stretch of text as a person reads it: no link targets, escapes, emphasis or tags of Markdown and HTML.


_RULES = (
    (re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)"), r"\1"),
    (re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>"), ""),
    (re.compile(r"\\(?=[!-/:-@\[-`{-~])"), ""),
    (re.compile(r"\*\*|(?<!\w)[*_](?=\w)|(?<=[\w.,!?)])[*_](?!\w)|`"), ""),
    (re.compile(r"https?://\S+"), " "),
)


@remembers
def readable(text: str) -> str:
    """The words of a text without mark-up and web addresses, white space folded."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())
