"""Bytes to text: which encoding a text file is in."""

from __future__ import annotations

import codecs
import re

from core.errors import ParseError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 200_000
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SHIFTED = re.compile(rb"\x1b\$[@B]|\x1b\(J")
"""ISO-2022-JP, the encoding of Japanese mail, says so itself."""
_WRITTEN = re.compile(
    r"[\t\n\f\r -~\xa0-\u02af\u0370-\u06ff\u0900-\u0e7f\u1e00-\u206f\u20a0-\u20bf\u2190-\u21ff\u2500-\u27bf"
    r"\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\U0001f300-\U0001faff]"
)
"""What people write; the wrong order of bytes makes something else of half the characters."""
_BREAK = re.compile(r"[\s\u3001\u3002\uff0c\uff0e]")
_MOSTLY = 0.95


def decode(content: bytes) -> str:
    """The text of a file, a byte-order mark left out.

    Raises:
        ParseError: "unsupported" when the bytes are no text.
    """
    text = _decode(content)
    if len(_CONTROLS.findall(text[:_SAMPLE])) > len(text[:_SAMPLE]) / 50:
        return content.decode(_wide(content), "replace")
    return text


def _decode(content: bytes) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\x00" in content[:_SAMPLE]:
        return content.decode(_wide(content), "replace")
    if _SHIFTED.search(content[:_SAMPLE]):
        return content.decode("iso2022_jp", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    if text.count("\ufffd") * 10 < sum(character > "\x7f" for character in text):  # cut off, or spoilt here and there
        return text
    from ingest.parsers.legacy import encoding_of

    return content.decode(encoding_of(content), "replace")


def _wide(content: bytes) -> str:
    """UTF-32 or UTF-16 without a mark, whose bytes make writing in one order and nothing in the other.

    Raises:
        ParseError: "unsupported" when they do in none.
    """
    sample = content[: _SAMPLE & ~3]
    scores = {encoding: _written(sample, encoding) for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")}
    best = max(scores, key=lambda encoding: scores[encoding])
    if scores[best] < _MOSTLY:
        raise _binary()
    return best


def _written(sample: bytes, encoding: str) -> float:
    """Which share of the characters under an encoding people write."""
    whole = sample[: len(sample) & (~3 if "32" in encoding else ~1)]
    text = whole.decode(encoding, "replace")
    return len(_WRITTEN.findall(text)) / len(text) if _BREAK.search(text) else 0.0


def _binary() -> ParseError:
    return ParseError("unsupported", "The file is neither text nor in a supported format.")
