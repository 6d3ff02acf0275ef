"""Pictures and scanned pages, drawn here, read where tesseract is installed."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from core.errors import ParseError
from ingest.parsers import ocr
from ingest.parsers.choose import media_type, parse
from ingest.parsers.protocol import deadline
from tests.ingest.parsers.elements import elements

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")


def drawn(text: str = "") -> Image.Image:
    picture = Image.new("L", (900, 200), 255)
    ImageDraw.Draw(picture).text((40, 60), text, fill=0, font=ImageFont.load_default(60))
    return picture


def saved(picture: Image.Image, kind: str, *more: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **({"save_all": True, "append_images": list(more)} if more else {}))
    return stream.getvalue()


@pytest.fixture
def without_tesseract(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PATH", "/nowhere")
    ocr.is_installed.cache_clear()
    yield
    ocr.is_installed.cache_clear()


def scanned() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.drawString(72, 700, "The first page has text of its own.")
    canvas.showPage()
    canvas.drawImage(ImageReader(drawn("Pump pressure")), 72, 600, 450, 100)
    canvas.showPage()
    canvas.showPage()
    canvas.drawString(72, 700, "The fourth page ends it.")
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


@needs_tesseract
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
def test_words_in_a_picture_are_read(kind: str) -> None:
    content = saved(drawn("Pump pressure"), kind)
    assert media_type(content, "scan.pdf") == f"image/{kind.lower()}"
    assert "Pump pressure" in parse(content, name=f"scan.{kind}").text


@needs_tesseract
def test_pages_that_there_is_no_time_for_are_named() -> None:
    before = deadline.set(0.0)
    try:
        parsed = parse(scanned(), name="mixed.pdf")
    finally:
        deadline.reset(before)
    assert parsed.notes == (
        "page 2 was not read: OCR takes longer than ingest.file_seconds allows",
        "page 3 has no text",
    )
    assert "The fourth page ends it." in parsed.text


@needs_tesseract
def test_every_picture_of_a_tiff_is_a_page() -> None:
    parsed = parse(saved(drawn("First page"), "TIFF", drawn(), drawn("Third page")), name="fax.tif")
    assert [page for _, page in parsed.pages] == [1, 3]
    assert parsed.text[parsed.pages[1][0] :].startswith("Third")
    assert (parsed.page_count, parsed.notes) == (3, ("page 2 has no text",))


@needs_tesseract
def test_a_page_that_was_scanned_is_read_in_its_place() -> None:
    parsed = parse(scanned(), name="mixed.pdf")
    assert [text for _, _, text in elements(parsed)] == [
        "The first page has text of its own.",
        "Pump pressure",
        "The fourth page ends it.",
    ]
    assert [page for _, page in parsed.pages] == [1, 2, 4]
    assert parsed.notes == ("page 2 is a picture and was read by OCR", "page 3 has no text")


@pytest.mark.usefixtures("without_tesseract")
def test_numbers_of_shapes_are_not_taken_for_letters() -> None:
    """A font without a map to letters: pdfium gives the numbers, 29 below ASCII in most TrueType fonts."""
    shapes = "".join(f"{ord(letter) - 29:04X}" for letter in "The quick brown fox jumps over 13 lazy dogs.")
    drawing = f"BT /F 12 Tf 72 700 Td <{shapes}> Tj ET"
    content = f"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R
/Resources << /Font << /F << /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /DescendantFonts [<<
/Type /Font /Subtype /CIDFontType2 /BaseFont /A /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity)
/Supplement 0 >> /DW 600 >>] >> >> >> >> endobj
4 0 obj << /Length {len(drawing)} >> stream
{drawing}
endstream endobj
trailer << /Root 1 0 R >>
"""
    with pytest.raises(ParseError, match="do not say which letters") as error:
        parse(content.encode(), name="g.pdf")
    assert error.value.reason == "no_text"


@pytest.mark.usefixtures("without_tesseract")
def test_without_tesseract_a_picture_and_a_scan_say_why_they_have_no_text() -> None:
    with pytest.raises(ParseError, match="No text: OCR is not installed") as error:
        parse(saved(drawn("Pump"), "PNG"), name="a.png")
    assert error.value.reason == "picture"
    assert parse(scanned(), name="mixed.pdf").notes == (
        "page 3 has no text",
        "page 2 has no text: a picture, and OCR is not installed",
    )
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.drawImage(ImageReader(drawn("Pump pressure")), 72, 600, 450, 100)
    canvas.save()
    with pytest.raises(ParseError, match="No text: OCR is not installed") as error:
        parse(stream.getvalue(), name="scan.pdf")
    assert error.value.reason == "no_text"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (saved(drawn(), "PNG"), "picture"),
        (saved(Image.new("L", (20, 20), 255), "PNG"), "picture"),
        (saved(drawn("x"), "PNG")[:200], "corrupt"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "corrupt"),
        (b"\xff\xd8\xff\xe0 not a picture", "corrupt"),
        (saved(Image.new("1", (20_000, 20_000)), "PNG"), "too_large"),
    ],
)
def test_a_picture_without_words_is_skipped_and_a_broken_one_fails(content: bytes, code: str) -> None:
    with pytest.raises(ParseError) as error:
        parse(content, name="a.png")
    assert error.value.reason == code
