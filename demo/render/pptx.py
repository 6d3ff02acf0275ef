"""Source to slides: every level-1 heading begins a slide; a block quote holds the speaker's notes."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from demo.render.archive import with_fixed_dates
from demo.render.blocks import Aside, Block, Heading, Listing, Paragraph, Source, Table, plain


def render_pptx(source: Source) -> bytes:
    """The file's bytes. Front matter: title and subtitle, both on the first slide."""
    from pptx import Presentation
    from pptx.util import Inches

    slides = Presentation()
    slides.slide_width, slides.slide_height = Inches(13.333), Inches(7.5)
    slides.core_properties.title = source.title
    slides.core_properties.author = source.meta.get("author", "Tarnbeck Fluid Systems Ltd")
    cover = slides.slides.add_slide(slides.slide_layouts[0])
    cover.shapes.title.text = source.title
    cover.placeholders[1].text = source.meta.get("subtitle", "")
    _place(cover.shapes.title, 0.8, 2.2, 11.7, 1.6)
    _place(cover.placeholders[1], 0.8, 4.0, 11.7, 1.2)
    slide, top = cover, 1.6
    for block in source.blocks:
        if isinstance(block, Heading):
            slide, top = slides.slides.add_slide(slides.slide_layouts[5]), 1.6
            slide.shapes.title.text = plain(block.text)
            _place(slide.shapes.title, 0.8, 0.4, 11.7, 1.0)
        else:
            top += _add(slide, block, top)
    out = BytesIO()
    slides.save(out)
    return with_fixed_dates(out.getvalue())


def _add(slide: Any, block: Block, top: float) -> float:  # noqa: ANN401 (python-pptx gives no types)
    """Draws a block at `top` inches and returns its height in inches."""
    match block:
        case Aside():
            slide.notes_slide.notes_text_frame.text = "\n".join(plain(text) for text in block.paragraphs)
            return 0.0
        case Paragraph():
            return _lines(slide, [plain(block.text)], top, bullets=False)
        case Listing():
            return _lines(slide, [plain(item) for item in block.items], top, bullets=True)
        case Table():
            return _table(slide, block, top)
    raise ValueError(f"a slide cannot hold {block}")


def _lines(slide: Any, lines: list[str], top: float, *, bullets: bool) -> float:  # noqa: ANN401
    from pptx.util import Inches, Pt

    height = 0.47 * sum(1 + len(line) // 105 for line in lines) + 0.2
    frame = slide.shapes.add_textbox(Inches(0.8), Inches(top), Inches(11.7), Inches(height)).text_frame
    frame.word_wrap = True
    for number, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.text = line
        paragraph.font.size, paragraph.space_after = Pt(18), Pt(5)
        if bullets:
            _bullet(paragraph)
    return height


def _bullet(paragraph: Any) -> None:  # noqa: ANN401
    from pptx.oxml.xmlchemy import OxmlElement

    properties = paragraph._p.get_or_add_pPr()
    properties.set("marL", "285750")
    properties.set("indent", "-285750")
    character = OxmlElement("a:buChar")
    character.set("char", "\u2022")
    properties.append(character)


def _table(slide: Any, block: Table, top: float) -> float:  # noqa: ANN401
    from pptx.util import Inches, Pt

    rows, columns = len(block.rows), len(block.rows[0])
    height = 0.38 * rows
    shape = slide.shapes.add_table(rows, columns, Inches(0.8), Inches(top), Inches(11.7), Inches(height))
    for y, row in enumerate(block.rows):
        for x, text in enumerate(row):
            cell = shape.table.cell(y, x)
            cell.text = plain(text)
            cell.text_frame.paragraphs[0].font.size = Pt(14)
    return height + 0.3


def _place(shape: Any, left: float, top: float, width: float, height: float) -> None:  # noqa: ANN401
    from pptx.util import Inches

    shape.left, shape.top, shape.width, shape.height = Inches(left), Inches(top), Inches(width), Inches(height)
