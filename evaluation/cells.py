"""Texts as cells of a CSV file that is opened in a spreadsheet."""

from __future__ import annotations

import re

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula, also after it has dropped white space."""
_NUMBER = re.compile(r"[+-]?\d[\d.,]*%?")


def cell(text: str) -> str:
    """`text` with an apostrophe before what would be run as a formula; numbers stay as they are.

    Line ends are all `\\n`: the csv module does not quote a bare `\\r`, and a reader begins a new row after it.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{plain}" if plain.startswith(FORMULA) and not _NUMBER.fullmatch(plain) else plain
