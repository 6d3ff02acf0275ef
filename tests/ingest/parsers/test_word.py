"""Word files as Word shows them: each is made here, with the elements that Word puts around words."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest
from docx import Document
from docx.oxml import parse_xml
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from core.documents import Parsed
from ingest.parsers import protocol
from ingest.parsers.choose import parse
from ingest.parsers.loss import lost, words
from ingest.parsers.office import parse_docx
from tests.ingest.parsers.elements import elements

NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
INSERTED = 'w:id="1" w:author="A" w:date="2026-01-01T00:00:00Z"'


def run(text: str, says: str = "") -> str:
    return f'<w:r><w:rPr>{says}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def line(inside: str, says: str = "") -> str:
    return f"<w:p><w:pPr>{says}</w:pPr>{inside}</w:p>"


def cell(inside: str, says: str = "") -> str:
    return f"<w:tc><w:tcPr>{says}</w:tcPr>{inside if '<w:p>' in inside else line(run(inside))}</w:tc>"


def row(*cells: str, says: str = "") -> str:
    return f"<w:tr><w:trPr>{says}</w:trPr>{''.join(cells)}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(rows)}</w:tbl>"


def control(inside: str, says: str = "") -> str:
    return f"<w:sdt><w:sdtPr>{says}</w:sdtPr><w:sdtContent>{inside}</w:sdtContent></w:sdt>"


def file(*blocks: str) -> bytes:
    document = Document()
    end = document.element.body[-1]
    for block in blocks:
        root = parse_xml(f"<w:body {NAMES}>{block}</w:body>")
        for child in root:
            end.addprevious(child)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def read(*blocks: str) -> Parsed:
    return parse_docx(file(*blocks), name="a.docx")


def tables(parsed: Parsed) -> Iterator[list[list[str]]]:
    for kind, _, text in elements(parsed):
        if kind == "table":
            yield [row.split("\t") for row in text.split("\n")]


@pytest.mark.parametrize(
    ("inside", "reads"),
    [
        (run("The fee is ") + f"<w:ins {INSERTED}>{run('40')}</w:ins>" + run(" euros."), "The fee is 40 euros."),
        (
            run("The fee is ")
            + f"<w:del {INSERTED}><w:r><w:delText>30</w:delText></w:r></w:del>"
            + f"<w:ins {INSERTED}>{run('40')}</w:ins>"
            + run(" euros."),
            "The fee is 40 euros.",
        ),
        (f"<w:moveTo {INSERTED}>{run('Moved here.')}</w:moveTo>", "Moved here."),
        (f"<w:hyperlink w:anchor='x'><w:ins {INSERTED}>{run('A link')}</w:ins></w:hyperlink>", "A link"),
        (run("From ") + f'<w:smartTag w:element="place">{run("Aarhus")}</w:smartTag>' + run(" on."), "From Aarhus on."),
        (run("No. ") + f'<w:fldSimple w:instr="REF x">{run("7")}</w:fldSimple>' + run(" of it"), "No. 7 of it"),
        (run("By ") + f'<w:customXml w:element="n">{run("Ida")}</w:customXml>' + run("."), "By Ida."),
        (run("By ") + control(run("Ida") + control(run(" Lund"))) + run("."), "By Ida Lund."),
        (run("By ") + f"<w:bdo w:val='ltr'>{run('Ida')}</w:bdo>" + run("."), "By Ida."),
        (
            "<w:r><w:ruby><w:rt>"
            + run("かんじ")
            + "</w:rt><w:rubyBase>"
            + run("漢字")
            + "</w:rubyBase></w:ruby></w:r>",
            "漢字",
        ),
        (
            run("The power is ")
            + "<m:oMath><m:r><m:t>P=</m:t></m:r><m:f><m:num><m:r><m:t>QH</m:t></m:r></m:num>"
            + "<m:den><m:r><m:t>367</m:t></m:r></m:den></m:f></m:oMath>"
            + run("."),
            "The power is P=(QH)/367 .",
        ),
        (
            "<m:oMathPara><m:oMath><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup>"
            "</m:sSup><m:rad><m:e><m:r><m:t>y+1</m:t></m:r></m:e></m:rad></m:oMath></m:oMathPara>",
            "x^2√(y+1)",
        ),
        (run("It rose to 8.41") + run("2", '<w:vertAlign w:val="superscript"/>') + run(" million"), "8.41 [2] million"),
        (run("Store 40 m") + run("3", '<w:vertAlign w:val="superscript"/>') + run(" of it"), "Store 40 m3 of it"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>' + run(" Signed"), "☒ Signed"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0A8"/></w:r>' + run(" Signed"), "☐ Signed"),
        (run("At most 5 ") + '<w:r><w:sym w:font="Symbol" w:char="F06D"/></w:r>' + run("m"), "At most 5 μm"),
    ],
)
def test_the_words_of_a_paragraph_are_those_that_word_shows(inside: str, reads: str) -> None:
    parsed = read(line(run("Before it.")), line(inside), line(run("After it.")))
    texts = [" ".join(text.split()) for _, _, text in elements(parsed)]
    assert texts[0] == "Before it."
    assert reads in texts[1]
    assert texts[2] == "After it."
    assert not any("not read" in note for note in parsed.notes)


def test_paragraphs_are_one_where_the_end_of_the_first_was_deleted() -> None:
    deleted = f"<w:rPr><w:del {INSERTED}/></w:rPr>"
    parsed = read(line(run("One and "), deleted), line(run("two.")), line(run("Three.")))
    assert [text for _, _, text in elements(parsed)] == ["One and two.", "Three."]


def test_a_note_says_how_many_changes_were_read_as_accepted() -> None:
    change = f"<w:ins {INSERTED}>{run('new')}</w:ins>"
    assert read(line(change)).notes == ("1 tracked change was read as accepted",)
    assert read(line(change + run(" and ") + change)).notes == ("2 tracked changes were read as accepted",)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda rows: control(table(*rows)),
        lambda rows: table(rows[0], control(rows[1]), control(rows[2])),
        lambda rows: table(rows[0], control("".join(rows[1:]))),
        lambda rows: table(rows[0], rows[1], rows[2].replace("<w:tc>", "<w:sdt><w:sdtContent><w:tc>", 1).replace(
            "</w:tc>", "</w:tc></w:sdtContent></w:sdt>", 1)),
        lambda rows: f'<w:customXml w:element="t">{table(*rows)}</w:customXml>',
    ],
)  # fmt: skip
def test_a_control_around_a_table_a_row_or_a_cell_leaves_the_table_whole(wrapped: object) -> None:
    rows = [row(cell("Role"), cell("Person")), row(cell("Sponsor"), cell("Ida Lund")), row(cell("Lead"), cell("Jon"))]
    assert callable(wrapped)
    assert list(tables(read(line(run("Team")), wrapped(rows)))) == [
        [["Role", "Person"], ["Sponsor", "Ida Lund"], ["Lead", "Jon"]]
    ]


def test_rows_that_were_deleted_are_left_out() -> None:
    deleted = f"<w:del {INSERTED}/>"
    parsed = read(
        table(row(cell("Item"), cell("EUR")), row(cell("Old"), cell("1"), says=deleted), row(cell("New"), cell("2")))
    )
    assert list(tables(parsed)) == [[["Item", "EUR"], ["New", "2"]]]


def test_every_value_of_a_table_with_merged_cells_stands_under_its_own_header() -> None:
    begins, goes_on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    parsed = read(
        table(
            row(cell("Region"), cell("Site"), cell("Store"), cell("Handle")),
            row(cell("North", begins), cell("Bergen"), cell("4.10"), cell("2.95")),
            row(cell("", goes_on), cell("Narvik", begins), cell("5.25"), cell("3.15")),
            row(cell("", goes_on), cell("", goes_on), cell("5.60"), cell("3.40")),
            row(cell("Average", '<w:gridSpan w:val="2"/>'), cell("4.98"), cell("3.17")),
            row(cell("2.00"), cell("1.00"), says='<w:gridBefore w:val="2"/>'),
        )
    )
    assert list(tables(parsed)) == [
        [
            ["Region", "Site", "Store", "Handle"],
            ["North", "Bergen", "4.10", "2.95"],
            ["North", "Narvik", "5.25", "3.15"],
            ["North", "Narvik", "5.60", "3.40"],
            ["Average", "", "4.98", "3.17"],
            ["", "", "2.00", "1.00"],
        ]
    ]


def test_a_table_in_a_cell_is_a_table_of_its_own() -> None:
    inner = table(row(cell("Part"), cell("kg")), row(cell("Hinge"), cell("14")))
    deeper = table(row(cell(line(run("Station 4")) + inner)))
    laid_out = read(table(row(cell(line(run("Note 20418")) + deeper + line(run("Driver: Ida"))))))
    assert [text for _, _, text in elements(laid_out)] == [
        "Note 20418", "Station 4", "Part\tkg\nHinge\t14", "Driver: Ida",
    ]  # fmt: skip
    step = "Close the valve and wait until the gauge shows that no pressure is left in the line."
    beside = read(table(row(cell("Step"), cell("Parts")), row(cell(step), cell(line(run("See")) + inner))))
    assert list(tables(beside)) == [[["Step", "Parts"], [step, "See"]], [["Part", "kg"], ["Hinge", "14"]]]


def test_labels_and_figures_that_stand_side_by_side_in_two_cells_are_rows() -> None:
    labels, figures = (
        "".join(line(run(text)) for text in column) for column in (("Rent", "Heat", "Water"), ("900", "120", "35"))
    )
    parsed = read(table(row(cell("Cost"), cell("EUR")), row(cell(labels), cell(figures))))
    assert list(tables(parsed)) == [[["Cost", "EUR"], ["Rent", "900"], ["Heat", "120"], ["Water", "35"]]]


def box(*, checked: bool) -> str:
    state = f'<w14:checkbox><w14:checked w14:val="{int(checked)}"/></w14:checkbox>'
    return control(run("?"), state)


def older_box(state: str) -> str:
    return (
        '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox>'
        f"{state}</w:checkBox></w:ffData></w:fldChar></w:r>"
        '<w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


@pytest.mark.parametrize(
    ("drawn", "sign"),
    [
        (box(checked=True), "☒"),
        (box(checked=False), "☐"),
        (older_box('<w:default w:val="0"/><w:checked/>'), "☒"),
        (older_box('<w:default w:val="1"/>'), "☒"),
        (older_box('<w:default w:val="1"/><w:checked w:val="0"/>'), "☐"),
        (older_box('<w:default w:val="0"/>'), "☐"),
    ],
)
def test_a_box_says_whether_it_is_ticked(drawn: str, sign: str) -> None:
    assert read(line(drawn + run(" Badge handed over"))).text == f"{sign} Badge handed over"
    told = read(table(row(cell("Item"), cell("Done")), row(cell("Badge"), cell(line(drawn)))))
    assert list(tables(told)) == [[["Item", "Done"], ["Badge", sign]]]


def test_the_chosen_entry_of_a_list_is_read() -> None:
    entries = '<w:listEntry w:val="early"/><w:listEntry w:val="late"/><w:listEntry w:val="night"/>'
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList>{}' + entries + "</w:ddList></w:ffData></w:fldChar>"
        '</w:r><w:r><w:instrText>FORMDROPDOWN</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    assert read(line(run("Shift: ") + field.format('<w:result w:val="2"/>'))).text == "Shift: night"
    assert read(line(run("Shift: ") + field.format(""))).text == "Shift: early"


def test_headers_and_footers_are_read_once_without_the_numbers_of_pages() -> None:
    document = Document()
    document.add_paragraph("Rinse the vessel twice.")
    document.add_section()
    first, second = document.sections
    second.header.is_linked_to_previous = second.footer.is_linked_to_previous = False
    for section in (first, second):
        section.header.paragraphs[0].text = "Document QP-318, revision 7"
        section.footer.paragraphs[0].text = "Page 1 of 9"
        section.footer.add_paragraph("Owner: Ida Lund")
    stream = io.BytesIO()
    document.save(stream)
    assert parse_docx(stream.getvalue(), name="a.docx").text.split("\n\n") == [
        "Document QP-318, revision 7", "Rinse the vessel twice.", "Owner: Ida Lund",
    ]  # fmt: skip


def test_hidden_text_is_left_out_and_named_unless_it_is_asked_for() -> None:
    blocks = (
        line(run("The price is 40. ") + run("We could go down to 30.", "<w:vanish/>")),
        line(run("Offer ends in May.")),
    )
    parsed = read(*blocks)
    assert "30" not in parsed.text
    assert parsed.notes == ("1 hidden stretch of text was left out",)
    token = protocol.hidden.set(True)
    try:
        assert "We could go down to 30." in read(*blocks).text
    finally:
        protocol.hidden.reset(token)


def test_a_chart_is_read_as_a_table_after_its_paragraph() -> None:
    drawing = (
        '<w:r><w:drawing><wp:inline><a:graphic><a:graphicData uri="x"><c:chart r:id="rChart"/></a:graphicData>'
        "</a:graphic></wp:inline></w:drawing></w:r>"
    )
    content = with_chart(file(line(run("Complaints by plant")), line(drawing), line(run("All fell."))))
    assert elements(parse_docx(content, name="a.docx")) == [
        ("paragraph", 0, "Complaints by plant"),
        ("table", 0, "\t2024\t2025\nWels\t41\t29\nGraz\t33.5\t18"),
        ("paragraph", 0, "All fell."),
    ]


def with_chart(content: bytes) -> bytes:
    """The file with a chart of two series as its part rChart."""
    deck = Presentation()
    data = CategoryChartData()
    data.categories = ["Wels", "Graz"]
    data.add_series("2024", (41, 33.5))
    data.add_series("2025", (29, 18))
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    frame = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(1), Inches(4), Inches(3), data)
    written, links = io.BytesIO(), "word/_rels/document.xml.rels"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/chart"
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == links:
                link = f'<Relationship Id="rChart" Type="{kind}" Target="charts/chart1.xml"/></Relationships>'
                part = part.replace(b"</Relationships>", link.encode())
            if name == "[Content_Types].xml":
                said = '<Override PartName="/word/charts/chart1.xml" ContentType="application/xml"/></Types>'
                part = part.replace(b"</Types>", said.encode())
            new.writestr(name, part)
        new.writestr("word/charts/chart1.xml", frame.chart.part.blob)
    return written.getvalue()


def test_words_in_an_element_that_nobody_knows_are_missed_and_counted() -> None:
    known = "".join(line(run(f"Paragraph {number} says something else.")) for number in range(9))
    parsed = read(known, line(run("It is ") + f"<w:unheard>{run('due on the ninth of May without fail')}</w:unheard>"))
    (note,) = parsed.notes
    assert note.startswith("8 of the 55 words of the file were not read, such as: ")
    assert "ninth" in note


def test_a_few_words_more_or_less_are_no_loss() -> None:
    parsed = read(line(run("one " + "word " * 998)))
    assert lost(words(["one two three four five"]), parsed, "it") == ()
    assert lost(words(["one two three four five six"]), parsed, "it") != ()
    assert lost(words(["word " * 1002, "One"]), parsed, "it") == ()
    assert lost(words(["word " * 1006]), parsed, "it") != ()


OLDER = """<?xml version="1.0"?><?mso-application progid="Word.Document"?>
<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"
 xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint"
 xmlns:aml="http://schemas.microsoft.com/aml/2001/core" xmlns:o="urn:schemas-microsoft-com:office:office">
