"""OpenDocument files made here, then read."""

from __future__ import annotations

import io
import zipfile

import pytest

from core.errors import ParseError
from ingest.parsers.choose import parse
from tests.ingest.parsers.elements import elements

SPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in {
        "office": "office", "text": "text", "table": "table", "draw": "drawing", "presentation": "presentation",
        "meta": "meta", "manifest": "manifest",
    }.items()
)  # fmt: skip
META = f"""<office:document-meta {SPACES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>
<dc:title>Leave policy</dc:title><meta:initial-creator>Ann Lee</meta:initial-creator>
<meta:creation-date>2026-01-05T09:30:00.123</meta:creation-date><dc:date>2026-02-01T10:00:00</dc:date>
</office:meta></office:document-meta>"""


def document(body: str, kind: str = "text", **parts: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        dublin = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
        archive.writestr(
            "content.xml",
            f"<office:document-content {SPACES} {dublin}><office:body>{body}</office:body></office:document-content>",
        )
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return stream.getvalue()


TEXT = """<office:text><text:tracked-changes><text:p>Deleted words.</text:p></text:tracked-changes>
<text:h text:outline-level="1">Parents</text:h>
<text:p>Sixteen<text:s text:c="1"/>weeks<text:note><text:note-citation>1</text:note-citation><text:note-body>
<text:p>Paid in full.</text:p></text:note-body></text:note> of leave.<office:annotation><dc:creator>Bo</dc:creator>
<text:p>Check this.</text:p></office:annotation></text:p>
<text:list><text:list-item><text:p>Ask early</text:p></text:list-item></text:list>
<text:p>See the box.<draw:frame><draw:text-box><text:p>Words in a box.</text:p></draw:text-box></draw:frame></text:p>
<table:table><table:table-column/><table:table-row><table:table-cell><text:p>Grade</text:p></table:table-cell>
<table:table-cell><text:p>Days</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell>
<text:p>A</text:p></table:table-cell><table:table-cell table:number-columns-repeated="1"><text:p>30</text:p>
</table:table-cell></table:table-row></table:table></office:text>"""


def test_text_is_read_in_order_with_headings_lists_tables_notes_and_comments() -> None:
    parsed = parse(document(TEXT, meta_xml=META), name="leave.odt")
    assert elements(parsed) == [
        ("heading", 1, "Parents"),
        ("paragraph", 0, "Sixteen weeks of leave."),
        ("paragraph", 0, "Paid in full."),
        ("paragraph", 0, "Comment by Bo: Check this."),
        ("list_item", 0, "Ask early"),
        ("paragraph", 0, "See the box."),
        ("paragraph", 0, "Words in a box."),
        ("table", 0, "Grade\tDays\nA\t30"),
    ]
    assert (parsed.title, parsed.author) == ("Leave policy", "Ann Lee")
    assert (parsed.created, parsed.modified) == ("2026-01-05T09:30:00", "2026-02-01T10:00:00")


def test_slides_are_pages() -> None:
    slides = "".join(
        f'<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>{title}</text:p></draw:text-box>'
        f"</draw:frame><draw:frame><draw:text-box><text:p>{words}</text:p></draw:text-box></draw:frame></draw:page>"
        for title, words in (("Results", "Sales rose."), ("", ""), ("Outlook", "We expect more."))
    )
    parsed = parse(document(f"<office:presentation>{slides}</office:presentation>", "presentation"), name="d.odp")
    assert [page for _, page in parsed.pages] == [1, 3]
    assert parsed.text[parsed.pages[1][0] :].startswith("Outlook")
    assert (parsed.page_count, parsed.notes, parsed.title) == (3, ("slide 2 has no text",), "Results")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (document("<office:text><text:p>cut"), "corrupt"),
        (document("<office:text/>"), "no_text"),
        (document(TEXT, **{"META-INF__manifest_xml": "<m><manifest:encryption-data/></m>"}), "encrypted"),
        (document(TEXT)[:500], "corrupt"),
        (document('<!DOCTYPE x [<!ENTITY e "boom">]><text:p>&e;</text:p>'), "too_large"),
    ],
)
def test_a_broken_locked_or_blank_document_says_so(content: bytes, code: str) -> None:
    with pytest.raises(ParseError) as error:
        parse(content, name="leave.odt")
    assert error.value.reason == code
