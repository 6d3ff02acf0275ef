"""What pdfium sees on a page: lines of words with their places, and ruled lines."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_WORD = re.compile(r"[^\s\u00a0]+")
_LINE = re.compile(r"[^\r\n]+")
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_CLEAN = str.maketrans({**_LIGATURES, "\x02": "-", "\ufffe": "-", "\u00ad": "-", "\x00": None, "\ufeff": None})
_BOLD = re.compile(r"bold|black|heavy|demi", re.I)
_FORCE_BOLD = 1 << 18
_MOST_OBJECTS = 20_000
_THIN = 2.5
_PATH = 2


@dataclass(frozen=True, slots=True)
class Word:
    """A run without blanks; x grows to the right, in points."""

    text: str
    x0: float
    x1: float


@dataclass(frozen=True, slots=True)
class Line:
    """Words of one line in reading order. `y` is the lower edge and grows upwards; `size` the height of its font."""

    words: tuple[Word, ...]
    y: float
    size: float
    bold: bool
    page: int

    @property
    def text(self) -> str:
        """The words with single blanks."""
        return " ".join(word.text for word in self.words)

    @property
    def x0(self) -> float:
        """Left edge."""
        return self.words[0].x0

    @property
    def x1(self) -> float:
        """Right edge."""
        return max(word.x1 for word in self.words)


@dataclass(frozen=True, slots=True)
class Rules:
    """Edges of ruled lines and boxes: heights of horizontal ones, places of vertical ones."""

    horizontal: tuple[float, ...]
    vertical: tuple[float, ...]


def lines_of(textpage: Any, page: int) -> list[Line]:  # noqa: ANN401 -- an object of a library without types
    """The lines of a page in pdfium's order, which keeps columns apart."""
    from pypdfium2 import raw

    text = _characters(textpage)
    handle = textpage.raw
    box = raw.FS_RECTF()
    reference = ctypes.byref(box)
    lines: list[Line] = []
    for line in _LINE.finditer(text):
        words: list[Word] = []
        y = size = 0.0
        first = -1
        for word in _WORD.finditer(text, line.start(), line.end()):
            cleaned = word.group().translate(_CLEAN)
            if not cleaned or not raw.FPDFText_GetLooseCharBox(handle, word.start(), reference):
                continue
            left, bottom, height = box.left, box.bottom, box.top - box.bottom
            right = box.right
            if word.end() - word.start() > 1 and raw.FPDFText_GetLooseCharBox(handle, word.end() - 1, reference):
                right = max(right, box.right)
            words.append(Word(cleaned, left, right))
            if height > size:
                y, size = bottom, height
            first = word.start() if first < 0 else first
        if words:
            lines.append(Line(tuple(words), y, round(size * 2) / 2, _is_bold(handle, first), page))
    return lines


def _characters(textpage: Any) -> str:  # noqa: ANN401 -- an object of a library without types
    """One character for each of pdfium's, so that places in the text are pdfium's indexes."""
    from pypdfium2 import raw

    total = textpage.count_chars()
    text: str = textpage.get_text_range(0, total) if total > 0 else ""
    if len(text) == total:
        return text
    codes = (raw.FPDFText_GetUnicode(textpage.raw, index) for index in range(total))
    return "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)


def _is_bold(handle: Any, index: int) -> bool:  # noqa: ANN401 -- an object of a library without types
    from pypdfium2 import raw

    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int(0)
    raw.FPDFText_GetFontInfo(handle, index, name, 128, ctypes.byref(flags))
    return bool(flags.value & _FORCE_BOLD) or bool(_BOLD.search(name.value.decode("utf-8", "replace")))


def rules_of(page: Any) -> Rules:  # noqa: ANN401 -- an object of a library without types
    """The ruled lines and box edges drawn on a page."""
    from pypdfium2 import raw

    horizontal: set[float] = set()
    vertical: set[float] = set()
    edges = [ctypes.c_float() for _ in range(4)]
    references = [ctypes.byref(edge) for edge in edges]
    for index in range(min(raw.FPDFPage_CountObjects(page.raw), _MOST_OBJECTS)):
        shape = raw.FPDFPage_GetObject(page.raw, index)
        if raw.FPDFPageObj_GetType(shape) != _PATH or not raw.FPDFPageObj_GetBounds(shape, *references):
            continue
        left, bottom, right, top = (edge.value for edge in edges)
        if right - left > 10:
            horizontal |= {(bottom + top) / 2} if top - bottom < _THIN else {bottom, top}
        if top - bottom > 4:
            vertical |= {(left + right) / 2} if right - left < _THIN else {left, right}
    return Rules(_distinct(horizontal), _distinct(vertical))


def _distinct(places: set[float]) -> tuple[float, ...]:
    """Ascending places, those closer than a thin line taken as one."""
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] > _THIN:
            kept.append(place)
    return tuple(kept)


def width_of(lines: Sequence[Line]) -> tuple[float, float]:
    """Left and right edge of the text."""
    return min(line.x0 for line in lines), max(line.x1 for line in lines)
