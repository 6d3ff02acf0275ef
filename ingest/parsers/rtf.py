"""RTF: control words, groups and text become headings, paragraphs, list items and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from dataclasses import replace as changed
from typing import Literal

from core.documents import ElementKind, Parsed
from core.errors import ParseError
from ingest.parsers.builder import TextBuilder, fold, stem
from ingest.parsers.cells import header_rows
from ingest.parsers.dates import iso

_SKIPPED = frozenset(
    {"colortbl", "pict", "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"}
    | {"object", "objdata", "fldinst", "themedata", "datastore", "listtable", "listoverridetable", "rsidtbl"}
    | {"xmlnstbl", "bkmkstart", "bkmkend", "nonshppict", "sp", "sn", "sv", "tc", "xe", "template", "operator"}
    | {"keywords", "comment", "doccomm", "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "atnid"}
    | {"atnauthor", "atnref", "mmathPr", "revtbl", "filetbl"}
)
_APART = {"footnote": "", "annotation": "Comment: ", "shptxt": ""}
"""Groups inside a paragraph that are read right after it."""
_KEPT = frozenset({"info", "title", "author", "creatim", "revtim", "fonttbl", "stylesheet"})
_TIMES = ("yr", "mo", "dy", "hr", "min")


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds until the group ends."""

    kind: str = ""
    skipped: bool = False
    hidden: bool = False
    after_unicode: int = 1
    encoding: str = "cp1252"


@dataclass(slots=True)
class _Paragraph:
    """The words so far, and what is known about the paragraph."""

    text: str = ""
    level: int = 0
    in_table: bool = False
    in_list: bool = False
    apart: list[str] = field(default_factory=list)


def parse_rtf(content: bytes, *, name: str) -> Parsed:
    """Headings are paragraphs with an outline level or a heading style.

    Raises:
        ParseError: "corrupt" for a file without a single group that ends; "no_text".
    """
    reader = _Reader()
    for token in tokens_of(content):
        reader.take(token)
    if not reader.closed:
        raise ParseError("corrupt", "The file is cut off: not one of its groups ends.")
    return reader.parsed(name)


