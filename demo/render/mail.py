"""Source to mail message, with its attachments."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP

from demo.render.blocks import split_front_matter

_TYPES = {
    "pdf": ("application", "pdf"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def render_mail(text: str, attachments: Mapping[str, bytes], *, name: str) -> bytes:
    """The message's bytes. Front matter: from, to, cc, date (RFC 5322), title (the subject)."""
    meta, body = split_front_matter(text)
    message = EmailMessage(policy=SMTP)
    for header in ("from", "to", "cc", "date"):
        if header in meta:
            message[header.title()] = meta[header]
    message["Subject"] = meta["title"]
    message["Message-ID"] = f"<{name}@mail.tarnbeck.example>"
    message.set_content(body.strip() + "\n")
    for file, content in attachments.items():
        kind, subtype = _TYPES[file.rsplit(".", 1)[1]]
        message.add_attachment(content, maintype=kind, subtype=subtype, filename=file)
    if attachments:
        message.set_boundary(f"part-of-{name}")
    return message.as_bytes()
