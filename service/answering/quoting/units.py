"""A passage is cut into stretches that can answer on their own: sentences, table rows, list items, lines of a form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from core.answers import Passage
from core.caches import to_forget
from core.text import ENGLISH
from service.answering.quoting.question import Asking
from service.answering.quoting.words import readable, stems

# What the columns of a table are called, in Markdown, between tabs, and where a passage begins within one.


RULE = re.compile(r"[\s|:=_*+-]+")
"""A line of nothing but these stands between rows and is none."""
_RULE_BELOW = re.compile(r"[ \t]*\n([^\n]*-[^\n]*)")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


def cells(row: str) -> tuple[str, ...]:
    """The cells of a table row without mark-up, whether tabs or bars divide them."""
    divided = row.split("\t") if "\t" in row else row.strip().strip("|").split("|")
    return tuple(readable(cell) for cell in divided)


def with_columns(units: list[Unit], text: str, given: str) -> list[Unit]:
    """Each row with the names of its columns: the header given, else the first row of its table without figures.

    Further rows belong to the header when their first cell is empty, or that of the header again. A line between two
    rows, or a row of one cell, names what follows in the same table; after a blank line or several lines another table
    begins.
    """
    done: list[Unit] = []
    names = [cells(line) for line in given.split("\n") if not RULE.fullmatch(line)] if given else []
    inside, end, lines, apart = bool(names), 0, 0, False
    for unit in units:
        apart = apart or (bool(done) and _BLANK_LINE.search(text, end, unit.start) is not None)
        end = unit.end
        if unit.kind != "row":
            lines += 1
            done.append(unit)
            continue
        if apart or lines > 1:
            names, inside = [], False
        elif lines and names:
            done[-1] = replace(done[-1], kind="label")
        lines, apart = 0, False
        is_header = _ruled_off(text, unit) or not _has_figures(unit.cells)
        if len(unit.cells) == 1 < len(_merged(names)):
            done.append(replace(unit, kind="label", plain=unit.cells[0]))
        elif is_header and not inside and (not names or unit.cells[0] in ("", names[-1][0])):
            names.append(unit.cells)
            done.append(replace(unit, kind="label"))
        else:
            inside = True
            done.append(replace(unit, header=_aligned(_merged(names), unit.cells)))
    return done


def _ruled_off(text: str, unit: Unit) -> bool:
    """True when a rule follows, as below the names of the columns in Markdown."""
    below = _RULE_BELOW.match(text, unit.end)
    return below is not None and RULE.fullmatch(below[1]) is not None


def _merged(rows: list[tuple[str, ...]]) -> tuple[str, ...]:
    """One name a column from several header rows; a name in an upper row holds for the columns up to the next one."""
    if not rows:
        return ()
    names = [*rows[-1], *[""] * (max(map(len, rows)) - len(rows[-1]))]
    for upper in reversed(rows[:-1]):
        if _lacks_corner(upper, names):
            upper = ("", *upper)
        spans = [name for name in upper[1:] if name]
        current = spans[0] if len(spans) == 1 else ""
        for column in range(1, len(names)):
            current = (upper[column] if column < len(upper) else "") or current
            names[column] = names[column] if current == names[column] else f"{current} {names[column]}".strip()
    return tuple(names)


def _lacks_corner(upper: tuple[str, ...], names: list[str]) -> bool:
    """True when the empty cell above the labels is gone, as where a passage begins with it: then no name is for it."""
    spread = upper[1:2] in ((), ("",)) or (all(upper) and len(upper) == len(names) - 1)
    return bool(upper[0]) and not names[0] and len(upper) < len(names) and spread


def _aligned(header: tuple[str, ...], row: tuple[str, ...]) -> tuple[str, ...]:
    """The header with as many names as the row has cells; a missing name is that of the first column, the labels."""
    return (*[""] * (len(row) - len(header)), *header)[: len(row)] if header else ()


def _has_figures(row: tuple[str, ...]) -> bool:
    """True when a cell is a figure other than a year: then the row is not a header."""
    return any(re.search(r"\d", cell) and not re.search(r"[^\W\d_]|(?:19|20)\d\d", cell) for cell in row)


Kind = Literal["sentence", "row", "item", "line", "label", "heading", "code"]

_LINE = re.compile(r"[^\n]+")
_HEADING = re.compile(r"\s*#{1,6}\s")
_ITEM = re.compile(r"\s*(?:[-*•+–▪●○]|\(?\d{1,2}\\?[.)]|\(?[a-z]\\?[.)])\s+\S")
_KEY_VALUE = re.compile(r"\s*[^\s:|][^:|.!?]{0,48}:\s+\S")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]*_]*(?=\s+[\"'“‘(\[*_]*[A-Z0-9À-Þ])|[。！？]")
_ABBREVIATION = re.compile(rf"(?:\b(?:[A-Z]|{'|'.join(map(re.escape, sorted(ENGLISH.passage_abbreviations)))})\\?\.)$")
_POINTS_BACK = re.compile(
    r"^(?:\w+ ){0,4}?(?:it|its|they|them|their|this|these|those|he|she|his|her|each|both)\b", re.IGNORECASE
)
"""What speaks of something that the sentence before names."""
_WRAPPED_AT = 60
"""A line at least this long that ends without a full stop goes on in the next one."""
CUT = 1024
"""Passages whose units are kept: in an evaluation every question is put to the same ones."""
_LABEL_WORDS = 5
"""A line of no more words, without a figure or a full stop, names what stands below it."""
_LABEL_REACH = 2
"""Units that such a line names; in a table it names all rows up to the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A stretch of a passage, [start, end) in the passage's text; `plain` is the same without mark-up.

    `context` is what a reader would take in with it: the line that introduces it and the header of its table.
    `cells` are those of a row, `header` the names of its columns, one a cell.
    `introduced_by` is the order of the introducing unit. `unmarked`: an item of a list without bullets.
    `lists`: a heading with a list right below it.
    """

    passage: int
    order: int
    kind: Kind
    start: int
    end: int
    text: str
    plain: str
    context: str = ""
    cells: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    introduced_by: int | None = None
    unmarked: bool = False
    lists: bool = False


def cut(passage: Passage) -> list[Unit]:
    """The units of a passage in order; together they hold all of its words, none twice."""
    hit = passage.hit
    headings = frozenset(readable(heading).casefold() for heading in (*hit.headings, hit.title))
    return list(_cut(passage.number, hit.text, hit.header, headings))


@lru_cache(CUT)
def _cut(number: int, text: str, header: str, headings: frozenset[str]) -> tuple[Unit, ...]:
    units: list[Unit] = []
    for kind, start, end in _pieces(text):
        plain = readable(text[start:end])
        line = text.rfind("\n", 0, start) + 1
        units.append(
            Unit(
                passage=number,
                order=len(units),
                kind="heading" if kind != "row" and plain.casefold() in headings else kind,
                start=start,
                end=end,
                text=text[start:end],
                plain=plain,
                cells=cells(text[line:end]) if kind == "row" else (),
            )
        )
    return tuple(_with_context(_with_lists(with_columns(units, text, header), text)))


to_forget(_cut.cache_clear)


def _with_lists(units: list[Unit], text: str) -> list[Unit]:
    """Two lines or more below a heading that are no sentences are the items of a list whose bullets are lost."""
    done: list[Unit] = []
    for unit in units:
        follows = bool(done) and (done[-1].kind == "heading" or done[-1].unmarked)
        lost = follows and unit.kind in ("sentence", "label") and _is_line(unit, text)
        done.append(replace(unit, unmarked=lost))
    inside = [unit.unmarked for unit in done] + [False]
    several = [unit.unmarked and (inside[unit.order - 1] or inside[unit.order + 1]) for unit in done]
    done = [
        replace(unit, unmarked=many, kind="item" if many else unit.kind)
        for unit, many in zip(done, several, strict=True)
    ]
    below = [unit.kind == "item" for unit in done[1:]] + [False] * min(len(done), 1)
    return [replace(unit, lists=unit.kind == "heading" and item) for unit, item in zip(done, below, strict=True)]


def _is_line(unit: Unit, text: str) -> bool:
    """True when a unit fills its line or lines and does not end as a sentence does."""
    alone = text[: unit.start].rstrip(" ")[-1:] in ("", "\n") and text[unit.end :].lstrip(" ")[:1] in ("", "\n")
    return alone and unit.plain[-1:] not in (*".!?:;,", "")


def _with_context(units: list[Unit]) -> list[Unit]:
    done: list[Unit] = []
    heading = ""
    title: Unit | None = None
    introduction: Unit | None = None
    label: Unit | None = None
    for unit in units:
        if label and unit.order - label.order > _LABEL_REACH and unit.kind != "row":
            label = None
        introducing = introduction or label
        header = " ".join(unit.header)
        named = introducing.plain if introducing and (not unit.cells or introducing.cells != unit.header) else ""
        before = done[-1].plain if done and done[-1].kind == unit.kind == "sentence" else ""
        parts = [heading, named, header, before if _POINTS_BACK.search(unit.plain) else ""]
        if unit.kind == "heading":
            heading, title, introduction, label = unit.plain, unit, None, None
            parts = []
        elif unit.unmarked:
            introducing = introducing or title
        done.append(
            replace(
                unit,
                context=" ".join(part for part in parts if part),
                introduced_by=introducing.order if introducing else None,
            )
        )
        if unit.plain.endswith((":", "?")):
            introduction = unit
        elif unit.kind == "label":
            introduction, label = None, unit
        elif unit.kind == "sentence":
            introduction = None
    return done


def _pieces(text: str) -> Iterator[tuple[Kind, int, int]]:
    """(kind, start, end) of every unit; plain lines are joined into paragraphs and cut into sentences."""
    paragraph: tuple[int, int] | None = None
    position = 0
    fenced = False
    for match in _LINE.finditer(text):
        start, end = _trimmed(text, *match.span())
        fence = _FENCE.match(text, start, end)
        kind: Kind | Literal["rule"] | None = "code" if fenced else _kind(text[start:end], match[0])
        blank_before = text.count("\n", position, start) > 1
        position = max(position, end)
        goes_on = kind is None and paragraph and not blank_before and _goes_on(text[slice(*paragraph)], text[start:end])
        if goes_on and paragraph and not fence:
            paragraph = (paragraph[0], end)
            continue
        if paragraph:
            yield from _sentences(text, *paragraph)
            paragraph = None
        if fence:
            fenced = not fenced
        elif kind is None or (kind in ("item", "line") and end - start >= _WRAPPED_AT):
            paragraph = (start, end)
        elif kind != "rule":
            yield kind, start, end
    if paragraph:
        yield from _sentences(text, *paragraph)


def _kind(stripped: str, line: str) -> Kind | Literal["rule"] | None:
    """What a line is by its form; None for running text."""
    if RULE.fullmatch(stripped) or not stripped:
        return "rule"
    barred = stripped.startswith("|") and (stripped.count("|") > 2 or stripped.endswith("|"))
    short = len(stripped.split()) <= _LABEL_WORDS and len(stripped) < _WRAPPED_AT
    if "\t" in stripped or barred or stripped.count(" | ") > 1 or (short and line.startswith("\t")):
        return "row"
    if _HEADING.match(line):
        return "heading"
    if _ITEM.match(line):
        return "item"
    if _KEY_VALUE.match(line):
        return "line"
    return "label" if short and stripped[-1] not in ".!?,;:" and not any(c.isdigit() for c in stripped) else None


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
        if _ABBREVIATION.search(text[max(begin, match.end() - 8) : match.end()]) or _is_bullet(
            text[begin : match.end()]
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


def _is_bullet(text: str) -> bool:
    return _ITEM.fullmatch(text + " x") is not None


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


# Which cell of a table row a question asks for.


FIGURE = re.compile(r"[^\d\s]{0,3}\s?(-?\d[\d,]*(?:\.\d+)?)(?:\s?\D{0,12})?(?: [(\[][\d.,e+-]+[)\]])?")
"""A number with at most a unit or a currency beside it, and its exact value or the mark of a note in brackets."""


def picked(asking: Asking, unit: Unit) -> tuple[str, str, str] | None:
    """A row's label, the name of the column that is asked for, and its cell; None when no column or several are."""
    filled = filled_cells(unit)
    if len(filled) == 2:
        return filled[0][1], *filled[1]
    if not filled:
        return None
    label = max(filled, key=lambda pair: len(asking.stems & set(stems(pair[1]))))[1]
    shares = [0.0 if cell == label or told(asking, cell) else share(asking, name) for name, cell in filled]
    if asking.asked == "number":
        figures = [amount if is_figure(cell) else 0.0 for amount, (_, cell) in zip(shares, filled, strict=True)]
        shares = figures if any(figures) else shares
    best = max(shares)
    return (label, *filled[shares.index(best)]) if best > 0 and shares.count(best) == 1 else None


def is_figure(cell: str) -> bool:
    """True for a cell that is a number with at most a unit or a currency beside it."""
    return FIGURE.fullmatch(cell) is not None


def filled_cells(unit: Unit) -> list[tuple[str, str]]:
    """(name of its column, cell) of a row's cells that are not empty."""
    header = unit.header or ("",) * len(unit.cells)
    return [(name, cell) for name, cell in zip(header, unit.cells, strict=True) if cell]


def told(asking: Asking, cell: str) -> bool:
    """True when the question says itself what stands in a cell: that is not what it asks for."""
    return set(stems(cell)) <= asking.stems


def share(asking: Asking, name: str) -> float:
    """How far a column's name is asked for; words that other names share count like any other."""
    roots = set(stems(name))
    return len(asking.stems & roots) / (len(roots) + 1)
