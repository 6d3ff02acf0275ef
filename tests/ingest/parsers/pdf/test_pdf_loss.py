"""The guard that counts the words of a page against those that were read."""

from __future__ import annotations

import io

import pypdfium2
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers.pdf.characters import characters_of
from ingest.parsers.pdf.loss import missing, words_on
from ingest.parsers.pdf.read import parse_pdf

LINES = [f"Berth {number} takes ships of up to {number * 11} metres in any weather." for number in range(40)]


def page() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for row, line in enumerate(LINES):
        canvas.drawString(72, 780 - 15 * row, line)
    canvas.save()
    return stream.getvalue()


def test_words_and_figures_that_were_not_read_are_counted() -> None:
    document = pypdfium2.PdfDocument(page())
    textpage = document[0].get_textpage()
    words = words_on(characters_of(textpage))
    textpage.close()
    document.close()
    assert missing([words], LINES) == 0
    assert missing([words], LINES[:-2]) == 2 * (10 + 5)  # words, and the digits of 38 and 418
    assert missing([words], [line.replace(" up to ", " ") for line in LINES]) == 80
    assert missing([words], [LINES[0].replace("Berth", "Pier"), *LINES[1:]]) == 0  # a single word is no loss


def test_a_page_that_is_read_whole_has_no_note() -> None:
    assert parse_pdf(page(), name="p.pdf").notes == ()
