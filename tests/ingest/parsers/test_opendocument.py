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


def cell(text: str, spans: str = "") -> str:
    return f"<table:table-cell {spans}><text:p>{text}</text:p></table:table-cell>"


def row(*cells: str) -> str:
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def test_a_label_stands_in_each_row_that_it_covers() -> None:
    covered = "<table:covered-table-cell/>"
    body = row(cell("Region"), cell("Site"), cell("EUR"))
    body += row(cell("North", 'table:number-rows-spanned="2"'), cell("Bergen"), cell("4.10"))
    body += row(covered, cell("Narvik"), cell("5.25"))
    body += row(cell("All sites", 'table:number-columns-spanned="2"'), covered, cell("4.68"))
    inner = f"<table:table>{row(cell('Part'), cell('kg'))}{row(cell('Hinge'), cell('14'))}</table:table>"
    nested = f"<table:table>{row(f'<table:table-cell><text:p>Note 7</text:p>{inner}</table:table-cell>')}</table:table>"
    parsed = parse(document(f"<office:text><table:table>{body}</table:table>{nested}</office:text>"), name="a.odt")
    assert elements(parsed) == [
        ("table", 0, "Region\tSite\tEUR\nNorth\tBergen\t4.10\nNorth\tNarvik\t5.25\nAll sites\t\t4.68"),
        ("paragraph", 0, "Note 7"),
        ("table", 0, "Part\tkg\nHinge\t14"),
    ]


STYLES = f"""<office:document-styles {SPACES} xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0">
<office:master-styles><style:master-page><style:header><text:p>Document QP-318, revision 7</text:p></style:header>
<style:header-left><text:p>Document QP-318, revision 7</text:p></style:header-left>
<style:footer><text:p>Owner: Ida Lund</text:p>
<text:p>Page <text:page-number>1</text:page-number></text:p></style:footer>
</style:master-page></office:master-styles></office:document-styles>"""


def test_headers_and_footers_are_read_once() -> None:
    body = "<office:text><text:p>Rinse the vessel twice.</text:p></office:text>"
    assert parse(document(body, styles_xml=STYLES), name="a.odt").text.split("\n\n") == [
        "Document QP-318, revision 7", "Rinse the vessel twice.", "Owner: Ida Lund",
    ]  # fmt: skip


def styled(body: str, says: str, kind: str = "text") -> bytes:
    style = 'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    named = (
        f'<office:automatic-styles {style}><style:style style:name="S">{says}</style:style></office:automatic-styles>'
    )
    content = document(body, kind)
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            part = old.read(name).decode()
            new.writestr(name, part.replace("<office:body>", f"{named}<office:body>"))
    return written.getvalue()


def test_a_raised_mark_after_a_figure_is_set_off() -> None:
    says = '<style:text-properties style:text-position="super 58%"/>'
    line = 'It rose to 8.41<text:span text:style-name="S">2</text:span> million.'
    body = f"<office:text><text:p>{line}</text:p></office:text>"
    assert parse(styled(body, says), name="a.odt").text == "It rose to 8.41 [2] million."


def test_a_hidden_slide_is_left_out_and_named() -> None:
    says = '<style:drawing-page-properties presentation:visibility="hidden"/>'
    text = "<draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    body = (
        f"<office:presentation><draw:page>{text.format('Costs')}</draw:page>"
        f'<draw:page draw:style-name="S">{text.format("Salaries")}</draw:page></office:presentation>'
    )
    parsed = parse(styled(body, says, "presentation"), name="a.odp")
    assert (parsed.text, parsed.notes) == ("Costs", ("slide 2 is hidden and was left out",))
