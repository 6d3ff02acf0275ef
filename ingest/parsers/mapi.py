"""Properties of an Outlook message (MS-OXMSG): strings in the code page of whoever wrote it, named ones too."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

_TABLE = "__properties_version1.0"
MESSAGE, INNER_MESSAGE, PART = 32, 24, 8
"""Bytes before the properties of a message, of one inside another, of a recipient or an attachment."""
_UNICODE, _EIGHT_BIT, _TIME, _FLAG, _DOUBLE, _BINARY = 0x001F, 0x001E, 0x0040, 0x000B, 0x0005, 0x0102
_MESSAGE_PAGE, _INTERNET_PAGE, _LOCALE = 0x3FFD, 0x3FDE, 0x3FF1
_NAMED_FROM = 0x8000
_ANSI = frozenset({874, 932, 936, 949, 950, *range(1250, 1259)})
_WINDOWS_PAGES = {
    20866: 1251, 21866: 1251, 28592: 1250, 28595: 1251, 28597: 1253, 28598: 1255, 38598: 1255, 28599: 1254,
    50220: 932, 50221: 932, 50222: 932, 51932: 932, 51949: 949, 50225: 949, 51936: 936, 52936: 936, 54936: 936,
}  # fmt: skip
"""The code page of the Windows on which people write mail in another one."""
_PAGES_BY_LANGUAGE = {
    0x01: 1256, 0x29: 1256, 0x20: 1256, 0x02: 1251, 0x19: 1251, 0x22: 1251, 0x23: 1251, 0x05: 1250, 0x0E: 1250,
    0x15: 1250, 0x18: 1250, 0x1A: 1250, 0x1B: 1250, 0x24: 1250, 0x08: 1253, 0x0D: 1255, 0x1F: 1254, 0x25: 1257,
    0x26: 1257, 0x27: 1257, 0x2A: 1258, 0x11: 932, 0x12: 949, 0x1E: 874,
}  # fmt: skip
_CODECS = {20127: "cp1252", 20866: "koi8-r", 21866: "koi8-u", 50220: "iso2022_jp", 50221: "iso2022_jp",
           50222: "iso2022_jp", 50225: "iso2022_kr", 51932: "euc_jp", 51936: "gb18030", 51949: "euc_kr",
           52936: "hz", 54936: "gb18030", 65001: "utf-8", 936: "gb18030", 38598: "iso8859-8"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Properties:
    """The properties of one message, recipient or attachment, by their numbers."""

    streams: Mapping[str, bytes]
    fixed: Mapping[tuple[int, int], bytes]
    """(number, type) to the eight bytes that lie in the property itself."""
    codec: str = "cp1252"
    names: Mapping[tuple[UUID, int], int] = field(default_factory=dict)
    """(set, number in it) to the number here."""

    def string(self, number: int) -> str:
        """Text; empty without such a property."""
        wide = self.streams.get(f"__substg1.0_{number:04X}{_UNICODE:04X}")
        if wide is not None:
            return wide.decode("utf-16-le", "replace").rstrip("\x00")
        narrow = self.streams.get(f"__substg1.0_{number:04X}{_EIGHT_BIT:04X}", b"")
        return narrow.decode(self.codec, "replace").rstrip("\x00")

    def binary(self, number: int) -> bytes:
        """Bytes; none without such a property."""
        return self.streams.get(f"__substg1.0_{number:04X}{_BINARY:04X}", b"")

    def integer(self, number: int) -> int | None:
        """A whole number of 32 bits."""
        found = self.fixed.get((number, 0x0003))
        return int(struct.unpack("<i", found[:4])[0]) if found else None

    def real(self, number: int) -> float | None:
        """A number with a fraction."""
        found = self.fixed.get((number, _DOUBLE))
        return float(struct.unpack("<d", found)[0]) if found else None

    def flag(self, number: int) -> bool:
        """Yes, or no where nothing is said."""
        return self.fixed.get((number, _FLAG), b"\x00")[:1] not in {b"\x00", b""}

    def moment(self, number: int) -> datetime | None:
        """A time in UTC, to the second."""
        found = self.fixed.get((number, _TIME))
        if not found:
            return None
        try:
            return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(seconds=struct.unpack("<Q", found)[0] // 10_000_000)
        except OverflowError:
            return None

    def named(self, group: UUID, number: int) -> int:
        """The number here of a property that is known by a set and its number in that; 0 where it is not used."""
        return self.names.get((group, number), 0)


def properties_of_message(storage: Any, header: int) -> Properties:  # noqa: ANN401 -- a Storage of oxmsg
    """The properties of a message, its strings in the code page that it says or its language has."""
    found = _read(storage, header)
    page = _page(found)
    names = next((part for part in storage.storages if part.name == "__nameid_version1.0"), None)
    return Properties(found.streams, found.fixed, codec_of(page), _names(names) if names is not None else {})


def properties_of_part(storage: Any, message: Properties) -> Properties:  # noqa: ANN401 -- a Storage of oxmsg
    """Those of a recipient or an attachment, in the code page of the message."""
    found = _read(storage, PART)
    return Properties(found.streams, found.fixed, message.codec, message.names)


def is_message(storage: Any) -> bool:  # noqa: ANN401 -- a Storage of oxmsg
    """Whether a storage has properties at all; an object of another program has none."""
    return any(stream.name == _TABLE for stream in storage.streams)


def codec_of(page: int) -> str:
    """Python's name of a Windows code page; that of Western Europe for one that it does not know."""
    latin = f"iso8859-{page - 28590}" if 28591 <= page <= 28605 else ""
    for name in (_CODECS.get(page, ""), latin, f"cp{page}"):
        try:
            return codecs.lookup(name).name if name else codecs.lookup(f"cp{page}").name
        except LookupError:
            continue
    return "cp1252"


