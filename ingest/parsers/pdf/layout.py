"""From lines to headings, paragraphs and list items: by font size, weight, distance and end marks."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.documents import ElementKind
from ingest.parsers.pdf.grids import Table
from ingest.parsers.pdf.lines import Line

_BULLET = re.compile(r"(?:[•▪◦‣●○■·]|[–*-]\s|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s)\s*\S")
_END = (".", "!", "?", ":", ";", "”", '"')
_LARGER = 1.12
_MAX_HEADING_LENGTH = 160
_HEADING_WORDS = 16
_DEEPEST = 4
_INDENT = 24.0
_LEADING, _WIDEST_LEADING = 1.75, 3.5
"""Distance of the lines of a paragraph, in font sizes, at most: in most documents, and in one that is set apart."""
_NUMBERED = re.compile(r"\d+(?:\.\d+)*(?=\s)")
"""A numbered heading lies deeper than its font says: 2.1 below 2, though both are set alike."""
_LONG_WORD = re.compile(r"[^\W\d_]{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A heading, paragraph or list item; `pages` as `TextBuilder.add` takes them."""

    kind: ElementKind
    text: str
    level: int
    pages: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Fonts:
    """The document's body font height, the larger ones in falling order, and whether bold stands out."""

    body: float
    larger: tuple[float, ...]
    bold_stands_out: bool

    def level(self, line: Line) -> int:
        """The heading level a line's font speaks for; 0 for body text."""
        if line.size >= self.body * _LARGER:
            rank = next((i for i, size in enumerate(self.larger) if line.size >= size), len(self.larger) - 1)
            return min(rank + 1, _DEEPEST)
        return min(len(self.larger), _DEEPEST - 1) + 1 if line.bold and self.bold_stands_out else 0


def blocks_of(parts: Sequence[Table | Line]) -> Iterator[Block | Table]:
    """Headings, paragraphs, list items and tables in reading order."""
    lines = [part for part in parts if isinstance(part, Line)]
    fonts = _fonts(lines)
    hyphened = {word.text.lower() for line in lines for word in line.words if "-" in word.text[1:-1]}
    edges = _right_edges(lines)
    leading = _leading(lines)
    held: list[Line] = []
    level = 0
    for part in parts:
        if isinstance(part, Table):
            yield from _closed(held, level, hyphened)
            held = []
            yield part
            continue
        now = _heading_level(part, fonts)
        if held and not (
            now == level
            and (
                _same_heading(held, part)
                if now
                else _same_paragraph(held, part, right_edge=edges[_edge_key(part)], leading=leading)
            )
        ):
            yield from _closed(held, level, hyphened)
            held = []
        held.append(part)
        level = now
    yield from _closed(held, level, hyphened)


def _fonts(lines: Sequence[Line]) -> _Fonts:
    weights: Counter[float] = Counter()
    bold = total = 0
    for line in lines:
        length = len(line.text)
        weights[line.size] += length
        bold += length * line.bold
        total += length
    if not weights:
        return _Fonts(1.0, (), bold_stands_out=False)
    body = max(weights, key=lambda size: (weights[size], -size))
    sizes = sorted((size for size in weights if size >= body * _LARGER), reverse=True)
    ranks: list[float] = []
    for size in sizes:
        if not ranks or size < ranks[-1] * 0.92:
            ranks.append(size)
    return _Fonts(body, tuple(ranks[: _DEEPEST - 1]), bold_stands_out=bold < 0.4 * total)


def _leading(lines: Sequence[Line]) -> float:
    """The distance, in font sizes, up to which lines of this document go on: that of most that do, and a little more.

    A line that goes on begins in the middle of a sentence; scripts without small letters do not tell.
    """
    drops = [
        round((before.y - line.y) / line.size, 1)
        for before, line in pairwise(lines)
        if before.page == line.page and abs(before.size - line.size) < 0.1 * line.size and _runs_on(before, line)
    ]
    usual = Counter(drop for drop in drops if 0.9 < drop < _WIDEST_LEADING).most_common(1)
    return max(_LEADING, 1.2 * usual[0][0]) if usual else _LEADING


