"""Short answers in words: a variant said as it is, or in nearly the same words; and long ones by what they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.text import ENGLISH
from evaluation.scoring.number_words import NUMBER_WORDS
from evaluation.scoring.numbers import quantities, same
from evaluation.scoring.text import Place, Word, fold, places, words_of

TURNING = frozenset(
    re.findall(r"\w+", "not no never before after above below over under more less most least maximum minimum except "
               "without until unless increase increased decrease decreased rise rose fall fell up down first last only "
               "non un")
)  # fmt: skip
"""Words that turn a sentence into another: both sides must have the same."""
SAME_ORDER = 0.8
"""Share of the content words of a variant that an answer must hold in the same order."""
FEW_WORDS = 3
"""Content words from which on a variant may be said in nearly the same words."""
_OPENING = r"(?:because of|because|due to|owing to|by|in|on|at|to|from|with|for|dr|mr|mrs|ms|prof)\.?\s+"
OPENING = re.compile(rf"^{_OPENING}(?=\D)", re.IGNORECASE)
BEHIND_OPENING = re.compile(rf"\b{_OPENING}$", re.IGNORECASE)
"""Words at the head of a variant that an answer may leave out."""
MAX_TURNED = 8
"""Words of an answer up to which two content words may stand the other way round: "the filter is blocked"."""
NAME = re.compile(r"[^\W\d_][\w'.-]*")


def near_places(folded: str, variant: str) -> list[Place]:
    """Where an answer says a variant in nearly the same words: a plural, a name with one more part or turned round."""
    wanted = fold(variant)
    bare = OPENING.sub("", wanted)
    said = [(_opened(folded, start), end) for start, end in places(folded, bare)] if bare != wanted else []
    return said or _plural(folded, wanted) or _name(folded, wanted) or _same_words(folded, wanted)


def _opened(folded: str, start: int) -> int:
    """The start of a place, with an opening such as "because of" in front of it."""
    opening = BEHIND_OPENING.search(folded[:start])
    return opening.start() if opening else start


def content(folded: str) -> list[str]:
    """The words of a text that carry it, without their endings."""
    return [stem(word.text) for word in words_of(folded) if word.text not in ENGLISH.answer_stop_words]


def _figure(word: str) -> str:
    return str(NUMBER_WORDS[word]) if word in NUMBER_WORDS else word


def long_shares(answer: str, references: Sequence[str]) -> tuple[float, float]:
    """(share of the content words, share of the numbers) of a long reference that an answer holds; of the best one.

    Without a number in it the second share is 1.
    """
    held, given = set(content(fold(answer))), quantities(answer)
    shares = []
    for reference in references:
        wanted, numbers = set(content(fold(reference))), quantities(reference)
        found = sum(any(same(quantity, each) for quantity in given) for each in numbers)
        shares.append((len(wanted & held) / len(wanted) if wanted else 0.0, found / len(numbers) if numbers else 1.0))
    return max(shares, key=lambda each: (each[0] * each[1], each[0]))


def stem(word: str) -> str:
    """A word without the ending of a plural or a verb; numbers and short words stay as they are."""
    if len(word) < 4 or not word.isalpha() or word in NUMBER_WORDS:
        return _figure(word)
    return ENGLISH.answer_ending.sub("", word)


def _plural(folded: str, wanted: str) -> list[Place]:
    """One for many: the words of a variant, where those that are no names may be plural in one and not in the other."""
    target, given = words_of(wanted), words_of(folded)
    names = [wanted[word.start].isupper() for word in target]
    size = len(target) if any(len(word.text) > 3 for word in target) and not all(names) else 0

    def alike(word: Word, other: Word, named: bool) -> bool:  # noqa: FBT001 -- one of three that go together
        return word.text == other.text if named else _singular(word.text) == _singular(other.text)

    return [
        (given[at].start, given[at + size - 1].end)
        for at in range(len(given) - size + 1 if size else 0)
        if all(map(alike, target, given[at : at + size], names))
    ]


def _singular(word: str) -> str:
    if len(word) < 4 or not word.isalpha() or word.endswith(("ss", "us", "is")):
        return word
    return re.sub(r"(?<=[^aeiou])ies$", "y", word) if word.endswith("ies") else word.removesuffix("s")


def _name(folded: str, wanted: str) -> list[Place]:
    """A person's name with an initial or one more name inside, or the last name first."""
    parts = NAME.findall(wanted)
    if (
        any(map(str.isdigit, wanted))
        or not 2 <= len(parts) <= 4
        or not all(part[0].isupper() for part in parts)
        or any(map(str.isupper, parts))
    ):
        return []
    inside = r"\s+(?:[A-Z][\w'.-]*\s+){0,2}".join(map(re.escape, (parts[0], *parts[1:])))
    turned = rf"{re.escape(parts[-1])},\s+{re.escape(' '.join(parts[:-1]))}"
    return [found.span() for found in re.finditer(rf"\b(?:{inside}|{turned})\b", folded)]


def _same_words(folded: str, wanted: str) -> list[Place]:
    """The stretch of the answer that holds most of the content words in the variant's order, or all of them in any.

    Numbers, names and words that turn a sentence into another must be the same.
    """
    target = content(wanted)
    turned = (
        len(target) == 2
        and len(words_of(folded)) <= MAX_TURNED
        and wanted == wanted.lower()
        and "".join(target).isalpha()
    )
    if len(target) < FEW_WORDS and not (turned and set(target) <= set(content(folded))):
        return []
    given = [word for word in words_of(folded) if word.text not in ENGLISH.answer_stop_words]
    stems = [stem(word.text) for word in given]
    hits = _longest_common(stems, target)
    numbers = [each for each in target if each[0].isdigit()]
    if set(target) <= set(stems) and len(numbers) < 2 and "than" not in {word.text for word in words_of(folded)}:
        hits = sorted(stems.index(each) for each in set(target))
    if len(hits) < SAME_ORDER * len(target) or len(hits) < len(target) - 2:
        return []
    held = [given[at].text for at in hits]
    figures = {figure for word in words_of(wanted) if (figure := _figure(word.text))[0].isdigit()}
    stretch = folded[given[hits[0]].start : given[hits[-1]].end]
    turns = {word.text for word in words_of(wanted)} & TURNING
    if {word.text for word in words_of(stretch)} & TURNING != turns or not figures <= set(map(_figure, held)):
        return []
    names = {stem(part.casefold()) for part in NAME.findall(wanted)[1:] if part[0].isupper()}
    if not names <= {stem(each) for each in held} or len(words_of(stretch)) > 2 * len(words_of(wanted)) + FEW_WORDS:
        return []
    return [(given[hits[0]].start, given[hits[-1]].end)]


def _longest_common(given: list[str], target: list[str]) -> list[int]:
    """Indices into `given` of the longest subsequence that it shares with `target`."""
    best = [[0] * (len(target) + 1) for _ in range(len(given) + 1)]
    for i in range(len(given) - 1, -1, -1):
        for j in range(len(target) - 1, -1, -1):
            best[i][j] = best[i + 1][j + 1] + 1 if given[i] == target[j] else max(best[i + 1][j], best[i][j + 1])
    found, i, j = [], 0, 0
    while i < len(given) and j < len(target):
        if given[i] == target[j]:
            found.append(i)
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return found
