"""What pdfium sees on a page: lines of words with their places, and ruled lines."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Any

from ingest.parsers.pdf.characters import Box, box_reader

_WORD = re.compile(r"[^\s\u00a0]+")
_LEADER = re.compile(r"[.…·_]+")
_DRAWN = re.compile(r"[_=*~─━–—-]{4,}|[_=*~─━]{3}")
"""A rule drawn with letters."""
_LINE = re.compile(r"[^\r\n\x02\ufffe]+[\x02\ufffe]?")
"""pdfium joins a word that a hyphen cuts at the end of a line, and leaves one of two marks where the line ended."""
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_BULLETS = dict.fromkeys("\uf0b7\uf0a7\uf0d8\uf076\uf0fc\uf0a8", "•")
"""As Word writes them, in a font of signs."""
_CLEAN = str.maketrans(
    {**_LIGATURES, **_BULLETS, "\x02": "-", "\ufffe": "-", "\u00ad": "-", "\x00": None, "\ufeff": None}
)
_NO_LETTER = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f\ufffd]")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_GARBLED, _GARBLED_PRIVATE = 0.05, 0.4
"""Shares of characters that stand for nothing, or for nothing known, from which a page's text is not its words."""
_BOLD = re.compile(r"bold|black|heavy|demi", re.I)
_FORCE_BOLD = 1 << 18
_MAX_OBJECTS = 20_000
_THIN = 2.5
_LEADERS = 4
"""Dots between blanks, from this many on, lead from a title to its page number and say nothing."""
_PATH = 2
_RAISED_SIZE, _RAISED_BY = 0.85, 0.1
"""How small beside the type before it, and how much above its foot (in heights of it), a raised mark is."""
_RAISED_MOST, _CLOSE = 0.75, 0.3
"""How far above the line, and how near to it, in font sizes, a mark stands that pdfium takes for a line of its own."""
_LETTERS, _BLANK, _WIDEST = 5, 0.12, 0.4
"""Words of one letter from which a line is not believed; blanks between words and between letters, in font sizes."""
_LIFTED, _BESIDE = 0.5, 6.0
"""How much higher, in points, a raised mark's foot is at least, and how far it stands from the word at most."""
_NUMBERS = re.compile(r"\d{1,3}(?:[,;]\d{1,3})*")
_SIGNS = re.compile("(?<=[^⁰¹²³⁴-⁹])[⁰¹²³⁴-⁹]+")
_AS_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER = re.compile(r"[×x·*⋅]\s*10$")
_UNIT = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,3}$")
"""Up to three letters, such as m, km or CO: a raised number belongs to them."""


@dataclass(frozen=True, slots=True)
class Word:
    """A run without blanks; x grows to the right, in points."""

    text: str
    x0: float
    x1: float


@dataclass(frozen=True)
class Line:
    """Words of one line in reading order. `y` is the lower edge and grows upwards; `size` that of its font."""

    words: tuple[Word, ...]
    y: float
    size: float
    bold: bool
    page: int
    turned: bool = False
    """Whether it stands at an angle on the page."""

    @cached_property
    def text(self) -> str:
        """The words with single blanks."""
        return " ".join(word.text for word in self.words)

    @property
    def x0(self) -> float:
        """Left edge."""
        return self.words[0].x0

    @cached_property
    def x1(self) -> float:
        """Right edge."""
        return max(word.x1 for word in self.words)


@dataclass(frozen=True, slots=True)
class Rule:
    """A drawn line: level at height `place` from x `low` to `high`, or upright at x `place` from y `low` to `high`."""

    place: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rules:
    """The level and the upright lines on a page, box edges among them."""

    horizontal: tuple[Rule, ...]
    vertical: tuple[Rule, ...]


NO_RULES = Rules((), ())


def lines_of(textpage: Any, page: int, text: str) -> list[Line]:  # noqa: ANN401 -- an object of a library without types
    """The lines of a page, of which `text` holds the characters, in pdfium's order, which keeps columns apart."""
    lines: list[Line] = []
    for match in _LINE.finditer(text):
        line = _line(textpage.raw, text, match.span(), page)
        if line is None:
            continue
        if lines and _continues(lines[-1], line):
            lines[-1] = _joined(lines[-1], line)
        else:
            lines.append(line)
    return [_with_whole_words(line) for line in lines]