def _runs_on(before: Line, line: Line) -> bool:
    first = line.text[0]
    return first.isalpha() and not first.isupper() and not before.text.endswith(_END) and line.x0 < before.x1


def _right_edges(lines: Sequence[Line]) -> dict[tuple[int, int], float]:
    """How far right most lines reach on each page, by where they begin: the right edge of a column."""
    reached: dict[tuple[int, int], list[float]] = defaultdict(list)
    for line in lines:
        page, indent = _edge_key(line)
        for near in (indent - 1, indent, indent + 1):
            reached[page, near].append(line.x1)
    return {key: sorted(edges)[len(edges) * 3 // 4] for key, edges in reached.items()}


def _edge_key(line: Line) -> tuple[int, int]:
    return line.page, round(line.x0 / _INDENT)


def _heading_level(line: Line, fonts: _Fonts) -> int:
    text = line.text
    letters = sum(character.isalpha() for character in text)
    if letters < 2 or letters < len(text) / 3 or len(text) > _MAX_HEADING_LENGTH or line.turned:
        return 0
    if _BULLET.match(text) and not text[0].isdigit():
        return 0
    level = fonts.level(line)
    if line.size < fonts.body * _LARGER and not _reads_like_heading(line):
        return 0
    return level


def _reads_like_heading(line: Line) -> bool:
    """Whether a bold line in body type is short, begins with a capital or number, and ends without a mark."""
    text = line.text
    short = len(line.words) <= _HEADING_WORDS and bool(_LONG_WORD.search(text))
    return short and not text.endswith((".", ",", ";", ":")) and not text[0].islower()


def _same_heading(held: Sequence[Line], line: Line) -> bool:
    if not held:
        return False
    before = held[-1]
    near = before.page == line.page and 0 < before.y - line.y < 1.6 * line.size
    long = sum(len(part.text) for part in held) + len(line.text) > _MAX_HEADING_LENGTH
    return (
        near
        and not long
        and abs(before.size - line.size) < 0.1 * line.size
        and not re.match(r"\d+[.)]\s|\d+\.\d", line.text)
    )


def _same_paragraph(held: Sequence[Line], line: Line, *, right_edge: float, leading: float) -> bool:
    if not held:
        return False
    before = held[-1]
    if _BULLET.match(line.text) or abs(before.size - line.size) > 0.2 * line.size:
        return False
    drop = before.y - line.y
    unfinished = not before.text.endswith(_END)
    if line.page != before.page or drop < 0:
        return unfinished and (line.text[0].islower() or before.text.endswith("-"))
    if drop > leading * line.size or line.x0 > before.x1 or line.x1 < held[0].x0 - 1:
        return False
    left_blank = right_edge - before.x1
    starts_anew = not line.text[0].islower() and left_blank > 0.3 * (right_edge - before.x0)
    ended_early = starts_anew or (not unfinished and left_blank > 4 * line.size)
    indented = not unfinished and line.x0 > min(part.x0 for part in held[-2:]) + line.size and len(held) > 1
    return not ended_early and not indented


def _closed(held: Sequence[Line], level: int, hyphened: set[str]) -> Iterator[Block]:
    """The held lines as one block, words cut by a hyphen at a line's end put together again."""
    if not held:
        return
    text = ""
    pages: list[tuple[int, int]] = []
    for line in held:
        if text.endswith("-") and line.text[0].islower() and len(text) > 1 and text[-2].isalpha():
            whole = (text.rsplit(" ", 1)[-1] + line.words[0].text).lower().rstrip(".,;:")
            text = text if whole in hyphened else text[:-1]
        elif text:
            text += " "
        if not pages or pages[-1][1] != line.page:
            pages.append((len(text), line.page))
        text += line.text
    kind: ElementKind = "heading" if level else "list_item" if _BULLET.match(text) else "paragraph"
    numbered = _NUMBERED.match(text) if level else None
    depth = numbered.group().count(".") if numbered else 0
    yield Block(kind=kind, text=text, level=level + depth if level else 0, pages=tuple(pages))
