"""Cuts a document into chunks: structure first, word pieces second.

A chunk never crosses a heading; a section's first chunk begins with the headings above it. Sentences stay whole,
tables are cut between rows and carry their header along.
Word pieces add up over stretches parted by white space, so each stretch is counted once, all of them in one call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.documents import Chunk, Parsed, pages_between
from ingest.chunking.plain import Plain, strip_markup
from ingest.chunking.sections import Count, first_heading_above, path_texts, sections_of, stray_before
from ingest.chunking.units import Headers, Unit, fit, glue, headers_of, units_of

CHUNKER = "3"
"""Part of the index version: raised when the same document would be cut otherwise."""

_SHARE = 3
"""The heading path, and a table's header, may each take a third of a chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A section's units and what stands before each of its chunks; `room` is what the path leaves of the limit."""

    headings: tuple[str, ...]
    path: str
    room: int
    units: Sequence[Unit]


def chunk(parsed: Parsed, *, limit: int, count: Count) -> list[Chunk]:
    """The chunks of a document in order, each of at most `limit` word pieces with heading path and header.

    `count` gives the word pieces of many texts at once. Every character of every element that is not white space is
    in exactly one chunk.
    """
    plain = strip_markup(parsed.text)
    sections = sections_of(parsed, plain)
    paths = path_texts(parsed.title, sections, budget=limit // _SHARE, count=count)
    units = [units_of(section, parsed) for section in sections]
    headers = headers_of(units, budget=limit // _SHARE, count=count)
    rooms = [limit - pieces for _, pieces in paths]
    fitting = fit(units, rooms, headers=headers, plain=plain, count=count)
    stray = stray_before(parsed)
    chunks: list[Chunk] = []
    for section, (path, _), room, found in zip(sections, paths, rooms, fitting, strict=True):
        glued = glue(found, room, parsed=parsed, headers=headers, plain=plain, count=count)
        block = _Block(headings=section.headings, path=path, room=room, units=glued)
        groups = _pack(block, headers, stray)
        for group, start in zip(groups, _starts(groups, parsed, stray), strict=True):
            end = group[-1].end
            chunks.append(
                Chunk(
                    ordinal=len(chunks),
                    text=parsed.text[start:end],
                    index_text=_index_text(group, block, headers=headers, plain=plain, parsed=parsed),
                    start=start,
                    end=end,
                    headings=section.headings,
                    header=group[0].header,
                    pages=pages_between(parsed.pages, start, end),
                )
            )
    return chunks


def _pack(block: _Block, headers: Headers, stray: Sequence[bool]) -> list[list[Unit]]:
    """Fill chunks in order; a paragraph or table that fits into a chunk of its own is not begun at the end of one."""
    groups: list[list[Unit]] = []
    whole = _element_pieces(block.units)
    for unit in block.units:
        group = groups[-1] if groups else None
        if (
            group is None
            or _closes(group, unit, whole[unit.element], block.room, headers)
            or _parted(group, unit, stray)
        ):
            groups.append([unit])
        else:
            group.append(unit)
    for before, last in pairwise(groups):
        _level(before, last, block.room, headers)
    return groups


def _closes(group: Sequence[Unit], unit: Unit, whole: int, room: int, headers: Headers) -> bool:
    used = cost(group, headers)
    if used + unit.pieces > room:
        return True
    begins = unit.element != group[-1].element
    return begins and used >= room // 2 and used + whole > room and whole <= room


def _level(before: list[Unit], last: list[Unit], room: int, headers: Headers) -> None:
    """Even out a short rest of a paragraph or table with the chunk before it."""
    while len(before) > 1 and before[-1].element == last[0].element:
        moved = [before[-1], *last]
        if cost(moved, headers) > min(room, cost(before[:-1], headers)):
            return
        last.insert(0, before.pop())


def cost(group: Sequence[Unit], headers: Headers) -> int:
    """Word pieces of a chunk without its heading path."""
    return headers[group[0].header].pieces + sum(unit.pieces for unit in group)


def _element_pieces(units: Sequence[Unit]) -> dict[int, int]:
    pieces: dict[int, int] = {}
    for unit in units:
        pieces[unit.element] = pieces.get(unit.element, 0) + unit.pieces
    return pieces


def _parted(group: Sequence[Unit], unit: Unit, stray: Sequence[bool]) -> bool:
    """Whether words that belong to no element stand between: they must not slip into a chunk."""
    return any(stray[group[-1].element + 1 : unit.element + 1])


def _starts(groups: Sequence[Sequence[Unit]], parsed: Parsed, stray: Sequence[bool]) -> Iterator[int]:
    """Where the text of each chunk begins: with the headings that stand directly above its first unit."""
    after = -1
    for group in groups:
        first = first_heading_above(group[0].element, after=after, parsed=parsed, stray=stray)
        yield parsed.elements[first].start if first < group[0].element else group[0].start
        after = group[-1].element


def _index_text(group: Sequence[Unit], block: _Block, *, headers: Headers, plain: Plain, parsed: Parsed) -> str:
    lines = [block.path, headers[group[0].header].text]
    previous: Unit | None = None
    for unit in group:
        text = plain.between(unit.start, unit.end)
        same = (
            previous is not None and previous.element == unit.element and parsed.elements[unit.element].kind != "table"
        )
        if same and lines[-1]:
            lines[-1] = f"{lines[-1]} {text}"
        else:
            lines.append(text)
        previous = unit
    return "\n".join(line for line in lines if line.strip())
