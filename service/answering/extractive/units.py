"""A passage is cut into stretches that can answer on their own: sentences, table rows, list items, lines of a form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.answers import Passage

Kind = Literal["sentence", "row", "item", "line", "heading"]

_LINE = re.compile(r"[^\n]+")
_HEADING = re.compile(r"\s*#{1,6}\s")
_ITEM = re.compile(r"\s*(?:[-*•+–▪●○]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+\S")
_KEY_VALUE = re.compile(r"\s*[^\s:|][^:|.!?]{0,48}:\s+\S")
_RULE = re.compile(r"[\s|:=_*+-]+")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]*_]*(?=\s+[\"'“‘(\[*_]*[A-Z0-9À-Þ])|[。！？]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Inc|Ltd|Corp|Co|vs|e\.g|i\.e|cf|approx|Fig|Sec|Art|Jan|Feb|Mar|Apr|Jun|Jul|Aug|"
    r"Sep|Sept|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)\.)$"
)
_WRAPPED_AT = 60
"""A line at least this long that ends without a full stop goes on in the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A stretch of a passage, [start, end) in the passage's text.

    `context` is what a reader would take in with it: the line that introduces it and the header of its table.
    `header` holds the names of a row's columns.
    """

    passage: int
    order: int
    kind: Kind
    start: int
    end: int
    text: str
    context: str = ""
    header: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of a row."""
        return cells(self.text)


def cut(passage: Passage) -> list[Unit]:
    """The units of a passage in order; together they hold all of its words, none twice."""
    text = passage.hit.text
    units: list[Unit] = []
    heading = introduction = ""
    header = cells(passage.hit.header.splitlines()[-1]) if passage.hit.header else ()
    previous: Kind | None = None
    for kind, start, end in _pieces(text):
        stretch = text[start:end]
        if kind == "row" and previous != "row" and not header and not _has_figures(stretch):
            header = cells(stretch)
        elif kind != "row" and previous == "row":
            header = ()
        context = " ".join([heading, introduction if kind != "heading" else "", *(header if kind == "row" else ())])
        units.append(
            Unit(
                passage=passage.number,
                order=len(units),
                kind=kind,
                start=start,
                end=end,
                text=stretch,
                context=context,
                header=header if kind == "row" and header != cells(stretch) else (),
            )
        )
        if kind == "heading":
            heading, introduction = stretch, ""
        elif stretch.rstrip("*_ ").endswith((":", "?")):
            introduction = stretch
        elif kind == "sentence":
            introduction = ""
        previous = kind
    return units


def cells(row: str) -> tuple[str, ...]:
    """The cells of a table row, whether tabs or bars divide them."""
    if "\t" in row:
        return tuple(cell.strip() for cell in row.split("\t"))
    return tuple(cell.strip() for cell in row.strip().strip("|").split("|"))


def _pieces(text: str) -> Iterator[tuple[Kind, int, int]]:
    """(kind, start, end) of every unit; plain lines are joined into paragraphs and cut into sentences."""
    paragraph: tuple[int, int] | None = None
    position = 0
    for match in _LINE.finditer(text):
        start, end = _trimmed(text, *match.span())
        line = text[start:end]
        if start == end or _FENCE.match(line):
            continue
        kind = _kind(match[0])
        blank_before = text.count("\n", position, start) > 1
        position = end
        if kind is None and paragraph and not blank_before and _goes_on(text[slice(*paragraph)], line):
            paragraph = (paragraph[0], end)
            continue
        if paragraph:
            yield from _sentences(text, *paragraph)
            paragraph = None
        if kind is None or (kind in ("item", "line") and len(line) >= _WRAPPED_AT):
            paragraph = (start, end)
        elif kind != "rule":
            yield kind, start, end
    if paragraph:
        yield from _sentences(text, *paragraph)


def _kind(line: str) -> Kind | Literal["rule"] | None:
    """What a line is by its form; None for running text."""
    stripped = line.strip()
    if _RULE.fullmatch(stripped):
        return "rule"
    if "\t" in stripped or (stripped.startswith("|") and stripped.count("|") > 2) or stripped.count(" | ") > 1:
        return "row"
    if _HEADING.match(line):
        return "heading"
    if _ITEM.match(line):
        return "item"
    return "line" if _KEY_VALUE.match(line) else None


def _goes_on(before: str, line: str) -> bool:
    """True when a line carries on the text before it: that one is as long as a wrapped line, or breaks mid-sentence."""
    last = before.rsplit("\n", 1)[-1].rstrip()
    if last.endswith((".", "!", "?", ":", "。")):
        return len(last) >= _WRAPPED_AT and last[-1] != ":"
    return len(last) >= _WRAPPED_AT or line[:1].islower() or last.endswith((",", ";", "-"))


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[Kind, int, int]]:
    kind: Kind = "item" if _ITEM.match(text[start:end]) else "sentence"
    begin = start
    for match in _SENTENCE_END.finditer(text, start, end):
        if _ABBREVIATION.search(text[max(begin, match.end() - 8) : match.end()]) or _ITEM.fullmatch(
            text[begin : match.end()] + " x"
        ):
            continue
        first, last = _trimmed(text, begin, match.end())
        if first < last:
            yield kind, first, last
            kind = "sentence"
        begin = match.end()
    first, last = _trimmed(text, begin, end)
    if first < last:
        yield kind, first, last


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _has_figures(row: str) -> bool:
    """True when most filled cells of a row hold a figure other than a year: then it is not a header."""
    filled = [cell for cell in cells(row) if cell]
    figures = [cell for cell in filled if re.search(r"\d", cell) and not re.fullmatch(r"(19|20)\d\d", cell)]
    return len(figures) * 2 > len(filled)
