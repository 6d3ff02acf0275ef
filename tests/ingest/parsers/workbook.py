"""Writes Excel workbooks of the 1997 kind, small ones, for tests."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from tests.ingest.parsers.compound import compound_file

Cells = Sequence[Sequence[str | float]]

_BOF, _EOF, _SHEET, _DIMENSIONS, _NUMBER, _TEXT, _FORMAT = 0x0809, 0x000A, 0x0085, 0x0200, 0x0203, 0x0204, 0x00E0


def old_workbook(sheets: Mapping[str, Cells]) -> bytes:
    """The bytes of an .xls file; all of it has to fit into 4096 bytes."""
    bodies = [_sheet(cells) for cells in sheets.values()]
    names = [_string(name, "<BB") for name in sheets]
    start = len(_begin(0x0005)) + len(_record(_FORMAT, bytes(20))) + sum(4 + 6 + len(n) for n in names) + 4
    head = _begin(0x0005) + _record(_FORMAT, bytes(20))
    for name, body in zip(names, bodies, strict=True):
        head += _record(_SHEET, struct.pack("<IH", start, 0) + name)
        start += len(body)
    return compound_file({"Workbook": head + _record(_EOF, b"") + b"".join(bodies)})


def _sheet(cells: Cells) -> bytes:
    width = max(map(len, cells), default=0)
    body = _begin(0x0010) + _record(_DIMENSIONS, struct.pack("<IIHHH", 0, len(cells), 0, width, 0))
    for row, values in enumerate(cells):
        for column, value in enumerate(values):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(value, str):
                body += _record(_TEXT, place + _string(value, "<HB"))
            else:
                body += _record(_NUMBER, place + struct.pack("<d", value))
    return body + _record(_EOF, b"")


def _begin(kind: int) -> bytes:
    return _record(_BOF, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))


def _string(text: str, head: str) -> bytes:
    """UTF-16 with its length in characters before it."""
    return struct.pack(head, len(text), 1) + text.encode("utf-16-le")


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content
