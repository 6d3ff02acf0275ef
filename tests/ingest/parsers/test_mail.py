from __future__ import annotations

from email.message import EmailMessage

import pytest

from core.errors import ParseError
from ingest.parsers.choose import parse
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
        (b"From: a@x.example\nSubject: nothing\n\n", "no_text"),
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
