"""PDF files made with reportlab, then read."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.pdf.read import parse_pdf

PROSE = (
    "The pump conveys liquids and slurries with a viscosity of up to 100,000 mPas. It is suited to food, sludge, paint "
    "and many chemicals, and the limits on the name plate apply to the individual pump. "
)


def drawn(*pages: Callable[[Canvas], object], encrypt: StandardEncryption | None = None, title: str = "") -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, encrypt=encrypt)
    canvas.setTitle(title)
    for page in pages:
        page(canvas)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def lines(*texts: tuple[str, float, float] | tuple[str, float, float, str, float]) -> Callable[[Canvas], None]:
    def draw(canvas: Canvas) -> None:
        for text, x, y, *font in texts:
            canvas.setFont(*(font or ("Helvetica", 10)))
            canvas.drawString(x, y, text)

    return draw


def flowed(*parts: object) -> bytes:
    stream = io.BytesIO()
    SimpleDocTemplate(stream, pagesize=A4).build(list(parts))
    return stream.getvalue()


def elements(parsed: Parsed) -> list[tuple[str, int, str]]:
    return [(e.kind, e.level, parsed.text[e.start : e.end]) for e in parsed.elements]


def tables(content: bytes) -> list[str]:
    return [text for kind, _, text in elements(parse_pdf(content, name="t.pdf")) if kind == "table"]


PRICES = [["Item", "Note", "Price"], ["Pump 40", "with seal", "3,620"], ["Pump 65", "", "5,390"]]
AS_LINES = "Item\tNote\tPrice\nPump 40\twith seal\t3,620\nPump 65\t\t5,390"


def test_larger_type_is_a_heading_and_lines_make_paragraphs() -> None:
    style = getSampleStyleSheet()
    content = flowed(
        Paragraph("Pump manual", style["Title"]), Paragraph("Use", style["Heading2"]),
        Paragraph(PROSE * 3, style["BodyText"]), Paragraph("Care", style["Heading2"]),
        Paragraph("Wipe it dry.", style["BodyText"]),
    )  # fmt: skip
    assert elements(parse_pdf(content, name="m.pdf")) == [
        ("heading", 1, "Pump manual"),
        ("heading", 2, "Use"),
        ("paragraph", 0, (PROSE * 3).strip()),
        ("heading", 2, "Care"),
        ("paragraph", 0, "Wipe it dry."),
    ]


def test_a_row_of_a_ruled_table_is_a_line_with_its_cells_parted_by_tabs() -> None:
    table = Table(PRICES, style=TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")]))
    assert tables(flowed(table)) == [AS_LINES]


def test_a_cell_that_wraps_stays_in_its_row() -> None:
    style = getSampleStyleSheet()["BodyText"]
    rows = [["Code", "Meaning"], ["E1", Paragraph("The pressure at the outlet is far too high", style)], ["E2", "Stop"]]
    table = Table(rows, colWidths=[60, 110], style=TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")]))
    assert tables(flowed(table)) == ["Code\tMeaning\nE1\tThe pressure at the outlet is far too high\nE2\tStop"]


def test_columns_without_rules_are_a_table_too() -> None:
    assert tables(flowed(Table(PRICES, colWidths=[120, 120, 80]))) == [AS_LINES]


def test_dates_over_two_lines_head_their_columns() -> None:
    page = lines(
        ("Three months ended", 335, 700), ("June 25,", 300, 688), ("2026", 300, 676), ("June 26,", 400, 688),
        ("2025", 400, 676), ("Sales", 50, 660), ("63,355", 300, 660), ("63,948", 400, 660), ("Costs", 50, 648),
        ("(10)", 300, 648), ("243", 400, 648),
    )  # fmt: skip
    assert tables(drawn(page)) == [
        "\tThree months ended June 25, 2026\tThree months ended June 26, 2025\nSales\t63,355\t63,948\nCosts\t(10)\t243"
    ]


def test_a_label_over_two_lines_is_one_and_a_bracket_set_apart_closes_its_number() -> None:
    content = drawn(
        lines(
            ("Cost", 60, 728), ("2026", 260, 728), ("2025", 360, 728),
            ("Research and development", 60, 714), ("expenses", 60, 702), ("120", 260, 702), ("(88", 360, 702),
            (")", 380, 702), ("Marketing", 60, 690), ("40", 260, 690), ("38", 360, 690),
        )
    )  # fmt: skip
    assert tables(content) == ["Cost\t2026\t2025\nResearch and development expenses\t120\t(88)\nMarketing\t40\t38"]


def test_a_unit_over_two_columns_keeps_them_apart_and_stands_first() -> None:
    content = drawn(
        lines(
            ("June 30,", 255, 740), ("June 30,", 305, 740), ("2026", 260, 728), ("2025", 310, 728),
            ("(in millions)", 265, 716), ("Inventory", 60, 704), ("632", 260, 704), ("430", 310, 704),
            ("Goods", 60, 692), ("58", 265, 692), ("66", 315, 692),
            ("Cash", 60, 680), ("29", 265, 680), ("63", 315, 680),
        )
    )  # fmt: skip
    (table,) = tables(content)
    assert table.splitlines()[0] == "(in millions)\tJune 30, 2026\tJune 30, 2025"
    assert table.splitlines()[1:] == ["Inventory\t632\t430", "Goods\t58\t66", "Cash\t29\t63"]


def test_two_columns_of_text_are_read_one_after_the_other() -> None:
    words = [f"Sentence {i} of the column goes here." for i in range(24)]
    left = [(words[i], 50.0, 700.0 - 12 * i) for i in range(12)]
    right = [(words[12 + i], 310.0, 700.0 - 12 * i) for i in range(12)]
    text = parse_pdf(drawn(lines(*left, *right)), name="c.pdf").text
    assert [text.index(word) for word in words] == sorted(text.index(word) for word in words)


def test_a_page_drawn_in_any_order_is_read_from_the_top() -> None:
    page = lines(("Third line of it.", 50, 660), ("First line of it.", 50, 700), ("Second line of it.", 50, 680))
    text = parse_pdf(drawn(page), name="o.pdf").text
    assert text.index("First") < text.index("Second") < text.index("Third")


def test_running_heads_and_feet_are_left_out() -> None:
    def page(number: int) -> Callable[[Canvas], None]:
        body = [(f"{word} of chapter {number * 7}.", 50.0, 700.0 - 30 * i) for i, word in enumerate(("Start", "End"))]
        return lines(("Acme Ltd, confidential", 50, 810), *body, (f"Page {number} of 4", 50, 30))

    text = parse_pdf(drawn(*(page(number) for number in range(1, 5))), name="r.pdf").text
    assert "Acme" not in text
    assert "Page" not in text
    assert "End of chapter 28." in text


def test_a_word_cut_at_the_end_of_a_line_is_whole_again() -> None:
    page = lines(
        ("Both rotors turn in oppo-", 50, 700),
        ("site directions; a well-known", 50, 688),
        ("and well-", 50, 676),
        ("known fact.", 50, 664),
    )
    text = " ".join(parse_pdf(drawn(page), name="h.pdf").text.split())
    assert text == "Both rotors turn in opposite directions; a well-known and well-known fact."


def test_a_paragraph_over_two_pages_is_one_and_knows_both() -> None:
    first = lines(("This sentence begins on the first page and", 50, 60))
    second = lines(("ends on the second.", 50, 780))
    parsed = parse_pdf(drawn(first, second), name="p.pdf")
    assert parsed.text == "This sentence begins on the first page and ends on the second."
    assert parsed.pages == ((0, 1), (parsed.text.index("ends"), 2))


def test_pages_without_text_are_named() -> None:
    def blank(canvas: Canvas) -> None:
        """Nothing."""

    text = lines(("Text.", 50, 700))
    parsed = parse_pdf(drawn(text, blank, text, blank, blank, blank), name="n.pdf")
    assert (parsed.page_count, parsed.notes) == (6, ("pages 2, 4-6 have no text",))


def test_a_damaged_file_of_which_something_is_left_is_read_with_a_note() -> None:
    content = drawn(lines(("Text.", 50, 700)))
    parsed = parse_pdf(content[: content.rindex(b"xref")], name="n.pdf")
    assert (parsed.text, parsed.notes) == ("Text.", ("the file is damaged: what could be recovered was read",))


@pytest.mark.parametrize(
    ("title", "shown"), [("Pump manual", "Pump manual"), ("Microsoft Word - a.doc", "pump"), ("", "pump")]
)
def test_a_title_that_says_nothing_gives_way_to_the_file_name(title: str, shown: str) -> None:
    assert parse_pdf(drawn(lines(("Text.", 50, 700)), title=title), name="pump.pdf").title == shown


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (drawn(lambda canvas: canvas.rect(10, 10, 50, 50)), "no_text"),
        (drawn(lines(("Secret.", 50, 700)), encrypt=StandardEncryption("word", ownerPassword="owner")), "encrypted"),
        (b"%PDF-1.7\n%%EOF", "corrupt"),
        (drawn(lambda canvas: None).replace(b"startxref", b"start"), "corrupt"),
    ],
    ids=["scan", "locked", "damaged", "nothing left"],
)
def test_a_file_without_readable_text_says_why(content: bytes, code: str) -> None:
    with pytest.raises(ParseError) as error:
        parse_pdf(content, name="x.pdf")
    assert error.value.reason == code


def test_a_damaged_file_after_a_locked_one_is_damaged() -> None:
    locked = drawn(lines(("Secret.", 50, 700)), encrypt=StandardEncryption("word", ownerPassword="owner"))
    hollow = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF"
    codes = []
    for content in (hollow, locked, hollow):
        with pytest.raises(ParseError) as error:
            parse_pdf(content, name="x.pdf")
        codes.append(error.value.reason)
    assert codes == ["corrupt", "encrypted", "corrupt"]


def test_a_file_that_needs_no_password_to_open_is_read() -> None:
    locked = StandardEncryption("", ownerPassword="owner", canPrint=0)
    assert parse_pdf(drawn(lines(("Open text.", 50, 700)), encrypt=locked), name="x.pdf").text == "Open text."
