"""The characters of a page as they stand on paper: blanks by distance, letters of a ligature in their order."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

Box = tuple[float, float, float, float]
"""Left, right, lower and upper edge, in points."""

_SINGLE = 0.1
"""Share of words of one letter, above any language's, from which the blanks of a page are not believed."""
_LEAST_WORDS = 12
_LETTER = re.compile(r"(?<!\S)[^\W_](?!\S)")
_BLANK = 0.1
"""By how much, in heights of its type, a blank between words is wider than that between letters."""
_WIDEST = 0.4
"""Blank between the letters of a word, in heights of its type, at most."""
_NOTHING = "\x00"
"""Stands for a blank that is none, so that places in the text stay pdfium's indexes; cleaning takes it out."""
_IN_LINE = re.compile(r"[^\r\n]+")
_REVERSED_LIGATURE = re.compile("[اأإآٱ]ل")
_SAMPLE = 40


def characters_of(textpage: Any) -> str:  # noqa: ANN401 -- an object of a library without types
    """One character for each of pdfium's, so that places in the text are pdfium's indexes."""
    text = _as_pdfium_says(textpage)
    if len(_LETTER.findall(text)) > _SINGLE * max(text.count(" "), _LEAST_WORDS):
        text = _parted_by_distance(text, box_reader(textpage.raw))
    if _REVERSED_LIGATURE.search(text):
        text = _with_ligatures(text, box_reader(textpage.raw))
    return text


def box_reader(handle: Any) -> Callable[[int], Box | None]:  # noqa: ANN401 -- as above
    """A function that gives the box of the character at an index, as wide and high as its font sets it."""
    from pypdfium2 import raw

    rectangle = raw.FS_RECTF()
    reference = ctypes.byref(rectangle)

    def box(index: int) -> Box | None:
        if not raw.FPDFText_GetLooseCharBox(handle, index, reference):
            return None
        return rectangle.left, rectangle.right, rectangle.bottom, rectangle.top

    return box


def quarter_turns(textpage: Any) -> int:  # noqa: ANN401 -- as above
    """How many quarters of a turn, counter-clockwise, most of the text on a page is turned by."""
    from pypdfium2 import raw

    total = textpage.count_chars()
    matrix = raw.FS_MATRIX()
    turns: Counter[int] = Counter()
    for index in range(0, total, max(total // _SAMPLE, 1)):
        if raw.FPDFText_IsGenerated(textpage.raw, index) != 0:
            continue
        if raw.FPDFText_GetMatrix(textpage.raw, index, ctypes.byref(matrix)):
            level = abs(matrix.a) >= abs(matrix.b)
            turns[(0 if matrix.a >= 0 or matrix.d >= 0 else 2) if level else (1 if matrix.b > 0 else 3)] += 1
    most = max(turns, key=lambda turn: turns[turn], default=0)
    return most if turns[most] > turns.total() / 2 else 0


def _as_pdfium_says(textpage: Any) -> str:  # noqa: ANN401 -- as above
    from pypdfium2 import raw

    total = textpage.count_chars()
    text: str = textpage.get_text_range(0, total) if total > 0 else ""
    if len(text) == total:
        return text
    codes = (raw.FPDFText_GetUnicode(textpage.raw, index) for index in range(total))
    return "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)


def _parted_by_distance(text: str, box: Callable[[int], Box | None]) -> str:
    """The text without blanks that are no wider than what parts the letters of the line; some scans space them."""
    kept = list(text)
    for line in _IN_LINE.finditer(text):
        letters = [
            (index, place)
            for index in range(*line.span())
            if not text[index].isspace() and (place := box(index)) is not None
        ]
        gaps = [_gap(before, after) for (_, before), (_, after) in pairwise(letters)]
        usual = min(max(median(gaps), 0.0), _WIDEST) if gaps else 0.0
        for gap, ((left, _), (right, _)) in zip(gaps, pairwise(letters), strict=True):
            if right - left > 1 and gap < usual + _BLANK:
                kept[left + 1 : right] = _NOTHING * (right - left - 1)
    return "".join(kept)


def _gap(before: Box, after: Box) -> float:
    """The blank between two characters of a line, whichever way it runs, in heights of the type."""
    height = max(min(before[3] - before[2], after[3] - after[2]), 0.1)
    level = before[2] < after[3] and after[2] < before[3]
    return max(after[0] - before[1], before[0] - after[1]) / height if level else _WIDEST + _BLANK


def _with_ligatures(text: str, box: Callable[[int], Box | None]) -> str:
    """The text with lam before alef where both are one sign: pdfium turns a line from right to left by letters."""
    kept = list(text)
    for match in _REVERSED_LIGATURE.finditer(text):
        first, end = match.span()
        before, after = (box(index) if 0 <= index < len(text) else None for index in (first - 1, end))
        if (sign := box(first)) == box(first + 1) and sign not in (before, after):
            kept[first:end] = text[first + 1], text[first]
    return "".join(kept)
