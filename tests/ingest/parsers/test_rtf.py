"""RTF as word processors write it, then read."""

from __future__ import annotations

import pytest

from core.errors import ParseError
from ingest.parsers.choose import parse
from tests.ingest.parsers.elements import elements

HEAD = rb"""{\rtf1\ansi\ansicpg1252\deff0
{\fonttbl{\f0\fcharset0 Times;}{\f1\fnil\fcharset204 Arial Cyr;}{\f2\fcharset128 MS;}}
{\colortbl;\red255\green0\blue0;}{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s15 Title;}}
{\info{\title Leave policy}{\author Ann L\'e9e}{\creatim\yr2026\mo1\dy5\hr9\min30}{\revtim\yr2026\mo2\dy1}}
{\header\pard Running head\par}"""


def read(body: bytes) -> list[tuple[str, int, str]]:
    return elements(parse(HEAD + body + b"}", name="leave.rtf"))


def test_headings_paragraphs_and_lists_are_told_apart() -> None:
    assert read(
        rb"\pard\s1 Parents\par\pard\s0 Sixteen {\b weeks}\par"
        rb"\pard{\listtext\'b7\tab}\ls1 Ask early\par\pard\outlinelevel1 Pay\par\pard Full pay.\par"
    ) == [
        ("heading", 1, "Parents"),
        ("paragraph", 0, "Sixteen weeks"),
        ("list_item", 0, "Ask early"),
        ("heading", 2, "Pay"),
        ("paragraph", 0, "Full pay."),
    ]


def test_rows_make_a_table() -> None:
    assert read(
        rb"\pard Before\par\trowd\cellx100\cellx200\pard\intbl Grade\cell Days\cell\row"
        rb"\trowd\pard\intbl A\cell 30\par paid\cell\row\pard After\par"
    ) == [("paragraph", 0, "Before"), ("table", 0, "Grade\tDays\nA\t30 paid"), ("paragraph", 0, "After")]


def test_notes_comments_and_boxes_come_right_after_their_paragraph() -> None:
    assert read(
        rb"\pard Leave{\footnote\pard Paid in full.}{\*\annotation Check this.} is long."
        rb"{\shp{\*\shpinst{\sp{\sn fill}{\sv 0}}{\shptxt\pard In a box.\par}}}\par\pard Next.\par"
    ) == [
        ("paragraph", 0, "Leave is long."),
        ("paragraph", 0, "Paid in full."),
        ("paragraph", 0, "Comment: Check this."),
        ("paragraph", 0, "In a box."),
        ("paragraph", 0, "Next."),
    ]


def test_letters_of_every_alphabet_are_read() -> None:
    assert read(
        rb"\pard caf\'e9 \uc1\u8364? 5 {\f1 \'cf\'f0\'e8\'e2\'e5\'f2} {\f2 \'82\'a0\'83A} \u-10179?\u-8704? "
        rb"\ldblquote x\rdblquote\par"
    ) == [("paragraph", 0, "café € 5 Привет あア 😀 “x”")]


def test_hidden_and_deleted_words_pictures_and_links_targets_are_left_out() -> None:
    assert read(
        rb"\pard Seen {\v hidden}{\deleted gone}{\*\generator x}{\pict\bin4 }}}}\wmetafile8 0123}"
        rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}\par"
    ) == [("paragraph", 0, "Seen link")]


def test_title_author_and_dates_are_known() -> None:
    parsed = parse(HEAD + rb"\pard x y\par}", name="leave.rtf")
    assert (parsed.title, parsed.author) == ("Leave policy", "Ann Lée")
    assert (parsed.created, parsed.modified) == ("2026-01-05T09:30:00", "2026-02-01T00:00:00")


@pytest.mark.parametrize(
    ("content", "code"), [(rb"{\rtf1\ansi Hello", "corrupt"), (rb"{\rtf1\ansi{\info}}", "no_text")]
)
def test_a_broken_or_blank_file_says_so(content: bytes, code: str) -> None:
    with pytest.raises(ParseError) as error:
        parse(content, name="x.rtf")
    assert error.value.reason == code


def test_unpaired_surrogates_and_stray_braces_harm_nothing() -> None:
    parsed = parse(rb"{\rtf1 Unpaired \u-10240? here}}}} {", name="x.rtf")
    assert parsed.text == "Unpaired \ufffd here"
