"""Mailboxes (mbox, RFC 4155): each mail is a section under its subject."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.documents import Attachment, Parsed
from core.errors import ParseError
from ingest.parsers.attachments import unused
from ingest.parsers.builder import TextBuilder, said_of, stem
from ingest.parsers.mail import parse_mail

_BEGIN = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]*\d{4}[^\r\n]*\r?\n(?=[A-Za-z][A-Za-z0-9-]*:)")
_QUOTED = re.compile(rb"^>(>*From )", re.M)


def parse_mailbox(content: bytes, *, name: str) -> Parsed:
    """Every mail with its header lines and its body; what was attached to any of them is attached.

    Raises:
        ParseError: "no_text" when not one mail can be read.
    """
    builder = TextBuilder()
    attachments: list[Attachment] = []
    unread: list[int] = []
    for number, mail in enumerate(_mails(content), start=1):
        try:
            parsed = parse_mail(mail, name="")
        except ParseError:
            unread.append(number)
            continue
        builder.add("heading", parsed.title or f"Mail {number}", level=1)
        builder.add_all(parsed)
        for each in parsed.attachments:
            attachments.append(Attachment(name=unused(each.name, attachments), content=each.content))
    notes = said_of("mail", unread, "has no text or is encrypted", "have no text or are encrypted")
    return builder.build(title=stem(name), attachments=tuple(attachments), notes=notes)


def _mails(content: bytes) -> Iterator[bytes]:
    """The mails without the line above each, and without the mark before lines that look like one."""
    found = list(_BEGIN.finditer(content))
    ends = [match.start() for match in found[1:]] + [len(content)]
    for match, end in zip(found, ends, strict=True):
        yield _QUOTED.sub(rb"\1", content[match.end() : end])
