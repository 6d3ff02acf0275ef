"""What a page says by how it is drawn: raised marks, columns, spans, turned pages, line numbers, blanks."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Frame, Paragraph, SimpleDocTemplate, Table, TableStyle

from ingest.parsers.pdf.read import parse_pdf
from tests.ingest.parsers.elements import elements

NEWS = (
    "The ferry office opened a third pier for coal ships in March. Every pier is lit through the night and has a crane "
    "of its own. The pilot, Astrid Holm, retires in autumn. Her deputy comes from Bergen and knows the fjord well. The "
    "toll for a sailing boat is 45 crowns and includes the use of the showers. A storm in May sank two barges, which "
    "were raised within a week. The council wants a longer breakwater, which will cost six million crowns. "
)
SAID = ("The pilot, Astrid Holm, retires in autumn.", "sank two barges, which were raised within a week.")
GRID = [("GRID", (0, 0), (-1, -1), 0.5, "black"), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]


def drawn(*draw: Callable[[Canvas], object]) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    for page in draw:
        page(canvas)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def flowed(*parts: object) -> bytes:
    stream = io.BytesIO()
    SimpleDocTemplate(stream, pagesize=A4).build(list(parts))
    return stream.getvalue()


def text_of(content: bytes) -> str:
    return parse_pdf(content, name="t.pdf").text


def paragraphs(content: bytes) -> list[str]:
    return [text for kind, _, text in elements(parse_pdf(content, name="t.pdf")) if kind == "paragraph"]


def table_of(content: bytes) -> str:
    return next(text for kind, _, text in elements(parse_pdf(content, name="t.pdf")) if kind == "table")


def wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        lines[-1:] = [f"{lines[-1]} {word}".strip()] if len(lines[-1]) + len(word) < width else [lines[-1], word]
    return lines


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("It fell to 61.4<super>3</super> percent in all.", "It fell to 61.4 [3] percent in all."),
        ("It fell to 61.4%<super>3</super> in all.", "It fell to 61.4% [3] in all."),
        ("The emissions<super>2</super> fell.", "The emissions [2] fell."),
        ("They fell by 2030.<super>12</super> Then they rose.", "They fell by 2030. [12] Then they rose."),
        ("A tank of 40 m<super>3</super> of oil.", "A tank of 40 m3 of oil."),
        ("About 4 × 10<super>6</super> of them.", "About 4 × 10^6 of them."),
        ("It cost 18² crowns and 5 m².", "It cost 18 [2] crowns and 5 m²."),
    ],
)
def test_a_raised_number_is_no_digit_of_the_figure_before_it(markup: str, said: str) -> None:
    style = ParagraphStyle("b", fontName="Helvetica", fontSize=11, leading=14)
    assert text_of(flowed(Paragraph(markup, style))) == said


def test_raised_marks_leave_the_columns_of_a_table_as_they_are() -> None:
    body = getSampleStyleSheet()["BodyText"]
    rows = [
        ["Branch", "2024", "2025"],
        ["Leeds", "14.2", "15.1"],
        ["Malaga", Paragraph("8.41<super>2</super>", body), "9"],
    ]
    assert table_of(flowed(Table(rows))) == "Branch\t2024\t2025\nLeeds\t14.2\t15.1\nMalaga\t8.41 [2]\t9"


def columns(canvas: Canvas, count: int, *, by_line: bool, top: float = 780) -> float:
    """Draw the news in columns and return the height where they end."""
    canvas.setFont("Helvetica", 9)
    wide = 480 / count
    lines = wrapped(NEWS * 2, int(wide / 4.9))
    tall = -(-len(lines) // count)
    pieces = [lines[at * tall : (at + 1) * tall] for at in range(count)]
    places = [(row, at) for at in range(count) for row in range(tall)]
    for row, at in sorted(places) if by_line else places:
        if row < len(pieces[at]):
            canvas.drawString(50 + at * (wide + 10), top - 11 * row, pieces[at][row])
    return top - 11 * tall


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("by_line", [False, True])
def test_columns_are_read_one_after_the_other_whatever_stands_below_them(count: int, by_line: bool) -> None:
    def page(canvas: Canvas) -> None:
        foot = columns(canvas, count, by_line=by_line)
        canvas.drawString(50, foot - 30, "Table 1. Ships by month")
        for row, cells in enumerate(
            [("Month", "Coal", "Grain", "Total"), *((f"Month {n}", n, n + 9, 77) for n in range(12))]
        ):
            for at, cell in enumerate(cells):
                canvas.drawString(50 + 130 * at, foot - 50 - 13 * row, str(cell))

    parsed = parse_pdf(drawn(page), name="t.pdf")
    flat = " ".join(text for kind, _, text in elements(parsed) if kind == "paragraph")
    assert all(flat.count(said) == 2 for said in SAID)
    assert flat.endswith("Table 1. Ships by month")
    assert "Month 3\t3\t12\t77" in table_of(drawn(page))


def test_columns_below_a_table_are_read_one_after_the_other() -> None:
    def page(canvas: Canvas) -> None:
        for row in range(8):
            for at in range(4):
                canvas.drawString(50 + 130 * at, 780 - 14 * row, f"{row * 10 + at}" if row else f"Name {at}")
        columns(canvas, 2, by_line=True, top=600)

    flat = " ".join(paragraphs(drawn(page)))
    assert all(flat.count(said) == 2 for said in SAID)


def test_a_label_over_several_rows_stands_in_each_of_them_on_either_side() -> None:
    rows = [
        ["Region", "Depot", "Rate"],
        ["East", "Lublin", "Weekly rate,\npaid ahead"], ["", "Radom", ""],
        ["West", "Opole", "Daily"], ["", "Kielce", "Hourly"],
    ]  # fmt: skip
    spans = [("SPAN", (0, 1), (0, 2)), ("SPAN", (0, 3), (0, 4)), ("SPAN", (2, 1), (2, 2))]
    assert table_of(flowed(Table(rows, style=TableStyle([*GRID, *spans])))) == (
        "Region\tDepot\tRate\nEast\tLublin\tWeekly rate, paid ahead\nEast\tRadom\tWeekly rate, paid ahead\n"
        "West\tOpole\tDaily\nWest\tKielce\tHourly"
    )


def test_a_label_over_rows_and_columns_stands_in_all_of_them() -> None:
    rows = [
        ["Region", "Sales", "", "Cost"], ["", "North", "South", ""],
        ["East", "1", "2", "3"], ["West", "closed", "", "5"], ["Ost", "", "", "6"],
    ]  # fmt: skip
    spans = [("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 0), (0, 1)), ("SPAN", (3, 0), (3, 1)), ("SPAN", (1, 3), (2, 4))]
    assert table_of(flowed(Table(rows, style=TableStyle([*GRID, *spans])))) == (
        "Region\tSales North\tSales South\tCost\nEast\t1\t2\t3\nWest\tclosed\tclosed\t5\nOst\tclosed\tclosed\t6"
    )


@pytest.mark.parametrize("angle", [90, 180, 270])
@pytest.mark.parametrize("shown_turned", [False, True])
def test_a_turned_page_is_read_as_if_it_stood_upright(angle: int, shown_turned: bool) -> None:
    style = getSampleStyleSheet()
    table = Table([["Brewery", "2022", "2023"], ["Pilsen", "81200", "79850"]], style=TableStyle(GRID))

    def page(canvas: Canvas) -> None:
        if shown_turned:
            canvas.setPageRotation(angle)
        wide, high = A4
        canvas.translate(0 if angle == 270 else wide, 0 if angle == 90 else high)
        canvas.rotate(angle)
        box = (wide, high) if angle == 180 else (high, wide)
        parts = [Paragraph("Water use", style["Heading1"]), Paragraph(NEWS, style["BodyText"]), table]
        Frame(50, 50, box[0] - 100, box[1] - 100).addFromList(parts, canvas)

    assert elements(parse_pdf(drawn(page), name="t.pdf")) == [
        ("heading", 1, "Water use"),
        ("paragraph", 0, NEWS.strip()),
        ("table", 0, "Brewery\t2022\t2023\nPilsen\t81200\t79850"),
    ]


@pytest.mark.parametrize("at", [40, 540])
@pytest.mark.parametrize("step", [1, 5])
def test_numbers_that_count_the_lines_are_no_text(at: float, step: int) -> None:
    def page(canvas: Canvas) -> None:
        for row, line in enumerate(wrapped(NEWS * 5, 80), start=1):
            if row % step == 0:
                canvas.drawRightString(at + 12, 820 - 20 * row, str(row))
            canvas.drawString(72, 820 - 20 * row, line)

    assert " ".join(paragraphs(drawn(page))) == (NEWS * 5).strip()


def test_numbers_of_the_rows_of_a_table_stay() -> None:
    rows = [[str(n), f"bolt of {n + 3} mm", str(n * 7)] for n in range(1, 13)]
    assert "7\tbolt of 10 mm\t49" in text_of(flowed(Table([["No.", "Part", "Stock"], *rows])))


@pytest.mark.parametrize(("leading", "indent", "after"), [(17, 0, 12), (18, 20, 0), (24, 30, 0), (26, 0, 18)])
def test_lines_set_far_apart_are_a_paragraph_all_the_same(leading: float, indent: float, after: float) -> None:
    style = getSampleStyleSheet()
    body = ParagraphStyle("b", fontSize=11, leading=leading, firstLineIndent=indent, spaceAfter=after)
    said = [f"{NEWS} It was so in {year}." for year in (2021, 2022)]
    parsed = parse_pdf(flowed(Paragraph("Facts", style["Heading2"]), *(Paragraph(s, body) for s in said)), name="t.pdf")
    assert [(kind, " ".join(text.split())) for kind, _, text in elements(parsed)] == [
        ("heading", "Facts"),
        *(("paragraph", " ".join(s.split())) for s in said),
    ]


def spaced(canvas: Canvas, text: str, y: float, gap: float, *, last_apart: bool) -> None:
    """Draw a line as programs that read scans do: letters spaced, the last one of each word, or each, on its own."""
    x = 60.0
    for word in text.split():
        pieces = [word[:-1], word[-1:]] if last_apart and len(word) > 1 else list(word)
        for piece in pieces:
            drawn = canvas.beginText(x, y)
            drawn.setFont("Helvetica", 11)
            drawn.setCharSpace(gap)
            drawn.textOut(piece)
            canvas.drawText(drawn)
            x += canvas.stringWidth(piece, "Helvetica", 11) + gap * len(piece)
        x += 3.1 + gap


@pytest.mark.parametrize("last_apart", [True, False])
@pytest.mark.parametrize("gap", [1.8, 2.4, 3.2])
def test_words_of_a_scan_are_parted_by_distance(gap: float, last_apart: bool) -> None:
    said = "The lease of hall 27 was signed on 12 August 2024 for 3650 euros a month and it ends in 2031"
    halves = said.partition(" for ")[0], f"for {said.partition(' for ')[2]}"

    def page(canvas: Canvas) -> None:
        for row, half in enumerate(halves):
            spaced(canvas, half, 700 - 14 * row, gap, last_apart=last_apart)

    assert text_of(drawn(page)) == said
