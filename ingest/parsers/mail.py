"""Mail: who wrote to whom and when, the body, and what was attached."""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default

from core.documents import Attachment, Element, ElementKind, Parsed
from core.errors import ParseError
from ingest.parsers.attachments import last_part, unused
from ingest.parsers.builder import TextBuilder, declared, fold, stem
from ingest.parsers.dates import mail_date
from ingest.parsers.encoding import decode
from ingest.parsers.invitation import invitation_lines
from ingest.parsers.office import parse_html
from ingest.parsers.text import text_elements

PGP = "-----BEGIN PGP MESSAGE-----"
_CALENDAR = "text/calendar"
_SHOWN = ("From", "To", "Cc", "Date", "Subject")


def parse_mail(content: bytes, *, name: str) -> Parsed:
    """The header lines that answer "who sent it, and when" come first, then the body.

    Raises:
        ParseError: "encrypted"; "no_text" when there is neither subject nor body and nothing readable is attached;
            "corrupt" when there is not one mail header.
    """
    message = message_from_bytes(_with_clean_head(content), policy=default)
    assert isinstance(message, EmailMessage)
    if message.get_content_type() in {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}:
        raise ParseError("encrypted", "The mail is encrypted. Save it decrypted to have it indexed.")
    shown = [f"{header}: {_value(message, header)}" for header in _SHOWN if _value(message, header)]
    attachments = tuple(_attachments(message))
    paragraphs = _paragraphs(message)
    if not shown and not message.keys():
        raise ParseError("corrupt", "The file has no mail header, so it is no mail.")
    subject = _value(message, "Subject")
    if not paragraphs and not subject and not any(_readable(part) for part in attachments):
        raise ParseError("no_text", "The mail has no text in its body.")
    builder = TextBuilder()
    if paragraphs and paragraphs[0][1].startswith(PGP):
        raise ParseError("encrypted", "The mail is encrypted. Save it decrypted to have it indexed.")
    builder.add("paragraph", "\n".join(shown))
    for kind, text in paragraphs:
        builder.add(kind, text)
    notes = () if paragraphs else ("The body of the mail is blank.",)
    return builder.build(
        title=subject or stem(name),
        author=_value(message, "From"),
        created=mail_date(_value(message, "Date")),
        language=declared(_value(message, "Content-Language")),
        attachments=attachments,
        notes=notes,
    )


def _value(message: EmailMessage, header: str) -> str:
    """A header as people read it; a malformed one as it stands."""
    try:
        return fold(str(message.get(header, "")))
    except (ValueError, IndexError, AttributeError, TypeError):  # the stdlib's own errors on malformed headers
        raw = [value for key, value in message.raw_items() if key.lower() == header.lower()]
        return fold(str(raw[0])) if raw else ""


def _paragraphs(message: EmailMessage) -> list[tuple[ElementKind, str]]:
    """What all parts of the body say, in their order; words that two of them share stand there once."""
    found: list[tuple[ElementKind, str]] = []
    for part in _body(message):
        own = _elements(part)
        found += own if not set(own) <= set(found) else []
    return found


def _body(message: EmailMessage) -> list[EmailMessage]:
    """The parts that a mail program shows one below the other: of several forms of one text the best."""
    kind = message.get_content_type()
    if message.get_content_maintype() == "text" and not _is_attached(message):
        return [message]
    if not message.is_multipart() or message.get_content_maintype() == "message":
        return []
    parts = [part for part in message.iter_parts() if isinstance(part, EmailMessage)]
    inner = [_body(part) for part in (parts[:1] if kind == "multipart/related" else parts)]
    if kind != "multipart/alternative":
        return [part for several in inner for part in several]
    invitations = [part for several in inner for part in several if part.get_content_type() == _CALENDAR]
    forms = [[part for part in several if part.get_content_type() != _CALENDAR] for several in inner]
    return [*_best([form for form in forms if form]), *invitations]