class _Reader:
    """Takes tokens in order and collects elements."""

    def __init__(self) -> None:
        self._builder = TextBuilder()
        self._group = _Group()
        self._groups: list[_Group] = []
        self._outer: list[_Paragraph] = []
        self._paragraph = _Paragraph()
        self._pending = b""
        self._skip = 0
        self._starred = False
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._style = 0
        self._levels: dict[int, int] = {}
        self._said: dict[str, str] = {}
        self._times: dict[str, dict[str, int]] = {}
        self.closed = False

    def take(self, token: Token) -> None:
        """Take the next token."""
        if token.kind == "text":
            self._take_bytes(token.content)
        elif token.kind == "hex":
            self._take_bytes(token.content, single=True)
        else:
            self._flush()
            if token.kind == "open":
                self._skip = 0
                self._groups.append(self._group)
            elif token.kind == "close":
                self._skip = 0
                self._close()
            else:
                self._control(token.word, token.number)

    def parsed(self, name: str) -> Parsed:
        """The document, once every token is taken."""
        self._flush()
        while self._outer:
            self._close_apart()
        self._end_paragraph()
        self._end_table()
        return self._builder.build(
            title=fold(self._said.get("title", "")) or stem(name),
            author=fold(self._said.get("author", "")),
            created=self._time("creatim"),
            modified=self._time("revtim"),
        )

    def _take_bytes(self, content: bytes, *, single: bool = False) -> None:
        """Bytes of text, less those that stand for a character already given in Unicode."""
        skipped = min(self._skip, 1 if single else len(content))
        self._skip -= skipped
        self._pending += content[skipped:]

    def _flush(self) -> None:
        if self._pending:
            text = self._pending.decode(self._group.encoding, "replace")
            self._pending = b""
            self._write(text)

    def _write(self, text: str) -> None:
        kind = self._group.kind
        if kind in {"title", "author"}:
            self._said[kind] = self._said.get(kind, "") + text
        elif kind == "stylesheet":
            self._note_style(text)
        elif kind not in _KEPT and not self._group.skipped and not self._group.hidden:
            self._paragraph.text += text

    def _note_style(self, text: str) -> None:
        name = text.strip(" ;").lower()
        if name.startswith("heading ") and name[8:9].isdigit():
            self._levels[self._style] = int(name[8])
        elif name == "title":
            self._levels[self._style] = 1

    def _close(self) -> None:
        if not self._groups:
            return
        self.closed = True
        ended, self._group = self._group, self._groups.pop()
        if ended.kind in _APART and self._group.kind != ended.kind and self._outer:
            self._close_apart(_APART[ended.kind])

    def _close_apart(self, before: str = "") -> None:
        inner, self._paragraph = self._paragraph, self._outer.pop()
        words = [*inner.apart, inner.text]
        self._paragraph.apart += [before + word.strip() for word in words if word.strip()]

    def _control(self, word: str, number: int | None) -> None:
        if word == "*":
            self._starred = True
            return
        starred, self._starred = self._starred, False
        if word in CHARACTERS:
            self._write(CHARACTERS[word])
        elif word == "u" and number is not None:
            self._write(chr(number % 0x10000))
            self._skip = self._group.after_unicode
        elif word in _APART:
            self._group = changed(self._group, kind=word, skipped=False)
            self._outer.append(self._paragraph)
            self._paragraph = _Paragraph()
        elif word in _KEPT:
            self._group = changed(self._group, kind=word)
        elif word in {"listtext", "pntext"}:
            self._paragraph.in_list = True
            self._group = changed(self._group, skipped=True)
        elif starred or word in _SKIPPED:
            self._group = changed(self._group, skipped=True)
        elif not self._group.skipped:
            self._format(word, number)

    def _format(self, word: str, number: int | None) -> None:
        value = 0 if number is None else number
        if word in {"par", "sect", "page"}:
            self._end_paragraph()
        elif word in {"cell", "row"}:
            self._table(word)
        elif word == "pard":
            self._paragraph.level, self._paragraph.in_table, self._paragraph.in_list = 0, False, False
        elif word == "intbl":
            self._paragraph.in_table = True
        elif word == "outlinelevel" and self._group.kind != "stylesheet":
            self._paragraph.level = value + 1 if value < 9 else 0
        elif word == "s":
            self._style = value
            self._paragraph.level = self._levels.get(value, 0)
        elif word in {"v", "deleted"}:
            self._group = changed(self._group, hidden=number != 0)
        elif word in _TIMES and self._group.kind in {"creatim", "revtim"}:
            self._times.setdefault(self._group.kind, {})[word] = value
        else:
            self._encode(word, value)

    def _encode(self, word: str, value: int) -> None:
        if word == "uc":
            self._group = changed(self._group, after_unicode=min(max(value, 0), 8))
        elif word == "ansicpg":
            self._group = changed(self._group, encoding=CHARSETS.get(value, _known(f"cp{value}")))
        elif word == "f":
            self._font = value
            if self._group.kind != "fonttbl" and value in self._fonts:
                self._group = changed(self._group, encoding=self._fonts[value])
        elif word == "fcharset" and self._group.kind == "fonttbl" and value in CHARSETS and value > 1:
            self._fonts[self._font] = CHARSETS[value]

    def _table(self, word: str) -> None:
        if word == "cell":
            self._cells.append(fold(self._paragraph.text))
            self._paragraph.text = ""
        elif self._cells:
            self._rows.append(self._cells)
            self._cells = []

    def _end_paragraph(self) -> None:
        paragraph = self._paragraph
        if self._outer or paragraph.in_table:
            paragraph.text += "\n"
            return
        text = _joined(paragraph.text)
        if text.strip() or paragraph.apart:
            self._end_table()
        kind: ElementKind = "heading" if paragraph.level else "list_item" if paragraph.in_list else "paragraph"
        self._builder.add(kind, fold(text) if kind == "heading" else text, level=paragraph.level)
        for apart in paragraph.apart:
            self._builder.add("paragraph", _joined(apart))
        self._paragraph = changed(paragraph, text="", apart=[], in_list=False)

    def _end_table(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            self._builder.add_table([[_joined(cell) for cell in row] for row in rows], header_rows=header_rows(rows))

    def _time(self, kind: str) -> str | None:
        parts = self._times.get(kind, {})
        year, month, day, hour, minute = (parts.get(part, 0) for part in _TIMES)
        return iso(f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00")


def _known(encoding: str) -> str:
    try:
        b"".decode(encoding)
    except LookupError:
        return "cp1252"
    return encoding


def _joined(text: str) -> str:
    """Surrogates that come in pairs as the character they mean, others as a replacement."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# The words of RTF: `{`, `}`, `\control123`, `\'e9` and text.


_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n\x00]+|([^\\{}\r\n\x00]+)|\\",
    re.S,
)
CHARACTERS = {
    "line": "\n", "tab": "\t", "emdash": "—", "endash": "–", "emspace": " ", "enspace": " ", "bullet": "•",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "~": "\u00a0", "_": "-", "{": "{", "}": "}",
    "\\": "\\", "nestcell": " ", "nestrow": " ",
}  # fmt: skip
"""Control words and symbols that stand for a character; an optional hyphen stands for none."""
CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
    255: "cp437", 65001: "utf-8", 10000: "mac_roman", 936: "gbk", 950: "big5",
}  # fmt: skip
"""Font character sets, and code pages whose name in Python is not cp and the number."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token: text bytes, the byte of a `\\'xx`, a group's begin or end, or a control word with its number."""

    kind: Literal["text", "hex", "open", "close", "control"]
    content: bytes = b""
    word: str = ""
    number: int | None = None


def tokens_of(content: bytes) -> Iterator[Token]:
    """The tokens in order; the bytes behind `\\bin` are left out."""
    position = 0
    while found := _TOKEN.match(content, position):
        position = found.end()
        word, number, hexed, symbol, brace, text = found.groups()
        if text is not None:
            yield Token("text", content=text)
        elif hexed is not None:
            yield Token("hex", content=bytes.fromhex(hexed.decode()))
        elif brace is not None:
            yield Token("open" if brace == b"{" else "close")
        elif word == b"bin":
            position += max(int(number or 0), 0)
        elif word is not None:
            yield Token("control", word=word.decode(), number=None if number is None else int(number))
        elif symbol is not None:
            yield Token("control", word="par" if symbol in b"\r\n" else symbol.decode("latin-1"))
