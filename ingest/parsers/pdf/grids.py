"""Ruled tables in a PDF: drawn lines that touch each other make a grid, its cells hold the words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from ingest.parsers.cells import header_rows, is_number
from ingest.parsers.pdf.lines import Line, Rule, Rules, Word

_TOUCH = 3.0
_MAX_RULES = 1500
_GAP, _UNRULED_GAPS = 1.2, 0.25
"""Blank, in font sizes, that parts columns; share of lines that may hold one no rule stands in."""
_CUT = 0.5
"""Share of a column's width from which a level rule parts the cells above and below it."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_LEADING = 1.45
"""Distance, in font sizes, up to which a line in a cell goes on with the one above it."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equally many cells, the first `header_rows` of them the header."""

    rows: tuple[tuple[str, ...], ...]
    header_rows: int
    page: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Ascending places of the upright and the level rules of one drawn table, and the rules themselves."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    upright: tuple[Rule, ...]
    level: tuple[Rule, ...]

    def holds(self, line: Line) -> bool:
        """Whether the line stands inside."""
        middle = line.y + line.size / 3
        inside = self.xs[0] - _TOUCH <= line.x0 and line.x1 <= self.xs[-1] + _TOUCH
        return inside and self.ys[0] - _TOUCH <= middle <= self.ys[-1] + _TOUCH


def grids_of(rules: Rules) -> list[Grid]:
    """The grids on a page: touching rules that make two columns and two rows at least, or enclose as many."""
    upright, level = rules.vertical, rules.horizontal
    if len(upright) + len(level) > _MAX_RULES or len(upright) < 2 or len(level) < 2:
        return []
    groups: list[tuple[list[Rule], list[Rule]]] = []
    for wall in upright:
        touching = [floor for floor in level if _cross(wall, floor)]
        joined = [group for group in groups if any(floor in group[1] for floor in touching)]
        merged: tuple[list[Rule], list[Rule]] = ([wall], touching)
        for group in joined:
            groups.remove(group)
            merged[0].extend(group[0])
            merged[1].extend(floor for floor in group[1] if floor not in touching)
        groups.append(merged)
    grids = [
        Grid(_places(walls), _places(floors), tuple(walls), tuple(floors))
        for walls, floors in groups
        if walls and floors
    ]
    return [grid for grid in grids if len(grid.xs) >= 3 and len(grid.ys) >= 2]


def ruled_table(lines: Sequence[Line], grid: Grid) -> Table | None:
    """The table that the lines inside a grid make up; None when they fill no more than one column or row."""
    ordered = sorted(lines, key=lambda line: (-line.y, line.x0))
    if sum(_has_gap(line, grid) for line in ordered) > _UNRULED_GAPS * len(ordered):
        return None  # a frame around a table, whose columns no rule parts
    placed = [(line, _placed(line, grid)) for line in ordered]
    labels = _labels_over_rows(placed, grid)
    strips: list[tuple[int, list[list[str]]]] = []
    for strip, inside in groupby(placed, key=lambda pair: _strip_of(pair[0], grid)):
        kept = [(line, cells) for line, cells in inside if any(cells)]
        found = _rows_of(kept) if kept else []
        for row in found:
            row[:] = [labels.get((strip, column), words) for column, words in enumerate(row)]
        strips.append((strip, [_over_columns(row, strip, grid) for row in found]))
    rows = _with_one_header([rows for _, rows in strips if rows])
    filled = [i for i in range(len(grid.xs) - 1) if any(row[i] for row in rows)]
    table = [tuple(row[i] for i in filled) for row in rows]
    several = sum(sum(map(bool, row)) > 1 for row in table)
    if len(filled) < 2 or len(table) < 2 or several < len(table) / 2:
        return None
    return Table(tuple(table), header_rows(table), ordered[0].page)


def _placed(line: Line, grid: Grid) -> list[str]:
    """The line's words by column; words between which no rule stands at this height stay together."""
    cells = [""] * (len(grid.xs) - 1)
    for run in _runs(line, grid):
        column = min(max(bisect_right(grid.xs, (run[0].x0 + run[0].x1) / 2) - 1, 0), len(cells) - 1)
        cells[column] = f"{cells[column]} {' '.join(word.text for word in run)}".strip()
    return cells


def _runs(line: Line, grid: Grid) -> list[list[Word]]:
    """The line's words, parted where a rule stands between two of them."""
    middle = line.y + line.size / 3
    walls = [rule.place for rule in grid.upright if rule.low - _TOUCH <= middle <= rule.high + _TOUCH]
    runs = [[line.words[0]]]
    for before, word in pairwise(line.words):
        left, right = min(before.x1, word.x1), max(before.x0, word.x0)  # words come in any order
        if any(left - 2 <= wall <= right + 2 for wall in walls):
            runs.append([word])
        else:
            runs[-1].append(word)
    return runs


def _strip_of(line: Line, grid: Grid) -> int:
    """Between which of the grid's level rules a line stands, from 1 at the foot."""
    return bisect_right(grid.ys, line.y + line.size / 3)


def _labels_over_rows(placed: Sequence[tuple[Line, list[str]]], grid: Grid) -> dict[tuple[int, int], str]:
    """By strip and column, what stands in a cell over several strips; taken out of the lines, in place.

    Lines as far apart as rows are cells of their own in a column that no rule parts.
    """
    labels: dict[tuple[int, int], str] = {}
    for column in range(len(grid.xs) - 1):
        for covered in _uncut(grid, column):
            there = [(line, cells) for line, cells in placed if _strip_of(line, grid) in covered]
            inside = [(line, cells) for line, cells in there if cells[column]]
            alone = not any(words for _, cells in there for words in (*cells[:column], *cells[column + 1 :]))
            if alone or not inside or not _is_one_label(inside, column):
                continue
            text = " ".join(cells[column] for _, cells in inside)
            labels |= {(strip, column): text for strip in covered}
            for _, cells in inside:
                cells[column] = ""
    return labels


