"""How results look: one JSON document for programs, short aligned lines for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from pydantic import BaseModel

from core.terminal import visible, visible_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPED_WIDTH = 1_000


@cache
def out() -> Console:
    """Standard output: results only."""
    return _console(to_stderr=False)


@cache
def err() -> Console:
    """Standard error: progress and remarks."""
    return _console(to_stderr=True)


def print_json(value: BaseModel | dict[str, object]) -> None:
    """One JSON document on standard output."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    sys.stdout.write(visible_json(json.dumps(plain, ensure_ascii=False, indent=2)) + "\n")


def print_text(text: str) -> None:
    """A text as it is on standard output, but for what a terminal would obey; it ends with a line end."""
    sys.stdout.write(visible(text if text.endswith("\n") else text + "\n"))


def complain(text: str) -> None:
    """Why a command ends, on standard error."""
    sys.stderr.write(visible(text) + "\n")


def styled(*parts: tuple[str, str] | str) -> Text:
    """A line of (text, style) parts; nothing in the text is taken for mark-up."""
    from rich.text import Text

    line = Text()
    for part in parts:
        text, style = part if isinstance(part, tuple) else (part, "")
        line.append(visible(text), style)
    return line


def say(*parts: tuple[str, str] | str, indent: int = 0) -> None:
    """Print a line of result, wrapped to the terminal and never when piped."""
    from rich.padding import Padding

    if out().is_terminal and indent:
        out().print(Padding(styled(*parts), (0, 0, 0, indent)))
    else:
        out().print(styled(" " * indent, *parts), soft_wrap=True)


def remark(text: str) -> None:
    """Print a line that is not part of the result."""
    err().print(styled(text), soft_wrap=True)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> None:
    """Print aligned columns; those in `numbers` to the right."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0), collapse_padding=True)
    for position, heading in enumerate(headings):
        made.add_column(heading, justify="right" if position in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*(styled(cell) for cell in row))
    out().print(made)


def place(document: str, first: int | None, last: int | None = None) -> str:
    """`handbook.pdf, page 3` or `handbook.pdf, pages 3-4`."""
    if first is None:
        return document
    if last is None or last == first:
        return f"{document}, page {first}"
    return f"{document}, pages {first}-{last}"


def amount(number: int, one: str, many: str = "") -> str:
    """`1 document`, `2 documents`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(octets: int) -> str:
    """`12 kB`."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if octets >= factor:
            return f"{octets / factor:.1f} {unit}" if octets < 10 * factor else f"{octets / factor:.0f} {unit}"
    return f"{octets} B"


def _console(*, to_stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if to_stderr else sys.stdout
    return Console(
        stderr=to_stderr, emoji=False, markup=False, highlight=False, width=None if stream.isatty() else PIPED_WIDTH
    )