def _best(forms: Sequence[list[EmailMessage]]) -> list[EmailMessage]:
    """The plain form, unless it is blank or the other holds a table, which plain text breaks up."""
    if not forms:
        return []
    known = [form for form in forms if {part.get_content_subtype() for part in form} <= {"plain", "html"}] or forms
    plain, last = known[0], known[-1]
    has_table = any(kind == "table" for part in last for kind, _ in _elements(part))
    return last if has_table or not any(map(_elements, plain)) else plain


def _is_attached(part: EmailMessage) -> bool:
    """Whether a text is a file of its own; an invitation is not, whatever its name."""
    if part.get_content_type() == _CALENDAR:
        return False
    return bool(part.get_filename()) or part.get_content_disposition() == "attachment"


def _elements(part: EmailMessage) -> list[tuple[ElementKind, str]]:
    """What one part says, its headings taken as paragraphs: they are somebody's emphasis, no outline."""
    text = _text(part).replace("\r\n", "\n")
    if part.get_content_type() == _CALENDAR:
        return [("paragraph", paragraph) for paragraph in invitation_lines(text)]
    elements: Sequence[Element] = text_elements(text)
    if part.get_content_subtype() == "html":
        try:
            page = parse_html(text.encode("utf-8", "replace"), name="")
        except ParseError:
            return []
        text, elements = page.text, page.elements
    return [("paragraph" if e.kind == "heading" else e.kind, text[e.start : e.end]) for e in elements]


def _text(part: Message) -> str:
    """The text of a part, whatever its headers say about encoding."""
    raw = part.get_payload(decode=True)
    content = raw if isinstance(raw, bytes) else str(part.get_payload()).encode("utf-8", "surrogateescape")
    charset = None if _is_utf8(content) else part.get_content_charset()
    try:
        return content.decode(charset) if charset else decode(content)
    except (LookupError, UnicodeDecodeError):
        return decode(content)


def _with_clean_head(content: bytes) -> bytes:
    """The mail with its header in UTF-8, whatever it was saved in; all of it when that was UTF-16 or UTF-32."""
    if b"\x00" in content[:1024]:
        return decode(content).encode("utf-8", "replace")
    content = content.removeprefix(b"\xef\xbb\xbf")
    head, blank, rest = content.partition(b"\r\n\r\n" if b"\r\n\r\n" in content else b"\n\n")
    return content if head.isascii() else decode(head).encode("utf-8", "replace") + blank + rest


def _is_utf8(content: bytes) -> bool:
    """Whether text is UTF-8 beyond ASCII, which is then no accident, whatever it is declared to be."""
    try:
        return not content.isascii() and bool(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _attachments(message: EmailMessage) -> list[Attachment]:
    found: list[Attachment] = []
    for part in _leaves(message):
        if part.get_content_type() == _CALENDAR or (part.get_content_maintype() == "text" and not _is_attached(part)):
            continue
        found.append(Attachment(name=unused(_file_name(part, len(found) + 1), found), content=_bytes(part)))
    return found


def _leaves(message: EmailMessage) -> list[EmailMessage]:
    """The parts that hold content; an attached mail is one part, not looked into."""
    if message.get_content_maintype() == "message" or not message.is_multipart():
        return [message]
    leaves: list[EmailMessage] = []
    for part in message.iter_parts():
        if isinstance(part, EmailMessage):
            leaves.extend([part] if part.get_content_maintype() == "message" else _leaves(part))
    return leaves


def _bytes(part: EmailMessage) -> bytes:
    if part.get_content_maintype() == "message":
        inner = part.get_payload()
        return inner[0].as_bytes() if isinstance(inner, list) and inner and isinstance(inner[0], Message) else b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _file_name(part: EmailMessage, number: int) -> str:
    """The attachment's own name without any folder, or one made from its type."""
    named = last_part(part.get_filename() or "")
    if named:
        return named
    kind = part.get_content_subtype()
    return f"attachment-{number}.{'eml' if part.get_content_maintype() == 'message' else kind}"


def _readable(attachment: Attachment) -> bool:
    """Whether an attachment could hold text: pictures and sound do not."""
    return not attachment.name.lower().endswith(
        (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".mp3", ".wav")
    )
