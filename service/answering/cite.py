"""What a model claims to quote becomes a citation, or is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from core.answers import Citation, Hit, Passage, Quote

MAX_QUOTES = 100
MAX_BREAK = 2
"""Characters between two chunks of one section: the end of a line, or of a paragraph. A heading takes more."""


def cite(quotes: Sequence[Quote], passages: Sequence[Passage]) -> tuple[tuple[Citation, ...], int]:
    """The quotes that stand in the passage they name, each once, and how many do not.

    A quote holds when it stands there letter for letter after white space is folded, and neither begins nor ends
    inside a word or a number. It may run on into the neighbour that the document goes on with; no other passage is
    searched in its place. Only the first of very many are looked at.
    """
    by_number = {passage.number: passage for passage in passages}
    found: dict[tuple[str, int, int], Citation] = {}
    dropped = max(0, len(quotes) - MAX_QUOTES)
    for quote in quotes[:MAX_QUOTES]:
        stands = _where(quote, by_number)
        if stands is None:
            dropped += 1
            continue
        passage, (start, end), text = stands
        found.setdefault(
            (passage.hit.document, start, end),
            Citation(
                document=passage.hit.document,
                page=passage.page_of(start),
                quote=text,
                start=start,
                end=end,
                chunk_id=passage.hit.chunk_id,
            ),
        )
    return tuple(found.values()), dropped


def _where(quote: Quote, passages: Mapping[int, Passage]) -> tuple[Passage, tuple[int, int], str] | None:
    """The passage in which a quote begins, its place in the document, and how it is written there."""
    named = passages.get(quote.passage)
    if named is None:
        return None
    if place := locate(quote.text, named.hit.text):
        return named, (named.hit.start + place[0], named.hit.start + place[1]), fold(named.hit.text[slice(*place)])
    for first, second in ((named, passages.get(quote.passage + 1)), (passages.get(quote.passage - 1), named)):
        if first and second and _goes_on(first.hit, second.hit):
            both = first.hit.text + " " * (second.hit.start - first.hit.end) + second.hit.text
            place = locate(quote.text, both)
            if place and place[0] < len(first.hit.text) < place[1]:
                return first, (first.hit.start + place[0], first.hit.start + place[1]), fold(both[slice(*place)])
    return None


def _goes_on(first: Hit, second: Hit) -> bool:
    """Whether the document goes on from one chunk to the other with nothing but white space between them."""
    same = (first.document, first.headings) == (second.document, second.headings)
    return same and 0 < second.start - first.end <= MAX_BREAK


def fold(text: str) -> str:
    """The text with every run of white space made one space, none at the ends."""
    return " ".join(text.split())


def locate(quote: str, text: str) -> tuple[int, int] | None:
    """Where `quote` stands in `text`: [start, end) with fold(text[start:end]) == fold(quote). None: nowhere."""
    wanted = fold(quote)
    if not wanted:
        return None
    folded, places = _folded_with_places(text)
    for start in _occurrences(wanted, folded):
        end = start + len(wanted)
        if not (_joined(folded, start) or _joined(folded, end)):
            return places[start], places[end - 1] + 1
    return None


def _folded_with_places(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters where it stands in `text`."""
    characters: list[str] = []
    places: list[int] = []
    for position, character in enumerate(text):
        if not character.isspace():
            characters.append(character)
        elif characters and characters[-1] != " ":
            characters.append(" ")
        else:
            continue
        places.append(position)
    return "".join(characters), places


def _occurrences(wanted: str, text: str) -> Iterator[int]:
    position = text.find(wanted)
    while position != -1:
        yield position
        position = text.find(wanted, position + 1)


def _joined(text: str, position: int) -> bool:
    """True when the characters on both sides of `position` belong to one word or one number."""
    if not 0 < position < len(text):
        return False
    before, after = text[position - 1], text[position]
    if before.isdigit() and after.isdigit():
        return True
    if before in ".," and after.isdigit():
        return position > 1 and text[position - 2].isdigit()
    if before.isdigit() and after in ".,":
        return text[position + 1 : position + 2].isdigit()
    return _cased(before) and _cased(after)


def _cased(character: str) -> bool:
    """True for letters of scripts that put spaces between words, as far as case tells."""
    return character.lower() != character.upper()
