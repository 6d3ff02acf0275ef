from __future__ import annotations

from email.message import EmailMessage

import pytest

from core.errors import ParseError
from ingest.parsers.choose import media_type, parse
from ingest.parsers.mail import parse_mail


def message(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    for header, value in ({"From": "Ann <ann@x.example>", "To": "bob@x.example", "Subject": "Move"} | headers).items():
        mail[header] = value
    return mail


def test_who_wrote_to_whom_comes_first() -> None:
    mail = message(Date="Mon, 05 Oct 2026 09:00:00 +0000")
    mail.set_content("We move on Friday.\n\nBring boxes.")
    parsed = parse_mail(bytes(mail), name="m.eml")
    first, *body = (parsed.text[e.start : e.end] for e in parsed.elements)
    assert first.splitlines()[:2] == ["From: Ann <ann@x.example>", "To: bob@x.example"]
    assert "Date: Mon, 05 Oct 2026" in first
    assert (body, parsed.title) == (["We move on Friday.", "Bring boxes."], "Move")


def test_a_mail_in_html_alone_is_read_without_its_mark_up() -> None:
    mail = message()
    mail.set_content("<html><body><p>We <b>move</b>.</p><script>x()</script></body></html>", subtype="html")
    assert parse_mail(bytes(mail), name="m.eml").text.endswith("We move.")


def test_attachments_keep_their_names_without_folders_and_never_share_one() -> None:
    mail = message()
    mail.set_content("See attached.")
    for name in ("../../plan.csv", "plan.csv"):
        mail.add_attachment(b"a,b", maintype="text", subtype="csv", filename=name)
    inner = message(Subject="Earlier")
    inner.set_content("An earlier mail.")
    mail.add_attachment(inner)
    attachments = parse_mail(bytes(mail), name="m.eml").attachments
    assert [a.name for a in attachments] == ["plan.csv", "plan (2).csv", "attachment-3.eml"]
    assert b"An earlier mail." in attachments[2].content


def test_words_in_an_unknown_charset_are_read_all_the_same() -> None:
    raw = b'From: a@x.example\nSubject: S\nContent-Type: text/plain; charset="no-such"\n\nCaf\xe9 at noon.\n'
    assert parse_mail(raw, name="m.eml").text.endswith("Café at noon.")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'From: a@x.example\nContent-Type: multipart/encrypted; boundary="x"\n\n--x--\n', "encrypted"),
        (b"From: a@x.example\nTo: b@x.example\n\n", "no_text"),
    ],
)
def test_a_mail_without_readable_text_says_why(raw: bytes, code: str) -> None:
    with pytest.raises(ParseError) as error:
        parse_mail(raw, name="m.eml")
    assert error.value.reason == code


def test_a_mail_that_only_carries_a_file_is_found_by_its_headers() -> None:
    mail = message()
    mail.add_attachment(b"a,b", maintype="text", subtype="csv", filename="plan.csv")
    parsed = parse_mail(bytes(mail), name="m.eml")
    assert parsed.text.endswith("Subject: Move")
    assert parsed.notes == ("The body of the mail is blank.",)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "cp1252"])
def test_a_mail_saved_in_any_encoding_is_read(encoding: str) -> None:
    content = "From: ann@x.example\nTo: bob@x.example\nSubject: Café\n\nÀ bientôt.\n".encode(encoding)
    parsed = parse(content, name="m.eml")
    assert (parsed.title, parsed.text.endswith("À bientôt.")) == ("Café", True)


def test_a_mail_that_holds_a_pgp_message_is_encrypted() -> None:
    content = b"From: a@x.example\nTo: b@x.example\n\n-----BEGIN PGP MESSAGE-----\nhQEMA\n-----END PGP MESSAGE-----\n"
    with pytest.raises(ParseError) as error:
        parse(content, name="m.eml")
    assert error.value.reason == "encrypted"


def test_a_mail_that_is_only_a_subject_is_indexed_with_a_note() -> None:
    parsed = parse_mail(b"From: a@x.example\nSubject: The gate is closed on 4 May\n\n", name="m.eml")
    assert parsed.text.endswith("Subject: The gate is closed on 4 May")
    assert parsed.notes == ("The body of the mail is blank.",)


def body_of(mail: EmailMessage) -> list[str]:
    parsed = parse_mail(bytes(mail), name="m.eml")
    return [parsed.text[e.start : e.end] for e in parsed.elements][1:]


def part(text: str, subtype: str = "plain") -> EmailMessage:
    mail = EmailMessage()
    mail.set_content(text, subtype=subtype)
    del mail["MIME-Version"]
    return mail


