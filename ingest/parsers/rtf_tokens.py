"""The words of RTF: `{`, `}`, `\\control123`, `\\'e9` and text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

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
