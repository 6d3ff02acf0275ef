"""The order in which a page is read: column by column where a stretch of it is set so, else from top to bottom."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from statistics import median

from ingest.parsers.cells import is_number
from ingest.parsers.pdf.lines import Line

_GUTTER_CROSSED = 0.15
"""Share of a page's lines that may run across the blank between two columns: titles, wide figures."""
_COLUMN_SHARE = 0.2
_COLUMN_LINE = 22
"""Characters a line, on average, from which what stands on one side of a gutter is a column of text."""
_COLUMN_ROWS = 4
"""Lines one below the other, at least, that make a column."""
_COLUMN_WORDS = 3
"""Words a line of a column has at least, but for the last ones of paragraphs."""
_GAP = 0.9
"""Blank, in font sizes, from which a line may hold the text of two columns."""
_CELL = 15
"""Characters a piece, on average, up to which three or more at one height are cells of a table."""
_APART = 1.4
"""Distance, in those of lines, from which a line stands apart."""
_RETURNS = 3
"""How often the order of a page may go from its right column back to its left one, round wide figures."""

_Row = list[Line]
"""Lines at one height, left to right."""


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """The page's lines as they are read; text that stands at an angle, such as a stamp in the margin, comes last."""
    upright = [line for line in lines if not line.turned]
    turned = [line for line in lines if line.turned]
    if len(turned) > len(upright):
        return list(lines)
    return [*_ordered(_parted(upright)), *turned]


def _ordered(lines: Sequence[Line]) -> list[Line]:
    """The page, or a stretch of one, cut where a band of columns begins and ends; each part in its own order."""
    jumps = _jumps_up(lines)
    beside = sum(abs(line.y - before.y) <= 0.35 * line.size for before, line in pairwise(lines))
    if (not jumps and beside < _COLUMN_ROWS) or _has_columns(lines):
        return list(lines)
    band = _band_of_columns(lines)
    if band is None:
        return _from_the_top(lines) if jumps else list(lines)
    gutter, head, foot = band
    above = [line for line in lines if line.y > head]
    below = [line for line in lines if line.y < foot]
    inside = [line for line in lines if foot <= line.y <= head]
    left = [line for line in inside if line.x1 < gutter]
    right = [line for line in inside if line.x1 >= gutter]
    return [line for part in (above, left, right, below) if part for line in _ordered(part)]


def _jumps_up(lines: Sequence[Line]) -> bool:
    return any(line.y > before.y + 0.5 * line.size for before, line in pairwise(lines))


def _has_columns(lines: Sequence[Line]) -> bool:
    """Whether a blank from top to bottom parts two stretches of running text, which come one after the other."""
    total = sum(len(line.text) for line in lines)
    for gutter in sorted({round(line.x0) for line in lines}):
        left = [line for line in lines if line.x1 < gutter]
        right = [line for line in lines if line.x0 >= gutter - 1]
        if len(lines) - len(left) - len(right) > _GUTTER_CROSSED * len(lines):
            continue
        if all(_is_column(side, total) for side in (left, right)):
            return _returns(lines, gutter) <= _RETURNS
    return False


def _is_column(lines: Sequence[Line], total: int) -> bool:
    characters = sum(len(line.text) for line in lines)
    return characters > _COLUMN_SHARE * total and characters > _COLUMN_LINE * len(lines)


def _returns(lines: Sequence[Line], gutter: float) -> int:
    """How often the lines go from the right side of a gutter back to the left one."""
    sides = [line.x0 >= gutter - 1 for line in lines if line.x1 < gutter or line.x0 >= gutter - 1]
    return sum(before and not after for before, after in pairwise(sides))


def _band_of_columns(lines: Sequence[Line]) -> tuple[float, float, float] | None:
    """(gutter, height of the first line, of the last) of the longest stretch that is set in columns."""
    rows = _rows(lines)
    best: tuple[int, float, float, float] | None = None
    for gutter in _edges(lines):
        for is_open, group in groupby(rows, key=lambda row: _is_open(row, gutter)):
            band = list(group)
            if is_open and band[-1] is not rows[-1]:
                band = _without_caption(band)
            if is_open and (best is None or len(band) > best[0]) and _are_columns(band, gutter):
                heights = [line.y for row in band for line in row]
                best = len(band), gutter, max(heights), min(heights)
    return best[1:] if best else None