def _with_whole_words(line: Line) -> Line:
    """The line, its words put together where a scan has set most letters on their own."""
    letters = sum(len(word.text) == 1 and word.text.isalpha() for word in line.words)
    if letters < max(_LETTERS, 0.4 * len(line.words)):
        return line
    gaps = [word.x0 - before.x1 for before, word in pairwise(line.words)]
    usual = min(max(median(gaps), 0.0), _WIDEST * line.size)
    words = [line.words[0]]
    for gap, word in zip(gaps, line.words[1:], strict=True):
        if -usual <= gap < usual + _BLANK * line.size:
            words[-1] = Word(words[-1].text + word.text, words[-1].x0, word.x1)
        else:
            words.append(word)
    return replace(line, words=tuple(words))


def cleaned(text: str) -> str:
    """The text with ligatures as letters and without signs that stand for nothing."""
    return text if text.isascii() and "\x00" not in text else text.translate(_CLEAN)


def is_garbled(lines: Sequence[Line]) -> bool:
    """Whether the fonts of a page give numbers of shapes for letters, as some do that are embedded without a map."""
    text = "".join(line.text for line in lines)
    odd, private = len(_NO_LETTER.findall(text)), len(_PRIVATE.findall(text))
    return odd > _GARBLED * len(text) or private > _GARBLED_PRIVATE * len(text)


def _line(handle: Any, text: str, span: tuple[int, int], page: int) -> Line | None:  # noqa: ANN401 -- as above
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    reference = ctypes.byref(box)
    words: list[Word] = []
    longest, at, y = 0, -1, 0.0
    places: list[int] = []
    for word in _WORD.finditer(text, *span):
        first, last = word.span()
        said = word.group().translate(_CLEAN)
        if not said or not raw.FPDFText_GetLooseCharBox(handle, first, reference):
            continue
        left, right, bottom = box.left, box.right, box.bottom
        raised = places and said.isdigit() and bottom > y + _LIFTED and left - words[-1].x1 < _BESIDE
        if last - first > longest:
            longest, at, y = last - first, first, bottom
        if last - first > 1 and raw.FPDFText_GetLooseCharBox(handle, last - 1, reference):
            right = max(right, box.right)
            raised = raised or (said[-1].isdigit() and box.bottom > bottom + _LIFTED)
        if raised:
            said = _with_mark(handle, text, (first, last), [*words, Word(said, left, right)], places)
        words.append(Word(said, left, right))
        places.append(first)
    if _SIGNS.search(text, *span):
        words = [replace(word, text=_SIGNS.sub(_sign_set_off, word.text)) for word in words]
    if sum(bool(_LEADER.fullmatch(word.text)) for word in words) >= _LEADERS:
        words = [word for word in words if not _LEADER.fullmatch(word.text)]
    if not words or _DRAWN.fullmatch("".join(word.text for word in words)):
        return None
    size, turned = _size_and_turn(handle, at)
    bold = _is_bold(handle, places[0]) and (len(places) == 1 or _is_bold(handle, places[-1]))
    return Line(tuple(words), y, size, bold, page, turned)


def _with_mark(
    handle: Any,  # noqa: ANN401 -- as above
    text: str,
    span: tuple[int, int],
    words: Sequence[Word],
    places: Sequence[int],
) -> str:
    """The last of the words with the raised number at its end, or the raised number that it is, set off."""
    box = box_reader(handle)
    first, last = span
    start, end = box(first), box(last - 1)
    before = box(places[-1]) if places else None
    if start and before and words[-1].text.isdigit() and _is_raised(start, before):
        return f"[{words[-1].text}]"
    if not start or not end or not _is_raised(end, start):
        return words[-1].text
    mark = next(index for index in range(last - 2, first - 1, -1) if not _is_raised(box(index) or start, start))
    figure = text[first : mark + 1].translate(_CLEAN)
    said = " ".join([*(word.text for word in words[:-1]), figure])
    return figure + set_off(said, text[mark + 1 : last].translate(_CLEAN))


def set_off(before: str, mark: str) -> str:
    """A raised number as it follows the text before it: "[2]", "^6" in a power of ten, itself in a unit (m2)."""
    if _POWER.search(before):
        return f"^{mark}"
    return mark if not _NUMBERS.fullmatch(mark) or _UNIT.search(before) else f" [{mark}]"


