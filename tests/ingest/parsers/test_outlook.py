"""Outlook messages built byte by byte, then read."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from core.errors import ParseError
from ingest.parsers.choose import media_type, parse
from tests.ingest.parsers.compound import Tree, Value, compound_file, outlook_item, outlook_message

SENT = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
MESSAGE = outlook_message(
    subject="The move", body="We move on Friday.\r\n\r\nBring boxes.", sender="ann@x.example",
    to="bob@x.example", sent=SENT,
    attachments={
        "..\\plan.csv": b"step,day\ndig,1",
        "Earlier": outlook_message(inner=True, subject="Earlier", body="An earlier mail.", sender="cy@x.example"),
    },
)  # fmt: skip


def test_a_message_is_read_as_a_mail_is() -> None:
    content = compound_file(MESSAGE)
    assert media_type(content, "m.eml") == "application/vnd.ms-outlook"
    parsed = parse(content, name="m.msg")
    first, *body = (parsed.text[e.start : e.end] for e in parsed.elements)
    assert first.splitlines() == [
        "From: ann@x.example",
        "To: Bob Fox <bob@x.example>",
        "Date: Mon, 05 Oct 2026 09:00:00 +0000",
        "Subject: The move",
    ]
    assert body == ["We move on Friday.", "Bring boxes."]
    assert (parsed.title, parsed.author, parsed.created) == ("The move", "ann@x.example", "2026-10-05T09:00:00+00:00")


def test_attachments_and_messages_inside_are_documents_of_their_own() -> None:
    plan, earlier = parse(compound_file(MESSAGE), name="m.msg").attachments
    assert (plan.name, plan.content) == ("plan.csv", b"step,day\ndig,1")
    inner = parse(earlier.content, name=earlier.name)
    assert (inner.title, inner.text.splitlines()[-1]) == ("Earlier", "An earlier mail.")


@pytest.mark.parametrize("cut", [600, 1100, 2000])
def test_a_message_that_is_cut_off_is_corrupt(cut: int) -> None:
    with pytest.raises(ParseError) as error:
        parse(compound_file(MESSAGE)[:cut] + "__substg1.0_".encode("utf-16-le"), name="m.msg")
    assert error.value.reason == "corrupt"


def lines_of(item: Tree) -> list[str]:
    return parse(compound_file(item), name="m.msg").text.splitlines()


@pytest.mark.parametrize(
    ("page", "codec", "words", "name"),
    [
        (950, "cp950", "第一批貨物將於四月十六日送到高雄倉庫", "陳志明"),
        (936, "gbk", "合同将于四月一日到期，請確認。", "王小明"),
        (932, "cp932", "①納品日は四月十六日です。", "山田 太郎"),
        (949, "cp949", "납품일은 4월 16일입니다. 똠방각하", "김민수"),
        (874, "cp874", "ส่งมอบวันที่ 16 เมษายน", "สมชาย ใจดี"),
        (1251, "cp1251", "Поставка назначена на 16 апреля.", "Свиридов Дмитрий"),
    ],
)
def test_a_message_in_a_code_page_of_its_own_is_read_with_its_names(
    page: int, codec: str, words: str, name: str
) -> None:
    recipient: dict[int, Value] = {0x0C15: 1, 0x3001: name, 0x3003: "to@x.example"}
    said: dict[int, Value] = {0x3FFD: page, 0x1000: words, 0x0C1A: name, 0x0C1F: "by@x.example"}
    lines = lines_of(outlook_item(said, recipients=[recipient], codec=codec))
    assert lines == [f"From: {name} <by@x.example>", f"To: {name} <to@x.example>", "", words]


def test_the_code_page_is_told_by_the_language_or_the_encoding_of_the_mail_where_it_is_not_said() -> None:
    by_language = outlook_item({0x3FF1: 0x0419, 0x0037: "Поставка", 0x1000: "Завтра."}, codec="cp1251")
    by_encoding = outlook_item({0x3FDE: 20866, 0x0037: "Поставка", 0x1000: "Завтра."}, codec="cp1251")
    assert lines_of(by_language) == lines_of(by_encoding) == ["Subject: Поставка", "", "Завтра."]


def test_a_name_with_a_comma_stays_one_person() -> None:
    people: list[dict[int, Value]] = [
        {0x0C15: 1, 0x3001: "Allison, Timothy B.", 0x3003: "tim@x.example"},
        {0x0C15: 1, 0x3001: "Ann Lee", 0x3003: "ann@x.example"},
        {0x0C15: 2, 0x3001: "Roy, Ada", 0x3003: "ada@x.example"},
    ]
    assert lines_of(outlook_item({0x1000: "Hello."}, recipients=people))[:2] == [
        'To: "Allison, Timothy B." <tim@x.example>, Ann Lee <ann@x.example>', 'Cc: "Roy, Ada" <ada@x.example>',
    ]  # fmt: skip


APPOINTMENT, TASK, CONTACT = (UUID(f"0006200{n}-0000-0000-c000-000000000046") for n in "234")


def test_an_appointment_says_when_and_where() -> None:
    item = outlook_item(
        {0x001A: "IPM.Appointment", 0x0037: "Audit", 0x1000: "Bring the list."},
        named={
            (APPOINTMENT, 0x8208): "Room Saturn",
            (APPOINTMENT, 0x820D): datetime(2026, 3, 19, 12, tzinfo=UTC),
            (APPOINTMENT, 0x820E): datetime(2026, 3, 19, 13, 30, tzinfo=UTC),
            (APPOINTMENT, 0x8232): "every Thursday",
        },
    )
    assert lines_of(item) == [
        "Subject: Audit", "", "When: 2026-03-19 12:00 to 13:30 UTC", "Repeats: every Thursday", "Where: Room Saturn",
        "", "Bring the list.",
    ]  # fmt: skip


def test_an_appointment_of_whole_days_names_the_days() -> None:
    item = outlook_item(
        {0x001A: "IPM.Appointment", 0x0037: "Closed"},
        named={
            (APPOINTMENT, 0x820D): datetime(2026, 3, 18, 23, tzinfo=UTC),
            (APPOINTMENT, 0x820E): datetime(2026, 3, 20, 23, tzinfo=UTC),
            (APPOINTMENT, 0x8215): True,
        },
    )
    assert lines_of(item)[-1] == "When: 2026-03-19 to 2026-03-20, all day"


def test_a_task_says_by_when_how_far_and_whose() -> None:
    item = outlook_item(
        {0x001A: "IPM.Task", 0x0037: "Order seals"},
        named={
            (TASK, 0x8105): datetime(2026, 4, 2, tzinfo=UTC), (TASK, 0x8101): 1, (TASK, 0x8102): 0.25,
            (TASK, 0x811F): "Ada Roy",
        },
    )  # fmt: skip
    assert lines_of(item)[2:] == ["Due: 2026-04-02", "Status: in progress", "Complete: 25%", "Owner: Ada Roy"]


def test_a_contact_says_how_to_reach_whom() -> None:
    item = outlook_item(
        {0x001A: "IPM.Contact", 0x3001: "Ada Roy", 0x3A16: "Harbour Ltd", 0x3A08: "+47 22 33", 0x3A29: "Quay 4",
         0x3A27: "Narvik"},
        named={(CONTACT, 0x8083): "ada@x.example"},
    )  # fmt: skip
    assert lines_of(item) == [
        "Name: Ada Roy", "Company: Harbour Ltd", "Business phone: +47 22 33", "E-mail: ada@x.example",
        "Business address: Quay 4, Narvik",
    ]  # fmt: skip


def test_a_table_in_the_body_is_read_from_html() -> None:
    html = b"<p>Prices:</p><table><tr><th>Item<th>EUR<tr><td>Pump<td>120</table>"
    lines = lines_of(outlook_item({0x0037: "Prices", 0x1000: "Prices: Item EUR Pump 120", 0x1013: html}))
    assert lines == ["Subject: Prices", "", "Prices:", "", "Item\tEUR", "Pump\t120"]
