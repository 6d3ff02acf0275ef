"""The stretches a chunk is made of, each kept whole: a sentence, a table row, a bare heading with what follows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.documents import Element, Parsed
from core.text import ENGLISH
from ingest.chunking.plain import Plain
from ingest.chunking.sections import Count, Section, shorten

_BETWEEN_WORDS = " \n\t\r\f\v\u00a0\u3000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """`parsed.text[start:end]`, of the element with this number; `pieces` are those of its plain text."""

    start: int
    end: int
    element: int
    pieces: int = 0
    header: str = ""
    """The header lines of the table when this row stands below them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A table's header as the index reads it, shortened to what a chunk can spare."""

    text: str
    pieces: int


Headers = dict[str, Header]
NO_HEADER = Header(text="", pieces=0)


def units_of(section: Section, parsed: Parsed) -> list[Unit]:
    """The section's units in order, not yet counted."""
    units: list[Unit] = []
    for number in section.body:
        element = parsed.elements[number]
        if element.kind == "table":
            units.extend(_rows(element, number, parsed.text))
            continue
        whole = trim(parsed.text, element.start, element.end)
        spans = [whole] if element.kind == "heading" else sentences(parsed.text, *whole)
        units.extend(Unit(start=start, end=end, element=number) for start, end in spans if start < end)
    return units


def _rows(element: Element, number: int, text: str) -> list[Unit]:
    """A table's rows; the header lines go with the first row, and into `header` of the rows below."""
    spans: list[tuple[int, int]] = []
    position = element.start
    for line in text[element.start : element.end].splitlines(keepends=True):
        spans.append(trim(text, position, position + len(line)))
        position += len(line)
    spans = [span for span in spans if span[0] < span[1]]
    if not 0 < element.header_rows < len(spans):
        return [Unit(start=start, end=end, element=number) for start, end in spans]
    header = text[spans[0][0] : spans[element.header_rows - 1][1]]
    first = Unit(start=spans[0][0], end=spans[element.header_rows][1], element=number)
    rest = spans[element.header_rows + 1 :]
    return [first, *(Unit(start=start, end=end, element=number, header=header) for start, end in rest)]


def headers_of(units: Sequence[Sequence[Unit]], *, budget: int, count: Count) -> Headers:
    """Each table header once, with its word pieces; one that is over `budget` is shortened."""
    from ingest.chunking.plain import plain_text

    raw = sorted({unit.header for found in units for unit in found if unit.header})
    plain = [plain_text(header) for header in raw]
    headers = {"": NO_HEADER}
    for header, text, pieces in zip(raw, plain, count(plain) if plain else [], strict=True):
        if pieces > budget:
            text, pieces = shorten(text, budget, count)
        headers[header] = Header(text=text, pieces=pieces)
    return headers


def fit(
    units: Sequence[Sequence[Unit]], rooms: Sequence[int], *, headers: Headers, plain: Plain, count: Count
) -> list[list[Unit]]:
    """Count the units of each section; those too long for its room are cut in halves until they fit."""
    pending = [(section, unit) for section, found in enumerate(units) for unit in found]
    done: list[list[Unit]] = [[] for _ in units]
    while pending:
        counts = count([plain.between(unit.start, unit.end) for _, unit in pending])
        cut: list[tuple[int, Unit]] = []
        for (section, unit), pieces in zip(pending, counts, strict=True):
            too_long = pieces > rooms[section] - headers[unit.header].pieces
            if too_long and unit.end - unit.start > 1:
                cut.extend((section, half) for half in _halves(unit, plain.text))
            else:
                done[section].append(replace(unit, pieces=pieces))
        pending = cut
    return [sorted(found, key=lambda unit: unit.start) for found in done]