def _sign_set_off(match: re.Match[str]) -> str:
    before = match.string[: match.start()]
    return match.group() if _UNIT.search(before) else set_off(before, match.group().translate(_AS_DIGITS))


def _is_raised(box: Box, beside: Box) -> bool:
    """Whether a character is in smaller type than the one beside it, and stands higher."""
    height = beside[3] - beside[2]
    return box[3] - box[2] < _RAISED_SIZE * height and box[2] > beside[2] + _RAISED_BY * height


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
    gap = line.x0 - before.x1
    if line.size < _RAISED_SIZE * before.size and -1 <= gap < _CLOSE * height:
        return -0.5 * height < line.y - before.y < _RAISED_MOST * height
    return abs(before.y - line.y) < 0.5 * height and -1 <= gap < 0.9 * height


def _joined(before: Line, line: Line) -> Line:
    main = before if before.size >= line.size else line
    words = (*before.words, *line.words)
    if line.size < _RAISED_SIZE * before.size and line.y > before.y and _NUMBERS.fullmatch(line.words[0].text):
        last, mark = before.words[-1], line.words[0]
        marked = Word(last.text + set_off(before.text, mark.text), last.x0, mark.x1)
        words = (*before.words[:-1], marked, *line.words[1:])
    elif before.size < _RAISED_SIZE * line.size and len(before.words) == 1 and before.words[0].text.isdigit():
        pass  # the number of a footnote before its words
    elif line.x0 - before.x1 < 0.12 * main.size:
        glued = Word(before.words[-1].text + line.words[0].text, before.words[-1].x0, line.words[0].x1)
        words = (*before.words[:-1], glued, *line.words[1:])
    return replace(main, words=words)


def _is_bold(handle: Any, index: int) -> bool:  # noqa: ANN401 -- an object of a library without types
    from pypdfium2 import raw

    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int(0)
    raw.FPDFText_GetFontInfo(handle, index, name, 128, ctypes.byref(flags))
    return bool(flags.value & _FORCE_BOLD) or bool(_BOLD.search(name.value.decode("utf-8", "replace")))


def rules_of(page: Any) -> Rules:  # noqa: ANN401 -- an object of a library without types
    """The drawn lines of a page; areas that are only filled, such as shaded rows, are none."""
    from pypdfium2 import raw

    horizontal: list[Rule] = []
    vertical: list[Rule] = []
    edges = [ctypes.c_float() for _ in range(4)]
    references = [ctypes.byref(edge) for edge in edges]
    fill, stroke = ctypes.c_int(0), ctypes.c_int(0)
    for index in range(min(raw.FPDFPage_CountObjects(page.raw), _MAX_OBJECTS)):
        shape = raw.FPDFPage_GetObject(page.raw, index)
        if raw.FPDFPageObj_GetType(shape) != _PATH or not raw.FPDFPageObj_GetBounds(shape, *references):
            continue
        left, bottom, right, top = (edge.value for edge in edges)
        if top - bottom < _THIN < right - left:
            horizontal.append(Rule((bottom + top) / 2, left, right))
        elif right - left < _THIN < top - bottom:
            vertical.append(Rule((left + right) / 2, bottom, top))
        elif (
            _is_box(shape)
            and raw.FPDFPath_GetDrawMode(shape, ctypes.byref(fill), ctypes.byref(stroke))
            and stroke.value
        ):
            horizontal += [Rule(bottom, left, right), Rule(top, left, right)]
            vertical += [Rule(left, bottom, top), Rule(right, bottom, top)]
    return Rules(tuple(horizontal), tuple(vertical))


def _is_box(shape: Any) -> bool:  # noqa: ANN401 -- an object of a library without types
    """Whether a path is a rectangle: four or five corners and no curve."""
    from pypdfium2 import raw

    count = raw.FPDFPath_CountSegments(shape)
    if not 4 <= count <= 5:
        return False
    kinds = (raw.FPDFPathSegment_GetType(raw.FPDFPath_GetPathSegment(shape, index)) for index in range(count))
    return all(kind != raw.FPDF_SEGMENT_BEZIERTO for kind in kinds)
