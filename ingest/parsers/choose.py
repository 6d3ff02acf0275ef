"""Which parser reads a file: by its content first, by its extension second."""

from __future__ import annotations

import csv
import importlib
import logging
import re
import struct
import zipfile
import zlib
from dataclasses import replace

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.containers import (
    DOCX,
    EPUB,
    ODP,
    ODS,
    ODT,
    OLE_MAGIC,
    PACKED,
    PPTX,
    XLSX,
    ZIP,
    ZIP_MAGIC,
    check_office_zip,
    ole_type,
    zip_type,
)  # fmt: skip
from ingest.parsers.protocol import Parser
from ingest.parsers.sheets.xml2003 import NAMESPACE
from ingest.parsers.table import looks_like_table
from ingest.parsers.text import LANGUAGES

SUPPORTED = (
    "PDF, DOCX, PPTX, XLSX, XLS, ODT, ODS, ODP, RTF, EPUB, HTML, Markdown, CSV, TSV, XML, JSON, EML, MSG, ZIP, "
    "pictures, source code and plain text"
)

PARSERS = "6"
"""Part of every document's version: raised when a parser would give other text for the same file."""

PDF, HTML, MAIL, MARKDOWN = "application/pdf", "text/html", "message/rfc822", "text/markdown"
CSV, TSV, TEXT, XLS = "text/csv", "text/tab-separated-values", "text/plain", "application/vnd.ms-excel"
RTF, MSG, XML = "application/rtf", "application/vnd.ms-outlook", "application/xml"
XML_SHEET, MAILBOX = "application/vnd.ms-excel+xml", "application/mbox"
XML_WORD = "application/msword+xml"
_WORD_XML = b"http://schemas.microsoft.com/office/word/2003/wordml"
JSON, JSON_LINES, PICTURE = "application/json", "application/jsonl", "image/"

_PARSERS = {
    PDF: "pdf.read.parse_pdf",
    HTML: "office.parse_html",
    DOCX: "office.parse_docx",
    PPTX: "office.parse_pptx",
    XLSX: "spreadsheet.parse_workbook",
    XLS: "spreadsheet.parse_workbook",
    XML_SHEET: "spreadsheet.parse_xml_workbook",
    XML_WORD: "word.xml2003.parse_word_xml",
    ODS: "spreadsheet.parse_workbook",
    MARKDOWN: "markdown.parse_markdown",
    CSV: "table.parse_table",
    TSV: "table.parse_table",
    ODT: "opendocument.parse_opendocument",
    ODP: "opendocument.parse_opendocument",
    EPUB: "epub.parse_epub",
    RTF: "rtf.parse_rtf",
    XML: "xml_data.parse_xml",
    JSON: "json_data.parse_json",
    JSON_LINES: "json_data.parse_json_lines",
    MAIL: "mail.parse_mail",
    MAILBOX: "mailbox.parse_mailbox",
    MSG: "outlook.parse_msg",
    ZIP: "archive.parse_archive",
    TEXT: "text.parse_text",
}
"""Media type to `module.function` in this package; a module is imported when its format is met."""

_FAMILIES = {PICTURE: "ocr.parse_image", "text/x-": "text.parse_code"}
"""The same for every media type that begins so."""

