"""What lies on a page: boxes that are ticked or not, values of fields, and the comments of reviewers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.parsers.builder import fold
from ingest.parsers.pdf.lines import Line, Word

_BUTTONS, _VALUES = frozenset({2, 3}), frozenset({4, 5, 6})
"""pdfium's kinds of fields: check boxes and radio buttons; choices and text."""
_WIDGET, _HIDDEN = 20, 2
_COMMENTS = frozenset({1, *range(4, 17)})
"""Kinds of annotation that hold what a reader wrote: notes, marked text, shapes, stamps, and the windows they open."""
_TICKED, _EMPTY = "☒", "☐"
_NEAR, _FAR = 3.0, 15.0
"""How far, in font sizes, a label stands from its box at most; and from one that is alone at its height."""
_NO_LABEL = 100.0
_APART = 0.9
"""Blank, in font sizes, between a label and what stands before it."""

Page = Any
"""A page of pypdfium2, which has no types; so are documents and annotations."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form in its place: ☒ or ☐ of a button, else the value that stands in it."""

    text: str
    is_button: bool
    left: float
    foot: float
    right: float
    head: float


def fields_of(document: Page, page: Page) -> list[Field]:
    """The buttons of a page, ticked or not, and its fields that have a value."""
    from pypdfium2 import raw

    form = document.formenv
    if form is None:
        return []
    found: list[Field] = []
    box = raw.FS_RECTF()
    for annotation in _annotations(page, frozenset({_WIDGET})):
        kind = raw.FPDFAnnot_GetFormFieldType(form.raw, annotation)
        if kind not in _BUTTONS | _VALUES or not raw.FPDFAnnot_GetRect(annotation, ctypes.byref(box)):
            continue
        if kind in _BUTTONS:
            text = _TICKED if raw.FPDFAnnot_IsChecked(form.raw, annotation) else _EMPTY
        else:
            text = _said(lambda *to, at=annotation: raw.FPDFAnnot_GetFormFieldValue(form.raw, at, *to))
        if text:
            found.append(Field(text, kind in _BUTTONS, box.left, box.bottom, box.right, box.top))
    return found


def comments_of(page: Page) -> list[str]:
    """What reviewers wrote on a page, each comment once: "Comment by Ann Lee: too low"."""
    from pypdfium2 import raw

    found: dict[str, str] = {}
    for annotation in _annotations(page, _COMMENTS):
        words, author = (
            _said(lambda *to, at=annotation, key=key: raw.FPDFAnnot_GetStringValue(at, key, *to))
            for key in (b"Contents", b"T")
        )
        if words and not found.get(words):
            found[words] = author
    return [f"Comment by {author}: {words}" if author else f"Comment: {words}" for words, author in found.items()]


def with_fields(lines: Sequence[Line], fields: Sequence[Field]) -> list[Line]:
    """The lines with each box before its label, and values that no line shows in their places."""
    kept = list(lines)
    buttons = [field for field in fields if field.is_button]
    for button in buttons:
        kept = [line for line in (_outside(line, button) for line in kept) if line is not None]
    before = {button for button in buttons if _has_labels_before(button, buttons, kept)}
    for field in sorted(fields, key=lambda field: (-field.foot, field.left)):
        if field.is_button or not any(_covers(field, line, word) for line in kept for word in line.words):
            alone = sum(abs(other.foot - field.foot) < 2 for other in buttons) == 1
            kept = _placed(kept, field, _FAR if alone and field in before else _NEAR, label_before=field in before)
    return kept


def _has_labels_before(button: Field, buttons: Sequence[Field], lines: Sequence[Line]) -> bool:
    """Whether the boxes at the height of this one stand nearer to the words before them than to those after."""
    level = [other for other in buttons if abs(other.foot - button.foot) < 2]
    before, after = (
        sum(min(_distance(lines, other, before=before), _NO_LABEL) for other in level) for before in (True, False)
    )
    return before < after


def _annotations(page: Page, kinds: frozenset[int]) -> Iterator[Any]:
    from pypdfium2 import raw

    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            shown = not raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN
            if shown and raw.FPDFAnnot_GetSubtype(annotation) in kinds:
                yield annotation
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _said(read: Callable[..., int]) -> str:
    """What pdfium writes into a buffer, as text."""
    from pypdfium2 import raw

    size = read(None, 0)  # in bytes, UTF-16 with its end
    buffer = (raw.FPDF_WCHAR * (size // 2 + 1))()
    read(buffer, size)
    return fold(ctypes.string_at(buffer, max(size - 2, 0)).decode("utf-16-le", "replace"))


def _outside(line: Line, field: Field) -> Line | None:
    """The line without words that stand in a box: the sign that draws its tick."""
    words = tuple(word for word in line.words if not _covers(field, line, word))
    return line if len(words) == len(line.words) else replace(line, words=words) if words else None


def _covers(field: Field, line: Line, word: Word) -> bool:
    middle = (word.x0 + word.x1) / 2
    return field.left <= middle <= field.right and field.foot - 2 <= line.y + line.size / 3 <= field.head + 2


def _is_level(line: Line, field: Field) -> bool:
    off = abs(line.y + line.size / 3 - (field.foot + field.head) / 2)
    return off < 0.5 * max(line.size, min(field.head - field.foot, 2 * line.size))


def _distance(lines: Sequence[Line], field: Field, *, before: bool) -> float:
    """How far the next word before or after a box stands, in font sizes."""
    level = [(line, word) for line in lines if _is_level(line, field) for word in line.words]
    gaps = (((field.left - word.x1) if before else (word.x0 - field.right)) / line.size for line, word in level)
    return min((gap for gap in gaps if gap > -0.5), default=float("inf"))


def _placed(lines: Sequence[Line], field: Field, near_by: float, *, label_before: bool) -> list[Line]:
    """The lines with a field in the one it belongs to, or as a line of its own."""
    level = [line for line in lines if _is_level(line, field)]
    near = [line for line in level if _distance([line], field, before=label_before) < near_by]
    line = min(near or level, key=lambda line: _distance([line], field, before=label_before), default=None)
    if line is None:
        size = lines[0].size if lines else 10.0
        alone = Line((Word(field.text, field.left, field.right),), field.foot, size, bold=False, page=0)
        at = next((place for place, other in enumerate(lines) if other.y < field.foot), len(lines))
        page = lines[0].page if lines else 1
        return [*lines[:at], replace(alone, page=page), *lines[at:]]
    after = [place for place, word in enumerate(line.words) if word.x0 > field.left]
    place = after[0] if after else len(line.words)
    word = Word(field.text, field.left, field.right)
    if label_before and near:
        place = next((at for at in range(place - 1, 0, -1) if _begins(line, at)), 0)
        word = Word(field.text, line.words[place].x0, line.words[place].x0)
    placed = replace(line, words=(*line.words[:place], word, *line.words[place:]))
    return [placed if other is line else other for other in lines]


def _begins(line: Line, place: int) -> bool:
    """Whether a label begins with a word: far from the one before, or after another box."""
    before = line.words[place - 1] if place else None
    return before is None or before.text in (_TICKED, _EMPTY) or line.words[place].x0 - before.x1 > _APART * line.size
