"""Outlook messages (MSG) through python-oxmsg: made into an ordinary mail, then read as one."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.parser import HeaderParser
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.attachments import last_part
from ingest.parsers.builder import fold
from ingest.parsers.mail import parse_mail
from ingest.parsers.mapi import (
    INNER_MESSAGE,
    MESSAGE,
    Properties,
    codec_of,
    html_codec,
    is_message,
    properties_of_message,
    properties_of_part,
)

_DEEPEST = 6
_TO, _CC = 1, 2
_CLASS, _SUBJECT, _HEADERS, _SENT = 0x001A, 0x0037, 0x007D, 0x0039
_BODY, _HTML = 0x1000, 0x1013
_SENDER_NAME, _SENDER_ADDRESS, _SENDER_SMTP, _ON_BEHALF_OF = 0x0C1A, 0x0C1F, 0x5D01, 0x0042
_RECIPIENT_TYPE, _DISPLAY_NAME, _ADDRESS, _SMTP = 0x0C15, 0x3001, 0x3003, 0x39FE
_ATTACHED_MESSAGE, _CONTENT, _LONG_NAME, _SHORT_NAME = "__substg1.0_3701000D", 0x3701, 0x3707, 0x3704
_SPECIAL = re.compile(r'[,;:<>@"()\[\]\\]')

_APPOINTMENT, _TASK, _ADDRESSES = (UUID(f"0006200{n}-0000-0000-c000-000000000046") for n in "234")
_PLACE, _START, _END, _ALL_DAY, _RECURS, _ZONE = 0x8208, 0x820D, 0x820E, 0x8215, 0x8232, 0x8234
_BEGIN, _DUE, _DONE, _STATUS, _OWNER = 0x8104, 0x8105, 0x8102, 0x8101, 0x811F
_STATES = {0: "not started", 1: "in progress", 2: "complete", 3: "waiting on someone else", 4: "deferred"}
_OF_A_PERSON = (
    ("Name", 0x3001), ("Company", 0x3A16), ("Department", 0x3A18), ("Job title", 0x3A17), ("Profession", 0x3A46),
    ("Business phone", 0x3A08), ("Business phone 2", 0x3A1B), ("Mobile phone", 0x3A1C), ("Home phone", 0x3A09),
    ("Other phone", 0x3A1F), ("Business fax", 0x3A24), ("Office", 0x3A19), ("Manager", 0x3A4E),
    ("Assistant", 0x3A30), ("Web page", 0x3A51), ("Nickname", 0x3A4F),
)  # fmt: skip
_OF_A_CONTACT = (
    ("E-mail", 0x8083), ("E-mail 2", 0x8093), ("E-mail 3", 0x80A3), ("Web page", 0x802B), ("Messaging", 0x8062),
    ("Business address", 0x801B), ("Home address", 0x801A), ("Other address", 0x801C),
)  # fmt: skip
_BUSINESS_ADDRESS = (0x3A29, 0x3A2A, 0x3A27, 0x3A28, 0x3A26)


def parse_msg(content: bytes, *, name: str) -> Parsed:
    """As a mail: header lines, body, attachments; a message inside a message is attached as a mail.

    Raises:
        ParseError: as `parse_mail`; "corrupt".
    """
    from oxmsg import Message

    try:
        mail = _mail(Message.load(content)._storage, MESSAGE, _DEEPEST)
    except (KeyError, IndexError, AttributeError, AssertionError, struct.error, OSError, ValueError) as error:
        raise ParseError("corrupt", "The Outlook message is damaged and cannot be read.") from error
    return parse_mail(bytes(mail), name=name)


def _mail(storage: Any, header: int, depth: int) -> EmailMessage:  # noqa: ANN401 -- a Storage of oxmsg
    message = properties_of_message(storage, header)
    head = HeaderParser().parsestr(message.string(_HEADERS))
    recipients = [properties_of_part(part, message) for part in storage.iter_recipient_storages()]
    sent = message.moment(_SENT)
    mail = EmailMessage()
    found = {
        "From": head["From"] or _sender(message),
        "To": _recipients(recipients, _TO),
        "Cc": _recipients(recipients, _CC),
        "Date": format_datetime(sent) if sent is not None else head["Date"],
        "Subject": message.string(_SUBJECT),
    }
    for name, value in found.items():
        if value and fold(value):
            _set(mail, name, fold(value))
    _set_body(mail, message)
    for part in storage.iter_attachment_storages():
        _attach(mail, part, message, depth)
    return mail


def _set_body(mail: EmailMessage, message: Properties) -> None:
    """What the fields of its class say, then the body in the forms that there are."""
    fields = "\n".join(f"{name}: {value}" for name, value in _fields(message) if value)
    plain, html = message.string(_BODY).strip(), _html(message)
    text = "\n\n".join(filter(None, [fields, plain]))
    mail.set_content(_encodable(text))
    if html and plain:
        mail.add_alternative(_encodable(f"<pre>{fields}</pre>{html}" if fields else html), subtype="html")
    elif html and fields:
        mail.add_attachment(_encodable(html), subtype="html", disposition="inline")
    elif html:
        mail.set_content(_encodable(html), subtype="html")


def _html(message: Properties) -> str:
    content = message.binary(_HTML)
    if not content:
        return message.string(_HTML)
    said = re.search(rb"charset\s*=\s*[\"']?windows-(\d{3,4})", content[:4096], re.I)
    return content.decode(codec_of(int(said[1])) if said else html_codec(message), "replace")


def _fields(message: Properties) -> Iterator[tuple[str, str]]:
    """(name, value) of what an appointment, a task or a contact says besides its words."""
    kind = message.string(_CLASS).lower()
    if kind.startswith(("ipm.appointment", "ipm.schedule.meeting")):
        yield "When", _when(message)
        yield "Repeats", fold(message.string(message.named(_APPOINTMENT, _RECURS)))
        yield "Where", fold(message.string(message.named(_APPOINTMENT, _PLACE)))
        yield "Status", "cancelled" if kind.startswith("ipm.schedule.meeting.canceled") else ""
    elif kind.startswith("ipm.task"):
        state = message.integer(message.named(_TASK, _STATUS))
        done = message.real(message.named(_TASK, _DONE))
        yield "Start", _day(message.moment(message.named(_TASK, _BEGIN)))
        yield "Due", _day(message.moment(message.named(_TASK, _DUE)))
        yield "Status", _STATES.get(state, "") if state is not None else ""
        yield "Complete", f"{done:.0%}" if done is not None else ""
        yield "Owner", fold(message.string(message.named(_TASK, _OWNER)))
    elif kind.startswith("ipm.contact"):
        for name, number in _OF_A_PERSON:
            yield name, fold(message.string(number))
        named = {name: fold(message.string(message.named(_ADDRESSES, number))) for name, number in _OF_A_CONTACT}
        street = ", ".join(filter(None, (fold(message.string(number)) for number in _BUSINESS_ADDRESS)))
        yield from (named | {"Business address": named["Business address"] or street}).items()


def _when(message: Properties) -> str:
    """From when to when, in UTC, since a message says its zone in words only; whole days as days."""
    begin = message.moment(message.named(_APPOINTMENT, _START)) or message.moment(0x0060)
    end = message.moment(message.named(_APPOINTMENT, _END)) or message.moment(0x0061)
    if begin is None:
        return ""
    if message.flag(message.named(_APPOINTMENT, _ALL_DAY)):
        half = timedelta(hours=12)  # midnight of any zone lies within half a day of UTC's
        first, last = (begin + half).date(), (end - half).date() if end else None
        return f"{first}, all day" if last is None or last <= first else f"{first} to {last}, all day"
    zone = fold(message.string(message.named(_APPOINTMENT, _ZONE)))
    text = f"{begin:%Y-%m-%d %H:%M}"
    if end and end > begin:
        text += f" to {end:{'%H:%M' if end.date() == begin.date() else '%Y-%m-%d %H:%M'}}"
    return f"{text} UTC" + (f" (set in {zone})" if zone else "")


def _day(moment: datetime | None) -> str:
    return (moment + timedelta(hours=12)).date().isoformat() if moment is not None and moment.year < 4500 else ""


def _sender(message: Properties) -> str:
    address = message.string(_SENDER_ADDRESS)
    address = address if "@" in address else message.string(_SENDER_SMTP) or address
    return _person(message.string(_SENDER_NAME), address) or message.string(_ON_BEHALF_OF)


def _recipients(recipients: list[Properties], kind: int) -> str:
    """Names with addresses of the main recipients, or of those in copy."""
    return ", ".join(
        _person(each.string(_DISPLAY_NAME), each.string(_SMTP) or each.string(_ADDRESS))
        for each in recipients
        if (each.integer(_RECIPIENT_TYPE) or _TO) & 0xF == kind
    )


def _person(name: str, address: str) -> str:
    """A name in quotes where it would read as several, and the address."""
    name, address = fold(name).strip("'"), fold(address)
    if not name or name == address:
        return address
    if _SPECIAL.search(name):
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{name} <{address}>" if address else name


def _set(mail: EmailMessage, header: str, value: str) -> None:
    """The header, or without what the mail format cannot hold."""
    try:
        mail[header] = value
    except (ValueError, IndexError, AttributeError):
        del mail[header]
        mail[header] = value.encode("ascii", "replace").decode().replace("<", "").replace(">", "").replace("@", " at ")


def _attach(mail: EmailMessage, storage: Any, message: Properties, depth: int) -> None:  # noqa: ANN401 -- of oxmsg
    inner = next((part for part in storage.storages if part.name == _ATTACHED_MESSAGE and is_message(part)), None)
    found = properties_of_part(storage, message)
    content = found.binary(_CONTENT)
    if inner is not None and depth > 0:
        mail.add_attachment(_mail(inner, INNER_MESSAGE, depth - 1))
    elif content:
        name = last_part(found.string(_LONG_NAME) or found.string(_SHORT_NAME) or found.string(_DISPLAY_NAME))
        mail.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=_encodable(name) or "attachment"
        )


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
