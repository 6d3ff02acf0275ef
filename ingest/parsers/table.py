"""CSV, TSV and other delimited text: one table, its first row as wide as those below the header."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Sequence

from core.documents import Parsed
from ingest.parsers.builder import TextBuilder, stem
from ingest.parsers.cells import header_rows
from ingest.parsers.encoding import decode

_DELIMITERS = ",;\t|^~"
_SAMPLE_LINES = 50
_SEPARATOR = re.compile(r"sep=([^\r\n\w\"])\r?\n", re.I)
"""A first line for Excel, which is no row."""
_WIDE = 8
"""Columns from which on more of them tell nothing more."""
_ALMOST = 0.75
"""Share of a table's width from which on a row is its header, and not a line above it."""
_MAX_CELL_LENGTH = 10_000_000


def parse_table(content: bytes, *, name: str) -> Parsed:
    """The whole file as one table, lines above its header as text; ragged rows are kept as they are."""
    text = decode(content)
    csv.field_size_limit(_MAX_CELL_LENGTH)
    builder = TextBuilder()
    said = _SEPARATOR.match(text)
    delimiter = said.group(1) if said else delimiter_of(text, name)
    text = text[said.end() :] if said else text
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    first = list(itertools.islice(rows, _SAMPLE_LINES))
    header = _header(first)
    above = (": ".join(cell.strip() for cell in row if cell.strip()) for row in first[:header])
    builder.add("paragraph", "\n".join(filter(None, above)))
    builder.add_table(itertools.chain(first[header:], rows), header_rows=1)
    return builder.build(title=stem(name))


def _header(rows: Sequence[Sequence[str]]) -> int:
    """The first row about as wide as most, or the one before where that holds figures; 0 without columns."""
    used = [max((place for place, cell in enumerate(row, start=1) if cell.strip()), default=0) for row in rows]
    counted = Counter(used)
    repeated = [width for width, count in counted.items() if count > 1 and width > 1]
    width = max(repeated, key=lambda width: counted[width] * min(width, _WIDE) ** 2, default=0)
    first = next((place for place, cells in enumerate(used) if width and cells >= _ALMOST * width), 0)
    before, here = rows[max(first - 1, 0) : first + 1], rows[first : first + 2]
    return first - 1 if first and header_rows(before) and not header_rows(here) else first


def looks_like_table(start: bytes) -> bool:
    """Whether the first lines of a file without a telling name have the same number of cells; running text has not."""
    lines = [line for line in start.splitlines()[:_SAMPLE_LINES] if line.strip()]
    lines = lines[:-1] if len(lines) > 2 else lines
    if len(lines) < 2 or b", " in start:
        return False
    delimiters = (mark.encode() for mark in _DELIMITERS)
    return any(mark in lines[0] and len({line.count(mark) for line in lines}) == 1 for mark in delimiters)


def delimiter_of(text: str, name: str = "") -> str:
    """The delimiter that parts most lines into the same number of cells, two at least; a comma when none does."""
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    lines = [line for line in text.splitlines()[:_SAMPLE_LINES] if line.strip()]
    best, best_score = ",", 0
    for delimiter in _DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter))
        score = max((n * min(width, _WIDE) for width, n in widths.items() if width > 1), default=0)
        if score > best_score:
            best, best_score = delimiter, score
    return best
