"""Outlook messages built byte by byte, then read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import ParseError
from ingest.parsers.choose import media_type, parse
from tests.ingest.parsers.compound import compound_file, outlook_message

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
