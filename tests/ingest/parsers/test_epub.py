"""Books made here, then read."""

from __future__ import annotations

import io
import zipfile

import pytest

from core.errors import ParseError
from ingest.parsers.choose import parse
from tests.ingest.parsers.elements import elements

CONTAINER = """<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Pump care</dc:title><dc:creator>Ann Lee</dc:creator>
<dc:date>2026-01-05</dc:date><meta property="dcterms:modified">2026-02-01T10:00:00Z</meta></metadata><manifest>
<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="a" href="text/first%20part.xhtml" media-type="application/xhtml+xml"/>
<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="cover.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="c"/><itemref idref="n"/><itemref idref="b"/><itemref idref="a"/></spine></package>"""
PAGE = '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>'


def book(**changed: str) -> bytes:
    parts = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": PACKAGE,
        "OEBPS/nav.xhtml": f"{PAGE}<body><ol><li>Contents</li></ol></body></html>",
        "OEBPS/text/first part.xhtml": f"{PAGE}<body><h1>Two</h1><p>Grease it each étage.</p></body></html>",
        "OEBPS/b.xhtml": f"{PAGE}<body><h1>One</h1><p>Check the seal weekly.</p></body></html>",
        "OEBPS/cover.xhtml": f'{PAGE}<body><img src="cover.png"/></body></html>',
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        for name, content in (parts | {k.replace("__", "/"): v for k, v in changed.items()}).items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_chapters_come_in_the_order_of_the_spine() -> None:
    parsed = parse(book(), name="pump.epub")
    assert elements(parsed) == [
        ("heading", 1, "One"),
        ("paragraph", 0, "Check the seal weekly."),
        ("heading", 1, "Two"),
        ("paragraph", 0, "Grease it each étage."),
    ]
    assert (parsed.title, parsed.author, parsed.created) == ("Pump care", "Ann Lee", "2026-01-05T00:00:00")
    assert parsed.modified == "2026-02-01T10:00:00+00:00"
    assert parsed.notes == ("OEBPS/cover.xhtml has no text",)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (book(**{"META-INF/container.xml": "<container/>"}), "corrupt"),
        (book(**{"OEBPS/book.opf": "<package"}), "corrupt"),
        (
            book(**{"META-INF/encryption.xml": '<e><CipherReference URI="OEBPS/b.xhtml"/></e>'}),
            "encrypted",
        ),
        (book(**{"OEBPS/book.opf": "<package><spine/></package>"}), "no_text"),
    ],
)
def test_a_broken_protected_or_blank_book_says_so(content: bytes, code: str) -> None:
    with pytest.raises(ParseError) as error:
        parse(content, name="pump.epub")
    assert error.value.reason == code