<o:DocumentProperties><o:Title>Rental contract</o:Title><o:Author>Ida Lund</o:Author></o:DocumentProperties>
<w:styles><w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style></w:styles>
<w:body><wx:sect><wx:sub-section><w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>Rent</w:t></w:r></w:p>
<w:p><w:r><w:t>The rent is </w:t></w:r><aml:annotation aml:id="0" w:type="Word.Deletion"><aml:content><w:r>
<w:delText>900</w:delText></w:r></aml:content></aml:annotation><aml:annotation aml:id="1" w:type="Word.Insertion">
<aml:content><w:r><w:t>950</w:t></w:r></aml:content></aml:annotation><w:r><w:t> euros.</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Item</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>EUR</w:t></w:r></w:p></w:tc></w:tr>
<w:tr><w:tc><w:p><w:r><w:t>Deposit</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>2,850</w:t></w:r></w:p></w:tc></w:tr>
</w:tbl></wx:sub-section></wx:sect></w:body></w:wordDocument>"""


@pytest.mark.parametrize("name", ["a.xml", "a.doc"])
def test_the_xml_of_word_2003_is_read_as_a_document(name: str) -> None:
    parsed = parse(OLDER.encode(), name=name)
    assert (parsed.title, parsed.author) == ("Rental contract", "Ida Lund")
    assert elements(parsed) == [
        ("heading", 1, "Rent"),
        ("paragraph", 0, "The rent is 950 euros."),
        ("table", 0, "Item\tEUR\nDeposit\t2,850"),
    ]
