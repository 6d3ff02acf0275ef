"""Source to PDF in three layouts: `plain` (policies, lists), `manual` (cover, contents, chapters), `columns` (two)."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from io import BytesIO

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    ListFlowable,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Spacer,
)
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid
from reportlab.platypus.tableofcontents import TableOfContents

from demo.render.blocks import Aside, Block, Break, Figure, Heading, Inline, Listing, Paragraph, Source, Table, plain
from demo.render.figures import draw

WIDTH, HEIGHT = A4
SIDE, TOP, BOTTOM, GUTTER = 22 * mm, 26 * mm, 22 * mm, 8 * mm
MASTHEAD = 40 * mm
INK = colors.HexColor("#1b3a4b")
PALE = colors.HexColor("#eef3f6")


class _Template(BaseDocTemplate):  # type: ignore[misc]
    """A document that knows its running head, and tells the contents list where each heading landed."""

    def __init__(self, out: BytesIO, source: Source) -> None:
        super().__init__(out, pagesize=A4, title=source.title, author="Tarnbeck Fluid Systems Ltd", invariant=1)
        self.source = source
        self.columns = source.meta.get("layout") == "columns"
        width = WIDTH - 2 * SIDE
        body = (SIDE, BOTTOM, width, HEIGHT - TOP - BOTTOM)
        pages = [PageTemplate("later", _frames(*body, columns=self.columns), onPage=self.running_head)]
        if self.columns:
            first = _frames(SIDE, BOTTOM, width, HEIGHT - BOTTOM - MASTHEAD - 10 * mm, columns=True)
            pages.insert(0, PageTemplate("first", first, onPage=self.masthead))
        if source.meta.get("layout") == "manual":
            pages.insert(0, PageTemplate("first", [Frame(*body)], onPage=self.cover))
        self.addPageTemplates(pages)

    def running_head(self, canvas: Canvas, _: object) -> None:
        """Title and reference above, company and page number below."""
        canvas.saveState()
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(INK)
        canvas.setStrokeColor(INK)
        canvas.drawString(SIDE, HEIGHT - 16 * mm, self.source.title)
        canvas.drawRightString(WIDTH - SIDE, HEIGHT - 16 * mm, self.source.meta.get("reference", ""))
        canvas.line(SIDE, HEIGHT - 18 * mm, WIDTH - SIDE, HEIGHT - 18 * mm)
        canvas.drawString(SIDE, 12 * mm, "Tarnbeck Fluid Systems Ltd")
        canvas.drawRightString(WIDTH - SIDE, 12 * mm, f"Page {canvas.getPageNumber()}")
        canvas.restoreState()

    def masthead(self, canvas: Canvas, document: object) -> None:
        """The title across both columns of the first page."""
        canvas.saveState()
        canvas.setFillColor(INK)
        canvas.rect(0, HEIGHT - MASTHEAD, WIDTH, MASTHEAD, stroke=0, fill=1)
        canvas.setFillColor(colors.white)
        canvas.setFont("Helvetica-Bold", 24)
        canvas.drawString(SIDE, HEIGHT - 21 * mm, self.source.title)
        canvas.setFont("Helvetica", 11)
        canvas.drawString(SIDE, HEIGHT - 30 * mm, self.source.meta["subtitle"])
        canvas.setFillColor(INK)
        canvas.setFont("Helvetica", 8)
        canvas.drawString(SIDE, 12 * mm, "Tarnbeck Fluid Systems Ltd")
        canvas.drawRightString(WIDTH - SIDE, 12 * mm, f"Page {canvas.getPageNumber()}")
        canvas.restoreState()

    def cover(self, canvas: Canvas, _: object) -> None:
        """The coloured band of a manual's cover."""
        canvas.saveState()
        canvas.setFillColor(INK)
        canvas.rect(0, HEIGHT - 62 * mm, WIDTH, 62 * mm, stroke=0, fill=1)
        canvas.setFillColor(colors.white)
        canvas.setFont("Helvetica-Bold", 15)
        canvas.drawString(SIDE, HEIGHT - 30 * mm, "TARNBECK FLUID SYSTEMS")
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 (reportlab's name)
        """Reports headings to the contents list."""
        level = getattr(flowable, "contents_level", None)
        if level is not None:
            self.notify("TOCEntry", (level, flowable.getPlainText(), self.page))


def render_pdf(source: Source) -> bytes:
    """The file's bytes. Front matter: title, layout, reference (in the running head), subtitle (manual, columns)."""
    out = BytesIO()
    story = list(_story(source))
    _Template(out, source).multiBuild(story)
    return out.getvalue()


def _frames(x: float, y: float, width: float, height: float, *, columns: bool) -> list[Frame]:
    if not columns:
        return [Frame(x, y, width, height, 0, 0, 0, 0)]
    half = (width - GUTTER) / 2
    return [Frame(left, y, half, height, 0, 0, 0, 0) for left in (x, x + half + GUTTER)]


def _story(source: Source) -> Iterator[Flowable]:
    layout = source.meta.get("layout", "plain")
    styles = _styles(9 if layout == "columns" else 10)
    width = (WIDTH - 2 * SIDE - GUTTER) / 2 if layout == "columns" else WIDTH - 2 * SIDE
    if layout == "columns":
        yield NextPageTemplate("later")
    elif layout == "manual":
        yield from _front(source, styles)
    else:
        yield Text(escape(source.title), styles["title"])
        if "subtitle" in source.meta:
            yield Text(escape(source.meta["subtitle"]), styles["subtitle"])
    for number, block in enumerate(source.blocks):
        if layout == "manual" and isinstance(block, Heading) and block.level == 1 and number > 0:
            yield PageBreak()
        yield from _flowables(block, styles, width)


def _front(source: Source, styles: dict[str, ParagraphStyle]) -> Iterator[Flowable]:
    yield Spacer(1, 70 * mm)
    yield Text(escape(source.title), styles["cover"])
    yield Text(escape(source.meta["subtitle"]), styles["subtitle"])
    yield Spacer(1, 12 * mm)
    yield draw("lobes", WIDTH - 2 * SIDE)
    yield NextPageTemplate("later")
    yield PageBreak()
    yield Text("Contents", styles["title"])
    contents = TableOfContents()
    contents.dotsMinLevel = 0
    contents.levelStyles = [
        ParagraphStyle("toc1", fontName="Helvetica-Bold", fontSize=10, leading=17),
        ParagraphStyle("toc2", fontName="Helvetica", fontSize=9, leading=13, leftIndent=12),
    ]
    yield contents
    yield PageBreak()


def _flowables(block: Block, styles: dict[str, ParagraphStyle], width: float) -> Iterator[Flowable]:
    match block:
        case Heading():
            yield CondPageBreak(22 * mm)
            heading = Text(_markup(block.text), styles[f"h{block.level}"])
            heading.contents_level = block.level - 1 if block.level <= 2 else None
            yield heading
        case Paragraph():
            yield Text(_markup(block.text), styles["body"])
        case Listing():
            items = [Text(_markup(item), styles["item"]) for item in block.items]
            kind = (
                {"bulletType": "1", "bulletFormat": "%s."}
                if block.ordered
                else {"bulletType": "bullet", "start": "\u2022"}
            )
            yield ListFlowable(items, leftIndent=14, bulletFontSize=styles["item"].fontSize, **kind)
            yield Spacer(1, 5)
        case Aside():
            yield _box([Text(_markup(text), styles["box"]) for text in block.paragraphs], width)
            yield Spacer(1, 8)
        case Table():
            grid = _grid(block, styles, width)
            yield KeepTogether([grid]) if len(block.rows) <= 8 else grid
            yield Spacer(1, 9)
        case Figure():
            caption = Text(escape(block.caption), styles["caption"])
            yield KeepTogether([Spacer(1, 4), draw(block.name, width), caption])
        case Break():
            yield PageBreak()


def _box(content: list[Text], width: float) -> Grid:
    box = [("BOX", (0, 0), (-1, -1), 1.2, INK), ("BACKGROUND", (0, 0), (-1, -1), PALE)]
    return Grid([[content]], colWidths=[width], style=box)


def _grid(block: Table, styles: dict[str, ParagraphStyle], width: float) -> Grid:
    rows = [
        [Text(_markup(cell), styles["head" if y == 0 else "cell"]) for cell in row] for y, row in enumerate(block.rows)
    ]
    look = [
        ("GRID", (0, 0), (-1, -1), 0.4, colors.HexColor("#9fb2bf")),
        ("BACKGROUND", (0, 0), (-1, 0), INK),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, PALE]),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    return Grid(rows, colWidths=_column_widths(block, width), repeatRows=1, style=look)


