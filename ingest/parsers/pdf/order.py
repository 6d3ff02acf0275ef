"""The order in which a page is read: the file's own where it has columns, from top to bottom where it has none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ingest.parsers.pdf.lines import Line

_GUTTER_CROSSED = 0.15
"""Share of a page's lines that may run across the blank between two columns: titles, wide figures."""
_COLUMN_SHARE = 0.2
_COLUMN_LINE = 22
"""Characters a line, on average, from which what stands on one side of a gutter is a column of text."""


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """The page's lines as they are read; text that stands at an angle, such as a stamp in the margin, comes last."""
    upright = [line for line in lines if not line.turned]
    turned = [line for line in lines if line.turned]
    if len(turned) > len(upright):
        return list(lines)
    if not _jumps_up(upright) or _has_columns(upright):
        return [*upright, *turned]
    return [*_from_the_top(upright), *turned]


def _jumps_up(lines: Sequence[Line]) -> bool:
    return any(line.y > before.y + 0.5 * line.size for before, line in pairwise(lines))


def _has_columns(lines: Sequence[Line]) -> bool:
    """Whether a blank from top to bottom parts two stretches of running text."""
    total = sum(len(line.text) for line in lines)
    for gutter in sorted({round(line.x0) for line in lines}):
        left = [line for line in lines if line.x1 < gutter]
        right = [line for line in lines if line.x0 >= gutter - 1]
        if len(lines) - len(left) - len(right) > _GUTTER_CROSSED * len(lines):
            continue
        if all(_is_column(side, total) for side in (left, right)):
            return True
    return False


def _is_column(lines: Sequence[Line], total: int) -> bool:
    characters = sum(len(line.text) for line in lines)
    return characters > _COLUMN_SHARE * total and characters > _COLUMN_LINE * len(lines)


def _from_the_top(lines: Sequence[Line]) -> list[Line]:
    """Top to bottom, and left to right where lines stand at one height."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.y):
        if rows and rows[-1][0].y - line.y <= 0.35 * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.x0)]