def _is_one_label(inside: Sequence[tuple[Line, list[str]]], column: int) -> bool:
    """Whether lines are one label: close together, or each but the first in the middle of a sentence."""
    return _are_close([line for line, _ in inside]) or all(cells[column][0].islower() for _, cells in inside[1:])


def _are_close(lines: Sequence[Line]) -> bool:
    return all(above.y - below.y < _LEADING * below.size for above, below in pairwise(lines))


def _over_columns(row: list[str], strip: int, grid: Grid) -> list[str]:
    """The row, words that are not alone in it, and no amount, in each of the columns that no upright rule parts."""
    foot, head = (grid.ys[min(max(at, 0), len(grid.ys) - 1)] for at in (strip - 1, strip))
    middle = (foot + head) / 2
    walls = [rule.place for rule in grid.upright if rule.low - _TOUCH <= middle <= rule.high + _TOUCH]
    parted = [any(abs(wall - x) <= _TOUCH for wall in walls) for x in grid.xs[1:-1]]
    if sum(map(bool, row)) < 2:
        return row
    groups = [[0]]
    for column, wall in enumerate(parted, start=1):
        if wall:
            groups.append([column])
        else:
            groups[-1].append(column)
    spread = list(row)
    for group in groups[1:]:
        said = [row[column] for column in group if row[column]]
        if len(said) == 1 and (not is_number(said[0]) or _YEAR.fullmatch(said[0])):
            spread[group[0] : group[-1] + 1] = said * len(group)
    return spread


def _with_one_header(strips: Sequence[list[list[str]]]) -> list[list[str]]:
    """All rows; a first one that says something of several columns makes one header with the one below it."""
    rows = [row for strip in strips for row in strip]
    if len(strips) < 3 or len(strips[0]) > 1 or len(strips[1]) > 1:
        return rows
    upper, lower = rows[:2]
    wide = any(left and left == right for left, right in pairwise(upper))
    if not wide or any(is_number(words) and not _YEAR.fullmatch(words) for words in lower) or not header_rows(rows):
        return rows
    head = [" ".join(dict.fromkeys(filter(None, said))) for said in zip(upper, lower, strict=True)]
    return [head, *rows[2:]]


def _uncut(grid: Grid, column: int) -> list[list[int]]:
    """The strips between level rules, from the top, those put together that no rule parts in this column."""
    left, right = grid.xs[column], grid.xs[column + 1]
    runs: list[list[int]] = [[len(grid.ys) - 1]]
    for strip in range(len(grid.ys) - 2, 0, -1):
        covered = sum(
            max(min(rule.high, right) - max(rule.low, left), 0.0)
            for rule in grid.level
            if abs(rule.place - grid.ys[strip]) <= _TOUCH
        )
        if covered < _CUT * (right - left):
            runs[-1].append(strip)
        else:
            runs.append([strip])
    return [run for run in runs if len(run) > 1]


def _has_gap(line: Line, grid: Grid) -> bool:
    """Whether words far apart share a cell: the blank after a list's number does not count."""
    return any(
        word.x0 - before.x1 > _GAP * line.size
        for run in _runs(line, grid)
        for before, word in pairwise(run[1:] if len(run[0].text) < 4 else run)
    )


def _rows_of(strip: Sequence[tuple[Line, list[str]]]) -> list[list[str]]:
    """What stands between two level rules: one row when its lines are cells that wrap, else a row for each height."""
    heights: list[tuple[Line, list[str]]] = []
    for line, cells in strip:
        if heights and heights[-1][0].y - line.y < 0.35 * line.size:
            heights[-1] = (heights[-1][0], _joined(heights[-1][1], cells))
        else:
            heights.append((line, cells))
    if _is_one_row(heights):
        whole = heights[0][1]
        for _, cells in heights[1:]:
            whole = _joined(whole, cells)
        return [whole]
    return [cells for _, cells in heights]


def _joined(above: Sequence[str], below: Sequence[str]) -> list[str]:
    return [" ".join(filter(None, cells)) for cells in zip(above, below, strict=True)]


def _is_one_row(heights: Sequence[tuple[Line, list[str]]]) -> bool:
    """Lines close together, no two numbers below each other, and not three or more that fill every column."""
    close = _are_close([line for line, _ in heights])
    columns = list(zip(*(cells for _, cells in heights), strict=True))
    numbers = any(is_number(above) and is_number(below) for column in columns for above, below in pairwise(column))
    full = len(heights) > 2 and all(sum(map(bool, cells)) > 1 for _, cells in heights)
    return close and not numbers and not full


def _cross(wall: Rule, floor: Rule) -> bool:
    return (
        floor.low - _TOUCH <= wall.place <= floor.high + _TOUCH
        and wall.low - _TOUCH <= floor.place <= wall.high + _TOUCH
    )


def _places(rules: Sequence[Rule]) -> tuple[float, ...]:
    """Ascending places, those that touch taken as one."""
    kept: list[float] = []
    for rule in sorted(rules, key=lambda rule: rule.place):
        if not kept or rule.place - kept[-1] > _TOUCH:
            kept.append(rule.place)
    return tuple(kept)
