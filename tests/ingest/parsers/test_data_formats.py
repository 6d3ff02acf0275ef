"""XML, JSON and JSON Lines, written here, then read."""

from __future__ import annotations

import json

import pytest

from core.errors import ParseError
from ingest.parsers.choose import parse
from tests.ingest.parsers.elements import elements


def refusal(content: bytes, name: str) -> str:
    with pytest.raises(ParseError) as error:
        parse(content, name=name)
    return error.value.reason


def test_records_of_one_form_are_a_table_in_json() -> None:
    records = [{"pump": "S-40", "bar": 6.0}, {"pump": "S-65", "bar": 12345678901234567890, "new": True}]
    parsed = parse(json.dumps(records).encode(), name="pumps.json")
    assert elements(parsed) == [("table", 0, "pump\tbar\tnew\nS-40\t6.0\nS-65\t12345678901234567890\ttrue")]
    assert parsed.elements[0].header_rows == 1


def test_nested_json_is_lines_under_headings() -> None:
    value = {
        "name": "Skarn", "site": {"city": "Kelder", "tags": ["wet", "loud"]},
        "notes": ["First note.", "x" * 250], "empty": {}, "none": None,
    }  # fmt: skip
    assert elements(parse(json.dumps(value).encode(), name="p.json")) == [
        ("paragraph", 0, "name: Skarn"),
        ("heading", 1, "site"),
        ("paragraph", 0, "city: Kelder\ntags: wet, loud"),
        ("heading", 1, "notes"),
        ("list_item", 0, "First note."),
        ("list_item", 0, "x" * 250),
    ]


def test_long_records_are_named_by_themselves() -> None:
    value = [{"title": "Leave", "body": "word " * 60}, {"body": "text " * 60}]
    kinds = elements(parse(json.dumps(value).encode(), name="p.json"))
    assert [(kind, text[:8]) for kind, _, text in kinds] == [
        ("heading", "Leave"),
        ("paragraph", "title: L"),
        ("paragraph", "body: wo"),
        ("heading", "2"),
        ("paragraph", "body: te"),
    ]


def test_what_is_almost_json_is_read_as_text_and_says_so() -> None:
    content = b'{\n  // a comment\n  "editor": "vi",\n}'
    parsed = parse(content, name="settings.json")
    assert parsed.text == content.decode()
    assert "not valid JSON (line 2" in parsed.notes[0]


def test_json_lines_are_records_and_broken_ones_are_counted() -> None:
    parsed = parse(b'{"day": 1, "l": 3}\n\n{"day": 2, "l": 4}\n{"day": 3, "l"', name="log.jsonl")
    assert elements(parsed) == [("table", 0, "day\tl\n1\t3\n2\t4")]
    assert parsed.notes == ("1 lines are not valid JSON, the first is line 4",)


def test_xml_records_are_a_table_and_settings_are_lines() -> None:
    xml = b"""<?xml version="1.0"?><plant site="Kelder"><name>Works</name><unit>bar</unit>
    <pumps><pump id="1"><type>S-40</type><max>6</max></pump><pump id="2"><type>S-65</type><max>10</max></pump></pumps>
    <owner><person>Ann</person><since>2019</since></owner></plant>"""
    assert elements(parse(xml, name="plant.xml")) == [
        ("paragraph", 0, "site: Kelder\nname: Works\nunit: bar"),
        ("table", 0, "id\ttype\tmax\n1\tS-40\t6\n2\tS-65\t10"),
        ("heading", 1, "owner"),
        ("paragraph", 0, "person: Ann\nsince: 2019"),
    ]


def test_xml_entities_that_hold_each_other_are_a_bomb() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    with pytest.raises(ParseError) as error:
        parse(f'<!DOCTYPE a [<!ENTITY e0 "ha">{entities}]><a>&e11;</a>'.encode(), name="a.xml")
    assert error.value.reason == "too_large"


def test_xml_prose_keeps_its_order_its_headings_and_its_title() -> None:
    xml = (
        "<article><title>Grüße</title><sec><title>One</title><p>Some <b>bold</b> words.</p><p>More.</p></sec></article>"
    )
    parsed = parse(
        xml.encode("iso-8859-1").replace(b"<art", b'<?xml version="1.0" encoding="iso-8859-1"?><art', 1), name="a"
    )
    assert elements(parsed) == [
        ("heading", 1, "Grüße"),
        ("heading", 2, "One"),
        ("paragraph", 0, "Some bold words."),
        ("paragraph", 0, "More."),
    ]
    assert parsed.title == "Grüße"


def test_entities_are_never_resolved() -> None:
    xml = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname"><!ENTITY a "boom">]><x><p>Safe &f;&a; words.</p></x>'
    assert "boom" not in parse(xml, name="x.xml").text


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"<a><b></a>", "x.xml", "corrupt"),
        (b"<?xml version='1.0'?><a/>", "x.xml", "no_text"),
        (b"<a>" * 100_000, "x.xml", "corrupt"),
        (b"<a>" * 250 + b"<p>x</p>" + b"</a>" * 250, "x.xml", ""),
        (b"[" * 200_000, "x.json", "corrupt"),
        (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "x.json", "corrupt"),
        (b"{}", "x.json", "no_text"),
        (b"no json\nat all\n", "x.jsonl", "corrupt"),
        (b"\x00\x01\x02\x03" * 100, "x.json", "unsupported"),
    ],
)
def test_broken_and_blank_data_says_so(content: bytes, name: str, code: str) -> None:
    if code:
        assert refusal(content, name) == code
    else:
        assert parse(content, name=name).text == "x"
