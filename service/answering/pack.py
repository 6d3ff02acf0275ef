"""Which hits a model is shown, and in which order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from core.answers import Hit, Passage
from core.errors import SettingsError

CHARACTERS_PER_TOKEN, BYTES_PER_TOKEN = 3, 2
"""English text has about four characters to a token, tables and code about three. What is not ASCII is counted by its
bytes in UTF-8, two to a token: a Chinese character is one and a half."""
LABEL_TOKENS = 32
"""What the lines around a passage cost, its title and headings not counted."""
ADJACENT_CHARACTERS = 200
"""Chunks of one document with no more than this between them are read as one stretch: a heading may lie between."""
SMALLEST_PASSAGE = 64
"""Tokens below which a passage is not worth showing."""
_WORDS = re.compile(r"(?:(?<![\w.,])[.,]++)?\w++(?:[.,]++\w++)*+|[^\w\s.,;:'\"*_]")
"""What makes two texts different: words, figures and signs, not their case, white space or marks around them."""


def tokens(text: str) -> int:
    """Tokens of a text, estimated so that a tokenizer in use hardly needs more."""
    octets = len(text.encode("utf-8", "surrogatepass"))
    ascii_ = len(text) if text.isascii() else sum(character.isascii() for character in text)
    return ascii_ // CHARACTERS_PER_TOKEN + (octets - ascii_) // BYTES_PER_TOKEN + 1


def pack(hits: Sequence[Hit], *, budget: int, most: int | None = None) -> tuple[Passage, ...]:
    """The best hits that fit into `budget` tokens, at most `most`, numbered in the order in which they are shown.

    `hits` are best first. The same text under the same headings is shown once. Neighbours in a document stand
    together in its order, at the place of the best of them. A hit that does not fit is passed over for a
    smaller one; if not even the first fits, it is cut.

    Raises:
        SettingsError: the budget has no room for any passage.
    """
    if not hits:
        return ()
    if budget < SMALLEST_PASSAGE:
        raise SettingsError(
            "The model's context_window has no room for passages beside the question and max_output_tokens. "
            "Raise context_window, or lower max_output_tokens or the length of the question."
        )
    chosen: list[Hit] = []
    left = budget
    for hit in _distinct(hits):
        if len(chosen) == most:
            break
        if size(hit) <= left:
            chosen.append(hit)
            left -= size(hit)
    ordered = _neighbours_together(chosen or [_cut(hits[0], budget)])
    return tuple(Passage(number=number, hit=hit) for number, hit in enumerate(ordered, start=1))


def pack_documents(hits: Sequence[Hit], *, budget: int) -> tuple[Passage, ...]:
    """Chunks of pinned documents in the order given; over budget, those with the highest scores are kept.

    Raises:
        SettingsError: the budget has no room for any passage.
    """
    distinct = _distinct(hits)
    if sum(map(size, distinct)) > budget:
        packed = pack(sorted(distinct, key=lambda hit: -hit.score), budget=budget)
        kept = {passage.hit.chunk_id: passage.hit for passage in packed}
        distinct = [kept[hit.chunk_id] for hit in distinct if hit.chunk_id in kept]
    return tuple(Passage(number=number, hit=hit) for number, hit in enumerate(distinct, start=1))


def size(hit: Hit) -> int:
    """Tokens that a hit takes in a prompt, with the lines around it."""
    return tokens(hit.text) + tokens(hit.header + hit.title + " ".join(hit.headings)) + LABEL_TOKENS


def _cut(hit: Hit, budget: int) -> Hit:
    """The beginning of a hit that is too long for the budget."""
    room = max(budget - (size(hit) - tokens(hit.text)), SMALLEST_PASSAGE // 2)
    text = hit.text[: room * CHARACTERS_PER_TOKEN]
    while tokens(text) > room + 1:
        text = text[: len(text) * room // tokens(text)]
    pages = tuple(page for page in hit.pages if page[0] < hit.start + len(text))
    return replace(hit, text=text, end=hit.start + len(text), pages=pages)


def _distinct(hits: Sequence[Hit]) -> list[Hit]:
    seen: set[object] = set()
    kept = []
    for hit in hits:
        keys = {hit.chunk_id, (hit.title, hit.headings, hit.header, " ".join(_WORDS.findall(hit.text.casefold())))}
        if seen.isdisjoint(keys):
            kept.append(hit)
        seen |= keys
    return kept


def _neighbours_together(hits: Sequence[Hit]) -> list[Hit]:
    rank = {hit.chunk_id: position for position, hit in enumerate(hits)}
    runs: list[list[Hit]] = []
    for hit in sorted(hits, key=lambda hit: (hit.document, hit.start)):
        last = runs[-1][-1] if runs else None
        if last and last.document == hit.document and hit.start - last.end <= ADJACENT_CHARACTERS:
            runs[-1].append(hit)
        else:
            runs.append([hit])
    runs.sort(key=lambda run: min(rank[hit.chunk_id] for hit in run))
    return [hit for run in runs for hit in run]
