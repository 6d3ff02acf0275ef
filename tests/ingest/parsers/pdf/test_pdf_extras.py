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


def test_a_box_says_before_its_label_whether_it_is_ticked() -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for row, (label, ticked) in enumerate((("Manual handed over", False), ("Keys returned", True))):
        canvas.acroForm.checkbox(name=f"b{row}", checked=ticked, x=72, y=677 - 24 * row, size=14)
        canvas.drawString(100, 680 - 24 * row, label)
    canvas.drawString(72, 600, "Payment:")
    for place, (label, chosen) in enumerate((("monthly", True), ("yearly", False))):
        canvas.acroForm.radio(name="p", value=label, selected=chosen, x=140 + 100 * place, y=597, size=14)
        canvas.drawString(160 + 100 * place, 600, label)
    canvas.save()
    text = parse(stream.getvalue(), name="form.pdf").text
    assert text.split("\n\n") == ["☐ Manual handed over", "☒ Keys returned", "Payment: ☒ monthly ☐ yearly"]


def test_a_box_after_its_label_is_read_before_it() -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for place, (label, ticked) in enumerate((("Yes", False), ("No", True))):
        canvas.drawString(72 + 80 * place, 680, label)
        canvas.acroForm.checkbox(name=label, checked=ticked, x=95 + 80 * place, y=677, size=14)
    canvas.drawString(72, 640, "Insured since May")
    canvas.acroForm.checkbox(name="i", checked=True, x=300, y=637, size=14)
    canvas.drawString(72, 600, "Country")
    canvas.acroForm.choice(name="c", value="Norway", options=["Chad", "Norway"], x=140, y=595, width=90, height=18)
    canvas.save()
    text = " ".join(parse(stream.getvalue(), name="form.pdf").text.split())
    assert text == "☐ Yes ☒ No ☒ Insured since May Country Norway"


def with_notes(*pages: tuple[str, tuple[str, ...]]) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for text, notes in pages:
        canvas.drawString(72, 700, text)
        for note in notes:
            canvas.textAnnotation(note, (50, 690, 70, 710))
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def test_what_a_reviewer_wrote_on_a_page_is_read_after_its_text() -> None:
    parsed = parse(with_notes(("The rent is 900 euros.", ("Too low", "Too low")), ("", ("No annex?",))), name="n.pdf")
    assert parsed.text.split("\n\n") == ["The rent is 900 euros.", "Comment: Too low", "Comment: No annex?"]
    assert [page for _, page in parsed.pages] == [1, 2]


def lettered(text: str, signs: dict[str, str]) -> bytes:
    """A page on which each sign of `text`, drawn from right to left, says the letters that `signs` gives for it."""
    codes = {sign: number for number, sign in enumerate(signs, start=65)}
    said = "".join(f"<{code:02X}> <{signs[sign].encode('utf-16-be').hex()}>\n" for sign, code in codes.items())
    mapping = (
        "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{said}endbfchar endcmap end"
    )
    draw = "".join(f"BT /F 20 Tf {500 - 12 * at} 700 Td <{codes[sign]:02X}> Tj ET\n" for at, sign in enumerate(text))
    shapes = " ".join(f"/s{code} 5 0 R" for code in codes.values())
    names = " ".join(f"{code} /s{code}" for code in codes.values())

    def stream(data: str) -> str:
        return f"<< /Length {len(data)} >> stream\n{data}\nendstream"

    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 6 0 R >> >> >>",
        stream(draw),
        stream("600 0 0 0 600 600 d1 0 0 600 600 re f"),
        f"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 600 600] /FontMatrix [0.001 0 0 0.001 0 0] /ToUnicode 7 0 R "
        f"/CharProcs << {shapes} >> /Encoding << /Type /Encoding /Differences [{names}] >> /FirstChar 65 "
        f"/LastChar {64 + len(codes)} /Widths [{'600 ' * len(codes)}] >>",
        stream(mapping),
    ]
    content, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start = len(content)
    content += (
        f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(places) + 1} /Root 1 0 R >>\n"
    )
    return f"{content}startxref\n{start}\n%%EOF".encode()


def test_lam_alef_is_read_in_its_order() -> None:
    signs = {"s": "س", "L": "لا", "m": "م", "k": "ک", "y": "ی", "1": "۱", "2": "۲", "l": "ل", "a": "ا", " ": " "}
    assert parse(lettered("sLm kLy alm 21", signs), name="a.pdf").text == "سلام کلای الم ۱۲"