def _without_caption(band: list[_Row]) -> list[_Row]:
    """The rows without a last one that stands alone and apart: the title of the table or figure below."""
    drops = [above[0].y - below[0].y for above, below in pairwise(band)]
    if len(band[-1]) == 1 and len(drops) > 1 and drops[-1] > _APART * median(drops):
        return band[:-1]
    return band


def _edges(lines: Sequence[Line]) -> list[float]:
    """Where several lines begin one below the other."""
    starts = sorted(line.x0 for line in lines)
    return [x for x in sorted({round(x) for x in starts}) if _between(starts, x - 2, x + 2) >= _COLUMN_ROWS]


def _between(places: Sequence[float], low: float, high: float) -> int:
    return bisect_left(places, high) - bisect_left(places, low)


def _is_open(row: _Row, gutter: float) -> bool:
    """Whether no line of a row runs across a gutter, nor is the row one of a table."""
    crossed = any(line.x0 < gutter - 2 <= line.x1 for line in row)
    cells = len(row) > 2 and sum(len(line.text) for line in row) < _CELL * len(row)
    return not crossed and not cells and not any(is_number(line.text) for line in row)


def _are_columns(band: Sequence[_Row], gutter: float) -> bool:
    """Whether running text stands on both sides of a gutter, side by side."""
    left = [line for row in band for line in row if line.x1 < gutter]
    right = [line for row in band for line in row if line.x0 >= gutter - 2]
    side_by_side = min(max(_heights(left)), max(_heights(right))) - max(min(_heights(left)), min(_heights(right)))
    tall = side_by_side > 0.5 * max(map(_reach, (left, right)))
    return tall and all(_is_prose(side) for side in (left, right))


def _heights(lines: Sequence[Line]) -> list[float]:
    return [line.y for line in lines] or [0.0]


def _reach(lines: Sequence[Line]) -> float:
    return max(_heights(lines)) - min(_heights(lines))


def _is_prose(lines: Sequence[Line]) -> bool:
    """Lines of some length, and sentences that run on from one to the next."""
    characters = sum(len(line.text) for line in lines)
    running = sum(line.text[0].islower() for line in lines)
    return len(lines) >= _COLUMN_ROWS and characters > _COLUMN_LINE * len(lines) and running >= 0.25 * len(lines)


def _rows(lines: Sequence[Line]) -> list[_Row]:
    rows: list[_Row] = []
    for line in sorted(lines, key=lambda line: -line.y):
        if rows and rows[-1][0].y - line.y <= 0.35 * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.x0) for row in rows]


def _from_the_top(lines: Sequence[Line]) -> list[Line]:
    """Top to bottom, and left to right where lines stand at one height."""
    return [line for row in _rows(lines) for line in row]


def _parted(lines: Sequence[Line]) -> list[Line]:
    """The lines, those cut that hold the text of several columns, with one blank below the other."""
    gaps = [_gaps(line) for line in lines]
    starts = sorted(
        line.words[place].x0
        for line, places in zip(lines, gaps, strict=True)
        for place in places
        if _COLUMN_WORDS <= place <= len(line.words) - _COLUMN_WORDS
    )
    found: dict[int, list[Line]] = {}
    for gutter in (x for x in sorted({round(x) for x in starts}) if _between(starts, x - 2, x + 2) >= _COLUMN_ROWS):
        cut = {
            index: _cut(lines[index], place)
            for index, places in enumerate(gaps)
            for place in places
            if abs(lines[index].words[place].x0 - gutter) <= 2 and index not in found
        }
        sides = [[pieces[side] for pieces in cut.values()] for side in (0, 1)]
        if all(_is_prose(side) for side in sides):
            found.update(cut)
    pieces = [piece for index, line in enumerate(lines) for piece in found.get(index, [line])]
    return _parted(pieces) if found else pieces


def _gaps(line: Line) -> list[int]:
    """Which words of a line stand far from the one before."""
    pairs = enumerate(pairwise(line.words), start=1)
    return [place for place, (before, word) in pairs if word.x0 - before.x1 > _GAP * line.size]


def _cut(line: Line, place: int) -> list[Line]:
    return [replace(line, words=line.words[:place]), replace(line, words=line.words[place:])]
