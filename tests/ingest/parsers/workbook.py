"""Writes Excel workbooks of the 1997 kind, small ones, for tests."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from tests.ingest.parsers.compound import compound_file

Cells = Sequence[Sequence[str | float]]

_BOF, _EOF, _SHEET, _DIMENSIONS, _NUMBER, _TEXT, _STYLE = 0x0809, 0x000A, 0x0085, 0x0200, 0x0203, 0x0204, 0x00E0
_CODE = 0x041E


def old_workbook(
    sheets: Mapping[str, Cells],
    *,
    codes: Sequence[str] = (),
    styles: Mapping[tuple[int, int], int] | None = None,
    more: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    """The bytes of an .xls file; all of it has to fit into 4096 bytes.

    `codes` are number formats, `styles` says which of them, from 1, a cell has; `more` are records for every sheet.
    """
    bodies = [_sheet(cells, styles or {}, more) for cells in sheets.values()]
    names = [_string(name, "<BB") for name in sheets]
    head = _begin(0x0005)
    for number, code in enumerate(codes, start=164):
        head += _record(_CODE, struct.pack("<H", number) + _string(code, "<HB"))
    for number in (0, *range(164, 164 + len(codes))):
        head += _record(_STYLE, struct.pack("<HH", 0, number) + bytes(16))
    start = len(head) + sum(4 + 6 + len(n) for n in names) + 4
    for name, body in zip(names, bodies, strict=True):
        head += _record(_SHEET, struct.pack("<IH", start, 0) + name)
        start += len(body)
    return compound_file({"Workbook": head + _record(_EOF, b"") + b"".join(bodies)})


def _sheet(cells: Cells, styles: Mapping[tuple[int, int], int], more: Sequence[tuple[int, bytes]]) -> bytes:
    width = max(map(len, cells), default=0)
    body = _begin(0x0010) + _record(_DIMENSIONS, struct.pack("<IIHHH", 0, len(cells), 0, width, 0))
    for row, values in enumerate(cells):
        for column, value in enumerate(values):
            place = struct.pack("<HHH", row, column, styles.get((row, column), 0))
            if isinstance(value, str):
                body += _record(_TEXT, place + _string(value, "<HB"))
            else:
                body += _record(_NUMBER, place + struct.pack("<d", value))
    return body + b"".join(_record(kind, content) for kind, content in more) + _record(_EOF, b"")


def _begin(kind: int) -> bytes:
    return _record(_BOF, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))


def _string(text: str, head: str) -> bytes:
    """UTF-16 with its length in characters before it."""
    return struct.pack(head, len(text), 1) + text.encode("utf-16-le")


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content
