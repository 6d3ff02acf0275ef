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
_WESTERN_SHARE = 0.3
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def decode(content: bytes) -> str:
    """The text of a file, a byte-order mark left out.

    Raises:
        ParseError: "unsupported" when the bytes are no text.
    """
    text = _decode(content)
    if len(_CONTROLS.findall(text[:_SAMPLE])) > len(text[:_SAMPLE]) / 50:
        raise _binary()
    return text


def _decode(content: bytes) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\x00" in content[:_SAMPLE]:
        return _utf16_without_mark(content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 3 and len(content) > 100:  # cut off inside the last character
            return content.decode("utf-8", "replace")
    return _legacy(content)


def _utf16_without_mark(content: bytes) -> str:
    """Western text in UTF-16 has a NUL in every second byte, on the same side throughout."""
    sample = content[: _SAMPLE & ~1]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    pairs = max(len(sample) // 2, 1)
    if odd > 0.7 * pairs and even < 0.05 * pairs:
        return content.decode("utf-16-le", "replace")
    if even > 0.7 * pairs and odd < 0.05 * pairs:
        return content.decode("utf-16-be", "replace")
    raise _binary()


def _legacy(content: bytes) -> str:
    """windows-1252 when accented letters are sprinkled over ASCII, else what charset-normalizer finds likeliest.

    A detector alone is worse: it takes a short Western text for windows-1250 or a Cyrillic or Turkish code page.
    """
    high = sum(byte > 0x7F for byte in content[:_SAMPLE])
    letters = sum(byte > 0x7F or chr(byte).isalpha() for byte in content[:_SAMPLE])
    if high <= _WESTERN_SHARE * letters:
        return _cp1252(content)
    from charset_normalizer import from_bytes

    best = from_bytes(content[:_SAMPLE]).best()
    return content.decode(best.encoding, "replace") if best is not None else _cp1252(content)


def _cp1252(content: bytes) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _binary() -> ParseError:
    return ParseError("unsupported", "The file is neither text nor in a supported format.")
