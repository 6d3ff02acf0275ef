"""Outlook messages (MSG) through python-oxmsg: made into an ordinary mail, then read as one."""

from __future__ import annotations

import struct
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.attachments import last_part
from ingest.parsers.builder import fold
from ingest.parsers.mail import parse_mail

_DEEPEST = 6
_TO, _CC = 1, 2
_RECIPIENT_TYPE, _DISPLAY_NAME, _ATTACHED_MESSAGE = 0x0C15, 0x3001, "__substg1.0_3701000D"
_INNER_HEADER = 24
"""A message inside a message has a shorter header before its properties than one that is a file."""


def parse_msg(content: bytes, *, name: str) -> Parsed:
    """As a mail: header lines, body, attachments; a message inside a message is attached as a mail.

    Raises:
        ParseError: as `parse_mail`; "corrupt".
    """
    from oxmsg import Message

    try:
        mail = _mail(Message.load(content), _DEEPEST)
    except (KeyError, IndexError, AttributeError, AssertionError, struct.error, OSError, ValueError) as error:
        raise ParseError("corrupt", "The Outlook message is damaged and cannot be read.") from error
    return parse_mail(bytes(mail), name=name)


def _mail(message: Any, depth: int) -> EmailMessage:  # noqa: ANN401 -- a Message of oxmsg
    mail = EmailMessage()
    sent = message.sent_date
    found = {
        "From": message.sender,
        "To": _recipients(message, _TO),
        "Cc": _recipients(message, _CC),
        "Date": format_datetime(sent) if sent is not None else message.message_headers.get("Date"),
        "Subject": message.subject,
    }
    for header, value in found.items():
        if value and fold(value):
            _set(mail, header, fold(value))
    body, html = message.body, message.html_body
    if body and body.strip():
        mail.set_content(_encodable(body))
    elif html:
        mail.set_content(_encodable(html), subtype="html")
    else:
        mail.set_content("")
    for attachment in message.attachments:
        _attach(mail, attachment, depth)
    return mail


def _recipients(message: Any, kind: int) -> str:  # noqa: ANN401 -- a Message of oxmsg
    """Names with addresses of the main recipients, or of those in copy."""
    found = []
    for recipient in message.recipients:
        if (recipient.properties.int_prop_value(_RECIPIENT_TYPE) or _TO) == kind:
            name, address = fold(recipient.name), fold(recipient.email_address or "")
            found.append(f"{name} <{address}>" if name and address and name != address else name or address)
    return ", ".join(found)


def _set(mail: EmailMessage, header: str, value: str) -> None:
    """The header, or without what the mail format cannot hold."""
    try:
        mail[header] = value
    except (ValueError, IndexError, AttributeError):
        del mail[header]
        mail[header] = value.encode("ascii", "replace").decode().replace("<", "").replace(">", "").replace("@", " at ")


def _attach(mail: EmailMessage, attachment: Any, depth: int) -> None:  # noqa: ANN401 -- an Attachment of oxmsg
    storage = attachment._storage
    inner = next((part for part in storage.storages if part.name == _ATTACHED_MESSAGE), None)
    if inner is not None and depth > 0:
        mail.add_attachment(_mail(_inner_message(inner), depth - 1))
    elif attachment.file_bytes:
        name = last_part(attachment.file_name or attachment.properties.str_prop_value(_DISPLAY_NAME) or "")
        mail.add_attachment(
            attachment.file_bytes,
            maintype="application",
            subtype="octet-stream",
            filename=_encodable(name) or "attachment",
        )


def _inner_message(storage: Any) -> Any:  # noqa: ANN401 -- a Storage and a Message of oxmsg
    from oxmsg import Message
    from oxmsg.properties import Properties

    class InnerMessage(Message):
        """A message that lies inside another one."""

        @property
        def properties(self) -> Any:  # noqa: ANN401 -- of oxmsg
            return Properties(self._storage, properties_header_offset=_INNER_HEADER)

    return InnerMessage(storage)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