def html_codec(found: Properties) -> str:
    """The encoding of a body in HTML, which need not be that of the strings."""
    page = found.integer(_INTERNET_PAGE)
    return codec_of(page) if page else found.codec


def _read(storage: Any, header: int) -> Properties:  # noqa: ANN401 -- a Storage of oxmsg
    streams = {stream.name: stream.bytes_ for stream in storage.streams}
    table = streams[_TABLE][header:]
    fixed = {}
    for start in range(0, len(table) - 15, 16):
        kind, number = struct.unpack_from("<HH", table, start)
        fixed[number, kind] = table[start + 8 : start + 16]
    return Properties(streams, fixed)


def _page(found: Properties) -> int:
    """The code page of the strings: as said, else that of mail in such an encoding, else that of the language."""
    said = found.integer(_MESSAGE_PAGE)
    if said:
        return said
    internet = found.integer(_INTERNET_PAGE) or 0
    if internet in _ANSI:
        return internet
    if internet in _WINDOWS_PAGES:
        return _WINDOWS_PAGES[internet]
    locale = found.integer(_LOCALE) or 0
    if locale & 0x3FF == 0x04:
        return 936 if locale in {0x0804, 0x1004} else 950
    return _PAGES_BY_LANGUAGE.get(locale & 0x3FF, 1252)


def _names(storage: Any) -> dict[tuple[UUID, int], int]:  # noqa: ANN401 -- a Storage of oxmsg
    """The numbers that this message gave to properties of sets."""
    streams = {stream.name: stream.bytes_ for stream in storage.streams}
    groups, entries = streams.get("__substg1.0_00020102", b""), streams.get("__substg1.0_00030102", b"")
    found = {}
    for start in range(0, len(entries) - 7, 8):
        number, kind, index = struct.unpack_from("<IHH", entries, start)
        group = (kind >> 1) - 3
        if not kind & 1 and group >= 0 and len(groups) >= 16 * (group + 1):
            found[UUID(bytes_le=groups[16 * group : 16 * group + 16]), number] = _NAMED_FROM + index
    return found
