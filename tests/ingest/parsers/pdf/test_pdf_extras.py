"""Form fields, outlines, attachments and dates of PDF files, made here, then read."""

from __future__ import annotations

import io

import pypdfium2
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers.choose import parse
from tests.ingest.parsers.elements import elements


def test_a_filled_field_is_read_where_it_stands() -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.drawString(72, 700, "Name of the tenant:")
    canvas.acroForm.textfield(name="n", value="Wilma Testerly", x=200, y=690, width=200, height=20)
    canvas.drawString(72, 600, "City of the flat:")
    canvas.acroForm.textfield(name="c", value="", x=200, y=590, width=200, height=20)
    canvas.save()
    text = " ".join(parse(stream.getvalue(), name="form.pdf").text.split())
    assert text == "Name of the tenant: Wilma Testerly City of the flat:"


def test_the_outline_makes_headings_of_plain_lines() -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for page, (title, level) in enumerate((("Leave of absence", 0), ("Parental leave", 1))):
        canvas.bookmarkPage(str(page))
        canvas.addOutlineEntry(title, str(page), level=level)
        canvas.drawString(72, 700, title)
        canvas.drawString(72, 600, "Sixteen weeks of leave are paid in full to every parent.")
        canvas.showPage()
    canvas.save()
    parsed = parse(stream.getvalue(), name="leave.pdf")
    assert [(kind, level) for kind, level, _ in elements(parsed)] == [
        ("heading", 1),
        ("paragraph", 0),
        ("heading", 2),
        ("paragraph", 0),
    ]


def test_attached_files_author_and_dates_come_along() -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.setAuthor("Ann Lee")
    canvas.drawString(72, 700, "See the attached plan.")
    canvas.save()
    document = pypdfium2.PdfDocument(stream.getvalue())
    for name in ("../plan.csv", "plan.csv"):
        document.new_attachment(name).set_data(b"step,day\ndig,1")
    out = io.BytesIO()
    document.save(out)
    document.close()
    parsed = parse(out.getvalue(), name="letter.pdf")
    assert [(a.name, a.content) for a in parsed.attachments] == [
        ("plan.csv", b"step,day\ndig,1"),
        ("plan (2).csv", b"step,day\ndig,1"),
    ]
    assert parsed.author == "Ann Lee"
    assert (parsed.created or "").startswith("20")
