"""Source to Word document: policies, contracts, quotations."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from demo.render.archive import with_fixed_dates
from demo.render.blocks import Aside, Block, Break, Heading, Inline, Listing, Paragraph, Source, Table, plain

INK = (0x1B, 0x3A, 0x4B)


def render_docx(source: Source) -> bytes:
    """The file's bytes. Front matter: title, subtitle, reference (stands in the footer)."""
    import docx
    from docx.shared import Cm, Pt, RGBColor

    document = docx.Document()
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10.5)
    normal.paragraph_format.space_after = Pt(6)
    for level in (1, 2, 3):
        document.styles[f"Heading {level}"].font.color.rgb = RGBColor(*INK)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.4)
    section.header.paragraphs[0].text = "Tarnbeck Fluid Systems Ltd"
    section.footer.paragraphs[0].text = source.meta.get("reference", source.title)
    document.core_properties.title = source.title
    document.core_properties.author = source.meta.get("author", "Tarnbeck Fluid Systems Ltd")
    document.add_heading(source.title, level=0)
    if "subtitle" in source.meta:
        document.add_paragraph(source.meta["subtitle"], style="Subtitle")
    for block in source.blocks:
        _add(document, block)
    out = BytesIO()
    document.save(out)
    return with_fixed_dates(out.getvalue())


def _add(document: Any, block: Block) -> None:  # noqa: ANN401 (python-docx gives no types)
    match block:
        case Heading():
            document.add_heading(plain(block.text), level=block.level)
        case Paragraph():
            _write(document.add_paragraph(), block.text)
        case Listing():
            for item in block.items:
                _write(document.add_paragraph(style="List Number" if block.ordered else "List Bullet"), item)
        case Aside():
            for text in block.paragraphs:
                _write(document.add_paragraph(style="Intense Quote"), text)
        case Table():
            _table(document, block)
        case Break():
            document.add_page_break()
        case _:
            raise ValueError(f"a Word document cannot hold {block}")


def _table(document: Any, block: Table) -> None:  # noqa: ANN401
    table = document.add_table(rows=len(block.rows), cols=len(block.rows[0]), style="Light Grid Accent 1")
    for row, cells in zip(table.rows, block.rows, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            _write(cell.paragraphs[0], text)
    document.add_paragraph()


def _write(paragraph: Any, text: Inline) -> None:  # noqa: ANN401
    for run in text:
        written = paragraph.add_run(run.text)
        written.bold, written.italic = run.bold or None, run.italic or None