def several(kind: str, *parts: EmailMessage) -> EmailMessage:
    mail = message()
    mail.add_header("Content-Type", f"multipart/{kind}")
    for each in parts:
        mail.attach(each)
    return mail


def test_all_texts_that_are_shown_are_read_in_their_order() -> None:
    mail = several(
        "mixed", part("The first sample."), part("<p>The second sample failed.</p>", "html"), part("Regards, Ann")
    )
    assert body_of(mail) == ["The first sample.", "The second sample failed.", "Regards, Ann"]


def test_a_text_inside_several_containers_is_read_once() -> None:
    both = several("alternative", part("We meet at nine."), part("<p>We <b>meet</b> at nine.</p>", "html"))
    mail = several("mixed", several("related", both), part("-- The list's footer"))
    assert body_of(mail) == ["We meet at nine.", "-- The list's footer"]


def test_a_table_is_read_from_the_form_that_keeps_it() -> None:
    table = "<p>Prices:</p><table><tr><th>Item<th>EUR<tr><td>Pump<td>120</table>"
    mail = several("alternative", part("Prices:\n\nItem\n\nEUR\n\nPump\n\n120"), part(table, "html"))
    assert body_of(mail) == ["Prices:", "Item\tEUR\nPump\t120"]


def test_a_blank_plain_form_gives_way_to_the_other() -> None:
    assert body_of(several("alternative", part(" \n"), part("<p>We meet.</p>", "html"))) == ["We meet."]


INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
BEGIN:STANDARD
DTSTART:16010101T030000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY:Audit\\, part 2
DTSTART;TZID="Europe/Berlin":20260319T130000
DURATION:PT1H30M
LOCATION:Room Saturn\\, second
  floor
ORGANIZER;CN="Ferreira, Nadia":mailto:nadia@x.example
ATTENDEE;CN=Tom;PARTSTAT=NEEDS-ACTION:mailto:tom@x.example
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TH;UNTIL=20260630
SEQUENCE:2
DESCRIPTION:Bring the list.\\nAnd a pen.
BEGIN:VALARM
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def test_an_invitation_says_what_when_where_and_who() -> None:
    mail = several("alternative", part("See the agenda."), part(INVITATION, "calendar"))
    assert body_of(mail) == [
        "See the agenda.",
        "What: Audit, part 2\nWhen: 2026-03-19 13:00 to 14:30 (Europe/Berlin)\n"
        "Repeats: every 2 weeks on Thursday, until 2026-06-30\nWhere: Room Saturn, second floor\n"
        "Organizer: Ferreira, Nadia <nadia@x.example>\nAttendees: Tom <tom@x.example>\nUpdate: 2",
        "Bring the list.\nAnd a pen.",
    ]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("DTSTART;VALUE=DATE:20260319\nDTEND;VALUE=DATE:20260320", "When: 2026-03-19, all day"),
        ("DTSTART;VALUE=DATE:20260319\nDTEND;VALUE=DATE:20260322", "When: 2026-03-19 to 2026-03-21, all day"),
        ("DTSTART:20260319T130000Z\nDTEND:20260320T090000Z", "When: 2026-03-19 13:00 to 2026-03-20 09:00 UTC"),
        ("DTSTART:20260319T130000", "When: 2026-03-19 13:00"), ("DTSTART:soon", "When: soon"),
        ("STATUS:CANCELLED\nDTSTART:20260319", "When: 2026-03-19, all day\nStatus: cancelled"),
    ],
)  # fmt: skip
def test_the_time_of_an_invitation_reads_as_a_calendar_shows_it(lines: str, text: str) -> None:
    mail = message()
    mail.set_content(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR", subtype="calendar")
    assert body_of(mail) == [text]


def test_a_mailbox_is_read_mail_by_mail() -> None:
    first, second = message(Subject="Move"), message(Subject="Keys")
    first.set_content("We move on Friday.\n\n>From Monday on we are at Quay 4.")
    first.add_attachment(b"a,b", maintype="text", subtype="csv", filename="plan.csv")
    second.set_content("From here the keys go to Bob.")
    box = b"".join(b"From ann@x.example Mon Oct  5 09:00:00 2026\n" + bytes(each) + b"\n" for each in (first, second))
    assert media_type(box, "all.mbox") == media_type(box, "Inbox") == media_type(box, "inbox.txt") == "application/mbox"
    parsed = parse(box, name="all.mbox")
    headings = [parsed.text[e.start : e.end] for e in parsed.elements if e.kind == "heading"]
    assert headings == ["Move", "Keys"]
    assert "From Monday on we are at Quay 4." in parsed.text
    assert parsed.text.endswith("Subject: Keys\n\nFrom here the keys go to Bob.")
    assert [each.name for each in parsed.attachments] == ["plan.csv"]