def _halves(unit: Unit, text: str) -> list[Unit]:
    """The unit cut near its middle: between lines or cells, else between words, else between letters."""
    quarter = max((unit.end - unit.start) // 4, 1)
    middle = (unit.start + unit.end) // 2
    place = _nearest(text, "\n\t", middle, unit.start + quarter, unit.end - quarter)
    if place is None:
        place = _nearest(text, _BETWEEN_WORDS, middle, unit.start + 1, unit.end)
    place = middle if place is None else place
    spans = (trim(text, unit.start, place), trim(text, place, unit.end))
    return [replace(unit, start=start, end=end) for start, end in spans if start < end]


def _nearest(text: str, marks: str, middle: int, low: int, high: int) -> int | None:
    """The place of one of `marks` in [low, high) that is nearest to `middle`."""
    found = [text.rfind(mark, low, middle) for mark in marks] + [text.find(mark, middle, high) for mark in marks]
    return min((place for place in found if place >= 0), key=lambda place: abs(place - middle), default=None)


def glue(
    units: Sequence[Unit], room: int, *, parsed: Parsed, headers: Headers, plain: Plain, count: Count
) -> list[Unit]:
    """Each bare heading joined to the unit after it, or to the first half of that; a last one to the unit before it.

    One that fits with none of them stays alone.
    """

    def is_heading(unit: Unit) -> bool:
        return parsed.elements[unit.element].kind == "heading"

    def joined(first: Unit, last: Unit, of: Unit) -> Unit | None:
        pieces = count([plain.between(first.start, last.end)])[0]
        fits = headers[first.header].pieces + pieces <= room
        return replace(of, start=first.start, end=last.end, header=first.header, pieces=pieces) if fits else None

    glued: list[Unit] = []
    for unit in units:
        before = glued[-1] if glued else None
        whole = joined(before, unit, unit) if before and is_heading(before) and not unit.header else None
        if before and is_heading(before) and not whole and not unit.header and not is_heading(unit):
            half, *rest = _halves(unit, plain.text)
            whole = joined(before, half, half)
            counts = count([plain.between(each.start, each.end) for each in rest]) if rest else []
            after = [replace(each, pieces=pieces) for each, pieces in zip(rest, counts, strict=True)]
            glued[-1:] = [whole, *after] if whole else [before, unit]
        else:
            glued[-1:] = [whole] if whole else [*glued[-1:], unit]
    if len(glued) > 1 and is_heading(glued[-1]):
        whole = joined(glued[-2], glued[-1], glued[-2])
        glued[-2:] = [whole] if whole else glued[-2:]
    return glued


# Where sentences end: by marks and capitals, with the abbreviations that would mislead.


_END = re.compile(
    r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|(?<!\s)\s*[\r\n][ \t]*+(?=[-*•‣–][ \t])|(?<=[.!?:;])[ \t]*[\r\n]+"
)
_ABBREVIATION = re.compile(
    rf"(?:\b(?:{'|'.join(map(re.escape, sorted(ENGLISH.chunk_abbreviations)))})|\b[A-Z])\.$", re.IGNORECASE
)
_LIST_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]")


def sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentences of `text[start:end]` as ascending (start, end) offsets without the white space around them.

    Together they hold every character that is not white space. Text without end marks is one sentence.
    """
    spans: list[tuple[int, int]] = []
    position = start
    capitals = not text[start:end].islower()
    for match in _END.finditer(text, start, end):
        if match.start() <= position or _goes_on(text, position, match, capitals=capitals):
            continue
        spans.append((position, match.start() + len(match.group().rstrip())))
        position = match.end()
    spans.append((position, end))
    return [trimmed for span in spans if (trimmed := trim(text, *span))[0] < trimmed[1]]


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch without white space at either end."""
    raw = text[start:end]
    stripped = raw.strip()
    lead = len(raw) - len(raw.lstrip())
    return start + lead, start + lead + len(stripped)


def _goes_on(text: str, start: int, match: re.Match[str], *, capitals: bool) -> bool:
    """Whether the full stop is of an abbreviation, or a text that has capitals goes on without one."""
    if "\n" in match.group() or "\r" in match.group():
        return False
    if _LIST_NUMBER.fullmatch(text, start, match.start()):
        return True
    following = text[match.end() : match.end() + 1]
    if capitals and following.islower():
        return True
    return bool(_ABBREVIATION.search(text, max(start, match.start() - 12), match.start()))
