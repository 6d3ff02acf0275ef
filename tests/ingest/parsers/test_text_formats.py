"""Plain text, Markdown, delimited text: the formats whose bytes are the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.encoding import decode
from ingest.parsers.markdown import parse_markdown
from ingest.parsers.table import parse_table
from ingest.parsers.text import parse_text

GERMAN = "Größe: 12 mm. Übrige Maße können abweichen."


def elements(parsed: Parsed) -> list[tuple[str, int, str]]:
    return [(e.kind, e.level, parsed.text[e.start : e.end]) for e in parsed.elements]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"])
def test_western_text_is_read_in_any_common_encoding(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == GERMAN


def test_quotation_marks_of_windows_are_read() -> None:
    assert decode(b"He said \x93yes\x94 \x96 twice.") == "He said “yes” – twice."


def test_japanese_in_its_old_encoding_is_read() -> None:
    text = "名前,年齢\n佐藤太郎,30\n三木英子,25\n"
    assert decode(text.encode("cp932")) == text


WRITTEN = {
    "Le congé parental est accordé à tous les employés. Ça coûte dix francs.": ("cp1252", "mac_roman", "utf-16-be"),
    "Le prix est de 30 € à l'été, déjà payé.": ("cp1252", "iso8859_15"),
    "Wniosek o urlop należy złożyć. Zażółć gęślą jaźń.": ("cp1250", "iso8859_2"),
    "Příliš žluťoučký kůň úpěl ďábelské ódy.": ("cp1250", "iso8859_2", "utf-16-le"),
    "Yıllık izin her çalışana verilir. Başvuru yöneticiye yapılır.": ("cp1254",),
    "Отпуск предоставляется ежегодно. Заявление подаётся заранее.": (
        "cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be",
    ),
    "Η άδεια χορηγείται κάθε χρόνο.": ("cp1253", "iso8859_7"),
    "החופשה ניתנת מדי שנה. הבקשה מוגשת למנהל.": ("cp1255",),
    "تمنح الإجازة سنويا. يقدم الطلب إلى المدير.": ("cp1256", "utf-16-le"),
    "年次休暇は毎年付与されます。申請書は上司に提出してください。": ("cp932", "euc_jp", "iso2022_jp", "utf-16-be"),
    "年假每年发放。申请须在开始前两周提交给经理。": ("gb18030", "utf-16-le"),
    "年假每年發放。申請須在開始前兩週提交給經理。": ("big5",),
    "연차 휴가는 매년 부여됩니다. 신청서는 관리자에게 제출하십시오.": ("cp949", "utf-16-be"),
    "วันหยุดพักผ่อนประจำปีจะได้รับทุกปี": ("cp874",),
    "Don’t worry — it’s “fine”.": ("cp1252",),
    "THE QUICK BROWN FOX 123": ("cp500",),
}  # fmt: skip


@pytest.mark.parametrize(("text", "encoding"), [(text, name) for text, names in WRITTEN.items() for name in names])
def test_text_of_any_alphabet_is_read_in_its_old_encodings(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_text_in_utf_8_that_is_spoilt_in_one_place_is_utf_8_elsewhere() -> None:
    assert decode("Größe, Maße und Übergabe à Orléans. ".encode() * 3 + b"\xff") == (
        "Größe, Maße und Übergabe à Orléans. " * 3 + "\ufffd"
    )


@pytest.mark.parametrize("content", [b"\x00\x01\x02\x03" * 64, b"\x01\x02\x03\x04" * 64])
def test_bytes_that_are_no_text_are_refused(content: bytes) -> None:
    with pytest.raises(ParseError) as error:
        decode(content)
    assert error.value.reason == "unsupported"


def test_a_text_file_is_kept_letter_for_letter() -> None:
    text = "First line\r\nof a paragraph.\r\n\r\nSecond\tparagraph.\r\n"
    parsed = parse_text(text.encode(), name="a.txt")
    assert parsed.text == text
    assert [e[2] for e in elements(parsed)] == ["First line\r\nof a paragraph.", "Second\tparagraph."]


def test_only_clear_headings_of_a_text_are_headings() -> None:
    text = "MINUTES\n\n2.1 Budget\n\nThe budget\n\nReview\n======\nAll agreed.\n\nPlease reply by Friday:\n\nthanks"
    kinds = [(kind, level, part) for kind, level, part in elements(parse_text(text.encode(), name="m.txt"))]
    assert [entry for entry in kinds if entry[0] == "heading"] == [
        ("heading", 1, "MINUTES"), ("heading", 3, "2.1 Budget"), ("heading", 1, "Review"),
    ]  # fmt: skip


def test_a_numbered_line_over_running_text_is_a_heading_and_one_over_a_list_item_is_none() -> None:
    text = "3. Seal recall\nMr Hamelink said that 141 pumps were done.\n\n1. Buy milk\n2. Buy bread and butter too"
    kinds = [kind for kind, _, _ in elements(parse_text(text.encode(), name="m.txt"))]
    assert kinds == ["heading", "paragraph", "list_item", "list_item"]


def test_a_list_after_its_first_line_is_parted_from_it() -> None:
    parsed = parse_text(b"What to do:\n1. Call the customer\n2. Order seals", name="m.txt")
    assert [e[2] for e in elements(parsed)] == ["What to do:", "1. Call the customer", "2. Order seals"]


def test_lists_in_a_text_are_items() -> None:
    parsed = parse_text(b"- one\n- two\n  goes on\n- three", name="l.txt")
    assert [e[2] for e in elements(parsed)] == ["- one", "- two\n  goes on", "- three"]


def test_markdown_elements_point_into_the_file() -> None:
    text = "# Leave #\n\nSome *text*.\n\nSetext\n---\n\n- one\n- two\n\n> quoted\n"
    assert elements(parse_markdown(text.encode(), name="a.md")) == [
        ("heading", 1, "Leave"),
        ("paragraph", 0, "Some *text*."),
        ("heading", 2, "Setext"),
        ("list_item", 0, "- one"),
        ("list_item", 0, "- two"),
        ("paragraph", 0, "> quoted"),
    ]


def test_a_markdown_table_is_one_element_with_its_raw_rows() -> None:
    text = "| item | price |\n|------|-------|\n| pump | 120 |\n"
    (table,) = parse_markdown(text.encode(), name="a.md").elements
    assert (table.kind, table.header_rows, text[table.start : table.end]) == ("table", 2, text.strip())


@pytest.mark.parametrize(
    ("text", "front", "title"),
    [
        ("---\ntitle: 'Leave'\nowner: People\ntags:\n  - a\n---\n\nText.\n",
         "title: 'Leave'\nowner: People\ntags:\n  - a", "Leave"),
        ("---\r\nowner: People\r\n...\r\n# Leave\r\n\r\nText.", "owner: People", "Leave"),
        ('+++\ntitle = "Leave"\n+++\nText.', 'title = "Leave"', "Leave"), ("---\n---\nText.", "", "a"),
    ],
)  # fmt: skip
def test_front_matter_of_markdown_is_its_first_paragraph(text: str, front: str, title: str) -> None:
    parsed = parse_markdown(text.encode(), name="a.md")
    assert parsed.text == text
    assert [e[2] for e in elements(parsed) if e[2] not in {"Leave", "Text."}] == ([front] if front else [])
    assert parsed.title == title


def test_comments_and_scripts_of_markdown_are_no_elements() -> None:
    text = "<!-- hidden\n\nwords -->\n\n<script>\nalert(1)\n</script>\n\nShown.\n"
    parsed = parse_markdown(text.encode(), name="a.md")
    assert parsed.text == text
    assert [e[2] for e in elements(parsed)] == ["Shown."]


def test_a_markdown_title_is_its_first_heading_without_mark_up() -> None:
    assert parse_markdown(b"# The `code` *book*\n\nText", name="a.md").title == "The code book"
    assert parse_markdown(b"Text", name="folder/notes.md").title == "notes"


@given(st.text(alphabet="ab #*-|>`\n\r\t[]()<!1.=\\", max_size=200))
def test_any_markdown_gives_ascending_elements_inside_the_text(text: str) -> None:
    parsed = parse_markdown(text.encode(), name="a.md")
    places = [place for e in parsed.elements for place in (e.start, e.end)]
    assert places == sorted(places)
    assert parsed.text == text
    assert not places or places[-1] <= len(text)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [["item", "price"], ["pump, large", "1.5"], ["valve", "2"]]
    content = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    parsed = parse_table(content.encode(), name="t.csv")
    assert parsed.text == "item\tprice\npump, large\t1.5\nvalve\t2"
    assert parsed.elements[0].header_rows == 1


@pytest.mark.parametrize(
    ("content", "above", "header"),
    [
        ("Stock by depot\n\nCreated;2 May\n\nDepot;Item;Left\nLille;Seal;4\nGhent;Seal;5\n",
         "Stock by depot\nCreated: 2 May", "Depot\tItem\tLeft"),
        ("Stock,,,\nUser,Ann,,\nDepot,Item,Left,Least\nLille,Seal,4,1\nGhent,,5,\n",
         "Stock\nUser: Ann", "Depot\tItem\tLeft\tLeast"),
        ("Depot,Item\nLille,Seal\n", "", "Depot\tItem"), ("Name\nAnn\nBob\n", "", "Name"),
        ("Depot,Item,\nLille,Seal,4\nGhent,Seal,5\nOslo,Seal,6\n", "", "Depot\tItem"),
    ],
)  # fmt: skip
def test_lines_above_the_header_are_text(content: str, above: str, header: str) -> None:
    parsed = parse_table(content.encode(), name="t.csv")
    *before, (kind, _, table) = elements(parsed)
    assert [text for _, _, text in before] == ([above] if above else [])
    assert (kind, table.split("\n")[0]) == ("table", header)


def test_a_first_line_for_excel_is_no_row() -> None:
    assert parse_table(b"sep=;\r\na;b\r\n1,5;2\r\n", name="t.csv").text == "a\tb\n1,5\t2"


def test_a_picture_written_as_letters_is_no_text() -> None:
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 100
    assert parse_markdown(f"# Pump\n\n![A pump]({picture})".encode(), name="p.md").text == (
        "# Pump\n\n![A pump](data:image/png)"
    )
    parsed = parse_table(f'name,photo\nPump,"{picture}"\n'.encode(), name="t.csv")
    assert parsed.text == "name\tphoto\nPump\tdata:image/png"


def test_ragged_rows_and_line_breaks_in_cells_are_kept() -> None:
    parsed = parse_table(b'a,b,c\n1\n"two\nlines",x,y,z\n', name="t.csv")
    assert parsed.text == "a\tb\tc\n1\ntwo lines\tx\ty\tz"
