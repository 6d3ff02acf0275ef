"""What pdfium sees on a page: lines of words with their places, and ruled lines."""

from __future__ import annotations

import ctypes
import math
import re
from dataclasses import dataclass, replace
from typing import Any

_WORD = re.compile(r"[^\s\u00a0]+")
_LINE = re.compile(r"[^\r\n\x02\ufffe]+[\x02\ufffe]?")
"""pdfium joins a word that a hyphen cuts at the end of a line, and leaves one of two marks where the line ended."""
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
    """Words of one line in reading order. `y` is the lower edge and grows upwards; `size` that of its font."""

    words: tuple[Word, ...]
    y: float
    size: float
    bold: bool
    page: int
    turned: bool = False
    """Whether it stands at an angle on the page."""

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
    text = _characters(textpage)
    lines: list[Line] = []
    for match in _LINE.finditer(text):
        line = _line(textpage.raw, text, match.span(), page)
        if line is None:
            continue
        if lines and _continues(lines[-1], line):
            lines[-1] = _joined(lines[-1], line)
        else:
            lines.append(line)
    return lines


def _line(handle: Any, text: str, span: tuple[int, int], page: int) -> Line | None:  # noqa: ANN401 -- as above
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    reference = ctypes.byref(box)
    words: list[Word] = []
    longest, at, y = 0, -1, 0.0
    for word in _WORD.finditer(text, *span):
        first, last = word.span()
        cleaned = word.group().translate(_CLEAN)
        if not cleaned or not raw.FPDFText_GetLooseCharBox(handle, first, reference):
            continue
        left, right, bottom = box.left, box.right, box.bottom
        if last - first > longest:
            longest, at, y = last - first, first, bottom
        if last - first > 1 and raw.FPDFText_GetLooseCharBox(handle, last - 1, reference):
            right = max(right, box.right)
        words.append(Word(cleaned, left, right))
    if not words:
        return None
    size, turned = _size_and_turn(handle, at)
    return Line(tuple(words), y, size, _is_bold(handle, at), page, turned)


def _size_and_turn(handle: Any, index: int) -> tuple[float, bool]:  # noqa: ANN401 -- as above
    """The font's size as it is shown, the nominal one times the scale of the text's matrix; whether it is turned."""
    from pypdfium2 import raw

    matrix = raw.FS_MATRIX()
    size, turned = float(raw.FPDFText_GetFontSize(handle, index)), False
    if raw.FPDFText_GetMatrix(handle, index, ctypes.byref(matrix)):
        size *= math.hypot(matrix.c, matrix.d) or 1.0
        turned = abs(matrix.b) > 0.2 * abs(matrix.a)
    return round(max(size, 1.0) * 2) / 2, turned


def _continues(before: Line, line: Line) -> bool:
    """Whether a line goes on at the height of the one before: pdfium begins a new one after a raised number."""
    height = max(before.size, line.size)
    if before.turned or line.turned:
        return False
    return abs(before.y - line.y) < 0.5 * height and -1 <= line.x0 - before.x1 < 0.9 * height


def _joined(before: Line, line: Line) -> Line:
    main = before if before.size >= line.size else line
    words = (*before.words, *line.words)
    if line.x0 - before.x1 < 0.12 * main.size:
        glued = Word(before.words[-1].text + line.words[0].text, before.words[-1].x0, line.words[0].x1)
        words = (*before.words[:-1], glued, *line.words[1:])
    return replace(main, words=words)


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
