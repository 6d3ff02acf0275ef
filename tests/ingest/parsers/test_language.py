"""The language is what a file declares; nothing is guessed."""

from __future__ import annotations

import io

import docx
import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers.builder import declared
from ingest.parsers.choose import parse


@pytest.mark.parametrize(
    ("said", "tag"),
    [("de", "de"), (" en_GB ", "en-GB"), ("zh-Hans-CN", "zh-Hans-CN"), ("en, de", ""), ("English", ""), ("", "")],
)
def test_a_tag_is_kept_as_it_stands_and_anything_else_is_not(said: str, tag: str) -> None:
    assert declared(said) == tag


def test_a_page_a_mail_a_pdf_and_a_word_document_say_their_language() -> None:
    page = parse(b"<html lang='de-AT'><body><p>Ein Satz steht hier.</p></body></html>", name="a.html")
    mail = parse(b"From: a@x.example\nSubject: S\nContent-Language: fr\n\nUne phrase.\n", name="a.eml")
    document, content = docx.Document(), io.BytesIO()
    document.add_paragraph("A sentence stands here.")
    document.save(content)
    word = parse(content.getvalue(), name="a.docx")
    canvas = Canvas(printed := io.BytesIO(), lang="de-CH")
    canvas.drawString(72, 700, "Ein Satz steht hier.")
    canvas.save()
    assert parse(printed.getvalue(), name="a.pdf").language == "de-CH"
    assert (page.language, mail.language, word.language) == ("de-AT", "fr", "en-US")


def test_a_file_that_declares_none_has_none() -> None:
    assert parse(b"Ein deutscher Satz steht hier.", name="a.txt").language == ""
    assert parse(b"<p>Ein deutscher Satz steht hier.</p>", name="a.html").language == ""
