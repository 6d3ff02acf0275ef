"""What an XLS file (MS-XLS, Excel 97 to 2003) says of its cells besides their values."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from ingest.parsers.builder import fold
from ingest.parsers.sheets.formats import BUILT_IN
from ingest.parsers.sheets.xlsx import Remark, Sheet

_BEGIN, _END, _SHEET, _FORMAT, _STYLE, _ROW, _COLUMNS = 0x0809, 0x000A, 0x0085, 0x041E, 0x00E0, 0x0208, 0x007D
_CELLS = frozenset({0x0203, 0x00FD, 0x027E, 0x0006, 0x0204, 0x0205})
"""NUMBER, LABELSST, RK, FORMULA, LABEL, BOOLERR: each begins with row, column and style."""
_SEVERAL, _NOTE, _OBJECT, _TEXT, _CONTINUED = 0x00BD, 0x001C, 0x005D, 0x01B6, 0x003C
_HIDDEN_ROW, _HIDDEN_COLUMN = 0x20, 0x01
_MOST_COLUMNS = 256


def old_sheets_of(content: bytes) -> list[Sheet]:
    """The sheets in the order of the workbook; none for a file that is no XLS of these years.

    Raises:
        OSError, struct.error, IndexError: the file is damaged.
    """
    from olefile import OleFileIO

    with OleFileIO(io.BytesIO(content)) as container:
        if not container.exists("Workbook"):
            return []
        stream = container.openstream("Workbook").read()
    codes: dict[int, str] = dict(BUILT_IN)
    styles: list[int] = []
    places: list[int] = []
    for kind, body in _records(stream, 0):
        if kind == _FORMAT:
            codes[struct.unpack_from("<H", body)[0]] = _string(body, 2)
        elif kind == _STYLE:
            styles.append(struct.unpack_from("<H", body, 2)[0])
        elif kind == _SHEET:
            places.append(struct.unpack_from("<I", body)[0])
    by_style = [codes.get(number, "") for number in styles]
    return [_sheet(stream, place, by_style) for place in places]


def _records(stream: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """(kind, content) of the records of one part of the stream, those of charts in it left out."""
    depth = 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        depth += (kind == _BEGIN) - (kind == _END)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, stream[place + 4 : place + 4 + size]
        place += 4 + size


def _string(body: bytes, place: int) -> str:
    """A string with its length in characters, and whether they are wide, before it."""
    length, wide = struct.unpack_from("<HB", body, place)
    return _letters(body[place + 3 :], length, wide)


def _letters(content: bytes, length: int, wide: int) -> str:
    return content[: 2 * length].decode("utf-16-le", "replace") if wide & 1 else content[:length].decode("latin-1")


def _sheet(stream: bytes, place: int, codes: list[str]) -> Sheet:
    formats: dict[tuple[int, int], str] = {}
    rows: set[int] = set()
    columns: set[int] = set()
    notes: list[tuple[int, int, int, str]] = []
    texts: dict[int, str] = {}
    held, length = 0, 0
    for kind, body in _records(stream, place):
        if kind in _CELLS or kind == _SEVERAL:
            formats.update((cell, codes[style]) for cell, style in _styles(kind, body))
        elif kind == _ROW and struct.unpack_from("<H", body, 12)[0] & _HIDDEN_ROW:
            rows.add(struct.unpack_from("<H", body)[0])
        elif kind == _COLUMNS and struct.unpack_from("<H", body, 8)[0] & _HIDDEN_COLUMN:
            first, last = struct.unpack_from("<HH", body)
            columns.update(range(first, min(last + 1, _MOST_COLUMNS)))
        elif kind == _NOTE:
            row, column, _, number = struct.unpack_from("<HHHH", body)
            notes.append((row, column, number, _string(body, 8)))
        elif kind == _OBJECT:
            held = struct.unpack_from("<H", body, 6)[0]
        elif kind == _TEXT:
            length = struct.unpack_from("<H", body, 10)[0]
        elif kind == _CONTINUED and length:
            texts[held], length = _letters(body[1:], length, body[0]), 0
    return Sheet(
        formats={cell: code for cell, code in formats.items() if code and code.lower() != "general"},
        hidden_rows=frozenset(rows),
        hidden_columns=frozenset(columns),
        remarks=tuple(_remark(row, column, author, texts[n]) for row, column, n, author in notes if texts.get(n)),
    )


def _styles(kind: int, body: bytes) -> Iterator[tuple[tuple[int, int], int]]:
    """The places of the cells in a record, and their styles."""
    row, column = struct.unpack_from("<HH", body)
    for number in range((len(body) - 6) // 6 if kind == _SEVERAL else 1):
        yield (row, column + number), struct.unpack_from("<H", body, 4 + 6 * number)[0]


def _remark(row: int, column: int, author: str, text: str) -> Remark:
    said = text.strip().removeprefix(f"{author}:") if author else text
    return Remark(row=row, column=column, author=fold(author), text=fold(said))