def _column_widths(block: Table, width: float) -> list[float]:
    """Wide enough for the longest word, the rest shared out by the length of the cells."""
    columns = list(zip(*([plain(cell) for cell in row] for row in block.rows), strict=True))
    words = [max((len(word) for cell in column for word in cell.split()), default=1) for column in columns]
    least = [min(5.2 * word + 14, width / 2) for word in words]
    wanted = [min(max(len(cell) for cell in column), 60) for column in columns]
    spare = max(width - sum(least), 0)
    shares = [floor + spare * want / sum(wanted) for floor, want in zip(least, wanted, strict=True)]
    return [share * width / sum(shares) for share in shares]


def _markup(text: Inline) -> str:
    parts = []
    for run in text:
        words = escape(run.text, quote=False).replace("\n", "<br/>")
        words = f"<b>{words}</b>" if run.bold else words
        parts.append(f"<i>{words}</i>" if run.italic else words)
    return "".join(parts)


def _styles(size: float) -> dict[str, ParagraphStyle]:
    def style(name: str, scale: float, *, bold: bool = False, **more: object) -> ParagraphStyle:
        font = "Helvetica-Bold" if bold else "Helvetica"
        points = size * scale
        return ParagraphStyle(
            name, fontName=font, fontSize=points, leading=points * 1.36, allowWidows=0, allowOrphans=0, **more
        )

    dark = {"textColor": INK, "bold": True}
    return {
        "cover": style("cover", 3.0, spaceAfter=8, **dark),
        "title": style("title", 2.0, spaceAfter=6, **dark),
        "subtitle": style("subtitle", 1.1, spaceAfter=14, textColor=colors.HexColor("#55656f")),
        "h1": style("h1", 1.6, spaceBefore=8, spaceAfter=6, **dark),
        "h2": style("h2", 1.25, spaceBefore=8, spaceAfter=4, **dark),
        "h3": style("h3", 1.08, spaceBefore=6, spaceAfter=3, **dark),
        "body": style("body", 1.0, spaceAfter=6),
        "item": style("item", 1.0, spaceAfter=2),
        "box": style("box", 1.0, spaceAfter=2),
        "head": style("head", 0.88, bold=True, textColor=colors.white),
        "cell": style("cell", 0.88),
        "caption": style("caption", 0.88, spaceAfter=10, textColor=colors.HexColor("#55656f")),
    }