_EXTENSIONS = {
    ".md": MARKDOWN, ".markdown": MARKDOWN, ".mdown": MARKDOWN, ".csv": CSV, ".tsv": TSV, ".tab": TSV,
    ".html": HTML, ".htm": HTML, ".xhtml": HTML, ".eml": MAIL, ".json": JSON, ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES, ".xml": XML, ".svg": XML, ".rss": XML, ".xsd": XML,
    **{extension: f"text/x-{language}" for extension, language in LANGUAGES.items()},
}  # fmt: skip
_PLAIN = frozenset({".txt", ".text", ".log", ".asc"})
_JSON_START = re.compile(rb'\s*(?:\{\s*"|\[\s*[\[{"\d])')
_OLD = {
    "application/msword": "a Word document of the old .doc kind: save it as .docx",
    "application/vnd.ms-powerpoint": "a PowerPoint file of the old .ppt kind: save it as .pptx",
}
_HTML_START = re.compile(
    rb"\s*+(?:<\?xml[^>]*+>\s*+)?(?:(?><!--.*?-->|<%@.*?%>)\s*+)*+<(?:!doctype\s+html|html|head|body|table)\b",
    re.I | re.S,
)
_MAIL_HEADER = re.compile(
    rb"^(from|to|cc|date|subject|received|return-path|message-id|mime-version|delivered-to|content-type|reply-to):",
    re.I,
)
_STARTS = (
    (re.compile(rb"\{\\rtf"), RTF), (re.compile(rb"From [^\r\n]*\d{4}[^\r\n]*\r?\n[A-Za-z][A-Za-z0-9-]*:"), MAILBOX),
)  # fmt: skip
_BINARY_STARTS = (
    b"RIFF", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\x7fELF", b"MZ", b"ID3", b"OggS", b"%!PS",
    b"SQLite format 3",
)  # fmt: skip
_PICTURE_STARTS = (
    (b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"II*\x00", "tiff"), (b"MM\x00*", "tiff"),
)  # fmt: skip
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, csv.Error, SyntaxError, EOFError, OSError, LookupError, ValueError,
    NotImplementedError, RecursionError,
)  # fmt: skip
"""What libraries raise on a damaged file (lxml's errors are SyntaxErrors); anything else is a fault, not damage."""
_SEEN = re.compile(r"[^\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_log = logging.getLogger(__name__)


def parse(content: bytes, *, name: str) -> Parsed:
    """The text and elements of a file, by the parser its content calls for.

    Raises:
        ParseError: with one of core.errors.PARSE_CODES; what a library raises on damage becomes "corrupt".
    """
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise ParseError("empty", "The file is empty." if not content else "The file holds nothing but blanks.")
    kind = media_type(content, name)
    parser = _parser(kind)
    if kind in PACKED and content.startswith(ZIP_MAGIC):
        check_office_zip(content)
    try:
        parsed = parser(content, name=name)
    except _DAMAGED as error:
        _log.info("a file could not be parsed", extra={"kind": kind}, exc_info=True)
        raise ParseError("corrupt", f"The file is damaged and cannot be read as {_short(kind)}.") from error
    if not any(_SEEN.search(parsed.text, element.start, element.end) for element in parsed.elements):
        raise ParseError("no_text", "The file opens but holds no text.")
    return replace(parsed, text=_encodable(parsed.text), title=_encodable(parsed.title))


def media_type(content: bytes, name: str) -> str:
    """The media type by magic numbers and first lines, else by extension, else text/plain."""
    start = content[:4096]
    if start.startswith((ZIP_MAGIC, b"PK\x05\x06")):
        return zip_type(content)
    if start.startswith(OLE_MAGIC):
        return ole_type(content)
    extension = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"%PDF-") or (extension == ".pdf" and b"%PDF-" in start):
        return PDF
    told = next((kind for begin, kind in _STARTS if begin.match(start)), None) or _picture_type(start)
    if told:
        return told
    if start.startswith(_BINARY_STARTS):
        return "application/octet-stream"
    readable = start.replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe")
    if _HTML_START.match(readable) and extension not in {".md", ".markdown"}:
        return HTML
    if readable.lstrip().startswith(b"<?xml") and extension not in {".md", ".markdown"}:
        return XML_SHEET if NAMESPACE in readable else XML_WORD if _WORD_XML in readable else XML
    if extension in _EXTENSIONS or extension in _PLAIN:
        return MAIL if _looks_like_mail(readable) and extension in _PLAIN else _EXTENSIONS.get(extension, TEXT)
    looks = ((MAIL, _looks_like_mail), (JSON, _JSON_START.match), (CSV, looks_like_table))
    return next((kind for kind, test in looks if test(readable)), TEXT)


def _picture_type(start: bytes) -> str | None:
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return f"{PICTURE}webp"
    if start[:2] == b"BM" and start[6:10] == b"\x00\x00\x00\x00":
        return f"{PICTURE}bmp"
    return next((f"{PICTURE}{kind}" for magic, kind in _PICTURE_STARTS if start.startswith(magic)), None)


def _parser(kind: str) -> Parser:
    named = _PARSERS.get(kind) or next((_FAMILIES[family] for family in _FAMILIES if kind.startswith(family)), None)
    if named is not None:
        module, function = named.rsplit(".", 1)
        parser: Parser = getattr(importlib.import_module(f"ingest.parsers.{module}"), function)
        return parser
    if kind == "application/x-encrypted-office":
        raise ParseError("encrypted", "The file is protected by a password. Save it without one.")
    if kind in _OLD:
        raise ParseError("unsupported", f"The file is {_OLD[kind]}. Supported are {SUPPORTED}.")
    raise ParseError("unsupported", f"Files of this kind are not read. Supported are {SUPPORTED}.")


def _looks_like_mail(start: bytes) -> bool:
    """Two different mail headers before the first blank line, the first line being one."""
    head = re.split(rb"\r?\n\r?\n", start, maxsplit=1)[0].splitlines()
    headers = {match.group(1).lower() for line in head if (match := _MAIL_HEADER.match(line))}
    return len(headers) >= 2 and bool(_MAIL_HEADER.match(head[0]))


def _short(kind: str) -> str:
    named = {
        DOCX: "DOCX",
        PPTX: "PPTX",
        XLSX: "XLSX",
        PDF: "PDF",
        ODS: "ODS",
        XLS: "XLS",
        XML_SHEET: "XML Spreadsheet",
        XML_WORD: "Word XML",
    }
    return named.get(kind, kind)


def _encodable(text: str) -> str:
    """The text without lone surrogates, which no database stores; every offset is kept."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text
