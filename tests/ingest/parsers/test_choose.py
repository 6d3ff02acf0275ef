from __future__ import annotations

import io
import zipfile

import pytest

from core.errors import PARSE_CODES, ParseError
from ingest.parsers.choose import SUPPORTED, media_type, parse

PK_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def zipped(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return stream.getvalue()


def ole(stream: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512 + stream.encode("utf-16-le") + b"\x00" * 64


def refusal(content: bytes, name: str) -> str:
    with pytest.raises(ParseError) as error:
        parse(content, name=name)
    assert error.value.reason in PARSE_CODES
    assert str(error.value).endswith(".")
    return error.value.reason


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"\xef\xbb\xbf%PDF-1.4", "scan.txt", "application/pdf"),
        (zipped(word__document_xml=b"<w/>"), "letter.zip", PK_DOCX),
        (b"<!DOCTYPE html><html>", "page.pdf", "text/html"),
        (b"<table><tr><td>1</td></tr></table>", "export.xls", "text/html"),
        (b'<%@ Page Language="C#" %>\n<html>', "page.aspx", "text/html"),
        (b"From ann Mon Oct  5 09:00:00 2026\nSubject: Hi\n\nText", "Inbox", "application/mbox"),
        (b"From: a@x.example\nSubject: Hi\n\nText", "saved-message", "message/rfc822"),
        (b"From: Tuesday on we close early.\n\nText", "notice.txt", "text/plain"),
        (b"a,b\n1,2\n", "table.CSV", "text/csv"),
        (b"# Title", "README.md", "text/markdown"),
        (b"<h1>Title</h1>", "README.md", "text/markdown"),
        (b"print(1)", "script.py", "text/x-python"),
        (b"{\\rtf1 hello}", "letter.doc", "application/rtf"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "feed", "application/xml"),
        (b"<?xml version='1.0'?><html/>", "page.xml", "text/html"),
        (zipped(a_xml=b"x"), "bundle.docx", "application/zip"),
        (ole("__substg1.0_0037001F"), "mail", "application/vnd.ms-outlook"),
        (b"[1]", "data.JSON", "application/json"),
        (b'{"van": "North"}', "data", "application/json"),
        (b"van;miles\nNorth;120\n", "export.xls", "text/csv"),
        (b"Dear all,\nwe close early.\n", "letter", "text/plain"),
        (b"\x89PNG\r\n\x1a\n", "scan.pdf", "image/png"),
    ],
)
def test_content_comes_before_the_extension(content: bytes, name: str, expected: str) -> None:
    assert media_type(content, name) == expected


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "empty.txt", "empty"),
        (b" \r\n\t\n", "blank.md", "empty"),
        (ole("EncryptedPackage"), "locked.docx", "encrypted"),
        (ole("WordDocument"), "old.doc", "unsupported"),
        (b"{\\rtf1 hello", "cut.rtf", "corrupt"),
        (zipped(a_xml=b"x")[:40], "cut.zip", "corrupt"),
        (b"\x89PNG\r\n\x1a\n", "cut.png", "corrupt"),
        (b"7z\xbc\xaf\x27\x1c", "archive.7z", "unsupported"),
        (bytes(range(256)) * 8, "data.bin", "unsupported"),
        (b"%PDF-1.7\nnothing else", "cut.pdf", "corrupt"),
        (zipped(word__document_xml=b"<w/>")[:60], "cut.docx", "corrupt"),
        (zipped(word__document_xml=b"<w/>"), "hollow.docx", "corrupt"),
        (zipped(word__document_xml=b'<!DOCTYPE d [<!ENTITY a "b">]><d/>'), "laughs.docx", "too_large"),
        (zipped(word__document_xml=b"<" + b" " * 30_000_000), "bomb.docx", "too_large"),
        (zipped(xl__workbook_xml=b"<x/>"), "hollow.xlsx", "corrupt"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_code_and_a_sentence(content: bytes, name: str, code: str) -> None:
    assert refusal(content, name) == code


def test_a_refused_format_is_told_what_is_supported() -> None:
    with pytest.raises(ParseError, match=SUPPORTED):
        parse(b"7z\xbc\xaf\x27\x1c", name="archive.7z")


def test_text_that_no_database_stores_is_mended_in_place() -> None:
    parsed = parse(b"<p>before &#xD800; after</p>", name="page.html")
    parsed.text.encode("utf-8")
    assert "before" in parsed.text
