"""What the columns of a table are called, in Markdown, between tabs, and where a passage begins within one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from service.answering.extractive.plain import readable

if TYPE_CHECKING:
    from service.answering.extractive.units import Unit

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

    Further rows belong to the header when their first cell is empty. A line between two rows, or a row of one cell,
    names what follows in the same table; after a blank line or several lines another table begins.
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
        elif is_header and not inside and not (names and unit.cells[0]):
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
            names[column] = f"{current} {names[column]}".strip()
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
