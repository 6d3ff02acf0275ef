"""What a table's cells say about it: values as people write them, and which rows are the header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

_NUMBER = re.compile(
    r"[-+(]?\s*+(?:[$€£¥]|CHF|USD|EUR)?\s*+[-+(]?\d[\d.,'’\s]*+\)?\s*+(?:%|[$€£¥])?(?:\s*+\[[\d,;]{1,7}\])?"
)
_EXACT = 15
"""Significant digits a spreadsheet keeps."""


def cell_text(value: object) -> str:
    """A cell as people write it: 3128.0 is 3128, 0.1 + 0.2 is 0.3, dates are ISO."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, f".{_EXACT}g")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def is_number(text: str) -> bool:
    """Whether a cell holds a number, an amount or a percentage, with the mark of a footnote or without: "8.41 [2]"."""
    return bool(_NUMBER.fullmatch(text.strip()))


def header_rows(rows: Sequence[Sequence[str]]) -> int:
    """1 when the first row names the columns: two cells of words at least, and no number but years; else 0."""
    if len(rows) < 2:
        return 0
    filled = [cell.strip() for cell in rows[0] if cell.strip()]
    numbers = [cell for cell in filled if is_number(cell) and not re.fullmatch(r"(19|20)\d\d", cell)]
    return int(len(filled) >= 2 and not numbers and any(not is_number(cell) for cell in filled))
