"""What a PDF holds besides its page text: attached files, an outline, the words of filled form fields, who made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from core.documents import Attachment
from ingest.parsers.attachments import last_part, unused
from ingest.parsers.builder import declared, fold
from ingest.parsers.dates import pdf_date
from ingest.parsers.ocr import DPI, MAX_SIDE
from ingest.parsers.pdf.grids import Table
from ingest.parsers.pdf.layout import Block

_MAX_ATTACHMENTS = 200
_MAX_OUTLINE = 5_000
_DEEPEST = 4
_SHOWN = frozenset({3, 20})
"""Kinds of annotation whose words are on the page for everybody to see: free text and form fields."""

Document = Any
"""pypdfium2's document, which has no types; so are pages."""


def attachments_of(document: Document) -> tuple[Attachment, ...]:
    """The files attached to a PDF; one that cannot be unpacked is left to say so when it is read."""
    import pypdfium2

    found: list[Attachment] = []
    for index in range(min(document.count_attachments(), _MAX_ATTACHMENTS)):
        attached = document.get_attachment(index)
        try:
            name, content = attached.get_name(), bytes(attached.get_data())
        except pypdfium2.PdfiumError:
            name, content = f"attachment-{index + 1}", b""
        found.append(Attachment(name=unused(last_part(name) or f"attachment-{index + 1}", found), content=content))
    return tuple(found)


def made_by(document: Document) -> tuple[str, str | None, str | None]:
    """(author, created, modified) as the file says."""
    said = [str(document.get_metadata_value(key) or "") for key in ("Author", "CreationDate", "ModDate")]
    return fold(said[0]), pdf_date(said[1]), pdf_date(said[2])


def language_of(document: Document) -> str:
    """The language that the file's catalogue names."""
    import ctypes

    from pypdfium2 import raw

    size = raw.FPDFCatalog_GetLanguage(document, None, 0)  # in bytes, UTF-16 with its end
    buffer = (raw.FPDF_WCHAR * (size // 2 + 1))()
    raw.FPDFCatalog_GetLanguage(document, buffer, size)
    return declared(ctypes.string_at(buffer, max(size - 2, 0)).decode("utf-16-le", "replace"))


def outline_of(document: Document) -> dict[tuple[int, str], int]:
    """(page from 1, title as compared) of each entry of the outline, with its level."""
    import pypdfium2

    levels: dict[tuple[int, str], int] = {}
    try:
        for number, entry in enumerate(document.get_toc(max_depth=_DEEPEST)):
            target = entry.get_dest()
            page = target.get_index() if target is not None else None
            if number >= _MAX_OUTLINE:
                break
            if page is not None:
                levels.setdefault((page + 1, _compared(entry.get_title() or "")), entry.level + 1)
    except pypdfium2.PdfiumError:
        return levels
    return levels


def with_outline(blocks: Iterator[Block | Table], outline: dict[tuple[int, str], int]) -> Iterator[Block | Table]:
    """The blocks, those that the outline names on their page being headings of its level."""
    for block in blocks:
        if isinstance(block, Block) and outline:
            level = outline.get((block.pages[0][1], _compared(block.text)))
            if level is not None:
                yield replace(block, kind="heading", level=level)
                continue
        yield block


def with_asides(blocks: Iterator[Block | Table], beside: dict[int, list[str]]) -> Iterator[Block | Table]:
    """The blocks with what was read from pictures of pages, and the comments on them, at the end of each page."""
    left = sorted(beside.items())
    for block in blocks:
        page = block.page if isinstance(block, Table) else block.pages[0][1]
        while left and left[0][0] < page:
            yield from _aside(*left.pop(0))
        yield block
    for number, paragraphs in left:
        yield from _aside(number, paragraphs)


def _aside(page: int, paragraphs: Sequence[str]) -> Iterator[Block]:
    for text in paragraphs:
        yield Block(kind="paragraph", text=text, level=0, pages=((0, page),))


def is_whole(document: Document) -> bool:
    """Whether the file's table of contents is in order; without it, pdfium looks for what it can find."""
    import pypdfium2.raw as pdfium

    return bool(pdfium.FPDF_DocumentHasValidCrossReferenceTable(document.raw))


def is_bare(page: Document) -> bool:
    """Whether nothing is drawn on a page."""
    import pypdfium2.raw as pdfium

    return bool(pdfium.FPDFPage_CountObjects(page.raw) == 0)


def picture_of(page: Document) -> Any:  # noqa: ANN401 -- a Pillow image
    """A page as a picture to read."""
    longest = max(*page.get_size(), 1.0)
    return page.render(scale=min(DPI / 72, MAX_SIDE / longest), grayscale=True).to_pil()


def show_fields(page: Document) -> bool:
    """Draw the form fields and free text of a page into its content, in memory, so that they are read in place."""
    import pypdfium2.raw as pdfium

    if not any(kind in _SHOWN for kind in _annotations(page)):
        return False
    return bool(pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS)


def set_level(page: Document, turns: int) -> bool:
    """Turn what is drawn on a page back, in memory, by quarters of a turn, so that its text runs level."""
    import pypdfium2.raw as pdfium

    left, foot, right, head = page.get_mediabox()
    width, height = right - left, head - foot
    back = {
        1: pdfium.FS_MATRIX(0, -1, 1, 0, -foot, right),
        2: pdfium.FS_MATRIX(-1, 0, 0, -1, right, head),
        3: pdfium.FS_MATRIX(0, 1, -1, 0, head, -left),
    }[turns]
    size = (width, height) if turns == 2 else (height, width)
    if not pdfium.FPDFPage_TransFormWithClip(page.raw, back, None):
        return False
    page.set_mediabox(0, 0, *size)
    page.set_cropbox(0, 0, *size)
    page.set_rotation(0)
    return True


def _annotations(page: Document) -> Sequence[int]:
    import pypdfium2.raw as pdfium

    kinds = []
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if annotation:
            kinds.append(int(pdfium.FPDFAnnot_GetSubtype(annotation)))
            pdfium.FPDFPage_CloseAnnot(annotation)
    return kinds


def _compared(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
