"""What a page carries besides its text: running heads and feet, and the numbers that count its lines."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ingest.parsers.pdf.lines import Line, Word

_FEW = 1 / 3
"""Share of different texts up to which lines at the edge of pages count as repeated: "Item 1", then "Item 2"."""
_NUMBER = re.compile(r"\d{1,9}")
_LEAST, _ALIGNED = 5, 8.0
"""How many numbers count the lines of a page at least, and how far, in points, from one edge they stand."""
_UNEVEN = 0.25
"""Share by which the distance of lines that numbers count may differ."""
_LEAST_PROSE, _CELL_GAP = 25, 1.5
"""Characters of a line of running text, and blank in it, in font sizes, below that of a table."""
_RUNNING_ON, _REACH = 0.1, 0.6
"""Share of numbered lines that go on with the sentence of the line above, which reaches so far across the text."""


def running_lines(pages: Sequence[Sequence[Line]]) -> set[Line]:
    """Heads and feet: outermost lines that say the same, page numbers aside, on half of the pages, three at least.

    Of two pages both must say it, at the same height; a single page has none.
    """
    if len(pages) < 2:
        return set()
    seen: dict[tuple[str, bool, int], list[Line]] = defaultdict(list)
    for lines in pages:
        by_height = sorted(lines, key=lambda line: line.y)
        for is_foot, edge in ((True, by_height[:2]), (False, by_height[2:][-2:])):
            for line in edge:
                height = round(line.y) if len(pages) == 2 else 0
                seen[_NUMBER.sub("#", line.text.lower()), is_foot, height].append(line)
    least = max(min(3, len(pages)), len(pages) // 2)
    repeated = (lines for lines in seen.values() if len({line.page for line in lines}) >= least)
    return {line for lines in repeated if _says_the_same(lines) for line in lines}


def _says_the_same(lines: Sequence[Line]) -> bool:
    """Whether lines that are alike but for their numbers say few different things, or number the pages."""
    if len({line.text for line in lines}) <= _FEW * len(lines):
        return True
    numbers = [[int(number) - line.page for number in _NUMBER.findall(line.text)] for line in lines]
    return any(len(set(places)) == 1 for places in zip(*numbers, strict=True))


@dataclass(frozen=True, slots=True)
class _Count:
    """A number at the edge of a page and the line it stands in."""

    number: int
    word: Word
    line: Line


def without_line_numbers(pages: Sequence[list[Line]]) -> list[list[Line]]:
    """The pages without numbers that count their lines; those of a list or table, whose rows end anywhere, stay.

    A page without such numbers is the very list it was.
    """
    counts = [_line_numbers(lines) for lines in pages]
    total = sum(map(len, counts))
    if not total or sum(map(_running_on, counts)) < _RUNNING_ON * total:
        return list(pages)
    return [_without(lines, found) if found else lines for lines, found in zip(pages, counts, strict=True)]


def _line_numbers(lines: Sequence[Line]) -> list[_Count]:
    """Numbers at one edge of a page, outside its text, that rise evenly from line to line; top to bottom."""
    for at in (0, -1):
        counts = [
            _Count(int(word.text), word, line)
            for line in lines
            if (word := line.words[at]).text.isdecimal() and len(word.text) < 5
        ]
        columns = [[other for other in counts if _stands_below(count.word, other.word)] for count in counts]
        longest = max(columns, key=lambda column: len(column), default=[])
        column = _rising(sorted(longest, key=lambda count: -count.line.y))
        edge = max((c.word.x1 for c in column), default=0) if at == 0 else min((c.word.x0 for c in column), default=0)
        words = [word for line in lines for word in line.words[:: max(len(line.words) - 1, 1)]]
        outside = sum(word.x0 < edge - 1 if at == 0 else word.x1 > edge + 1 for word in words)
        if len(column) >= _LEAST and outside <= 1.1 * len(column) + 2:
            return column
    return []


def _stands_below(word: Word, other: Word) -> bool:
    return abs(word.x1 - other.x1) < _ALIGNED or abs(word.x0 - other.x0) < _ALIGNED


def _rising(column: Sequence[_Count]) -> list[_Count]:
    """The longest stretch of numbers that rise by the same step at the same distance."""
    best: list[_Count] = []
    for step in (1, 5):
        run: list[_Count] = []
        for count in column:
            if run and count.number - run[-1].number != step:
                run = []
            run.append(count)
            if len(run) > len(best):
                best = list(run)
    drops = [above.line.y - below.line.y for above, below in pairwise(best)]
    usual = median(drops) if drops else 0.0
    return best if sum(abs(drop - usual) > _UNEVEN * usual for drop in drops) <= len(drops) / 10 else []


def _running_on(counts: Sequence[_Count]) -> int:
    """How many numbered lines begin in the middle of a sentence, the line above being as long as others."""
    rest = [_rest(count.line, count.word) for count in counts]
    rest = [line if line is not None and _is_prose(line) else None for line in rest]
    widest = max((line.x1 - line.x0 for line in rest if line is not None), default=0.0)
    return sum(
        above is not None and below is not None and below.text[0].islower() and above.x1 - above.x0 > _REACH * widest
        for above, below in pairwise(rest)
    )


def _is_prose(line: Line) -> bool:
    """Whether a line is as long as one of a text, and not parted into cells."""
    gaps = (word.x0 - before.x1 for before, word in pairwise(line.words))
    return len(line.text) > _LEAST_PROSE and max(gaps, default=0.0) < _CELL_GAP * line.size


def _without(lines: Sequence[Line], counts: Sequence[_Count]) -> list[Line]:
    numbers = {id(count.line): count.word for count in counts}
    rest = (_rest(line, numbers[id(line)]) if id(line) in numbers else line for line in lines)
    return [line for line in rest if line is not None]


def _rest(line: Line, number: Word) -> Line | None:
    words = tuple(word for word in line.words if word is not number)
    return replace(line, words=words) if words else None
