"""What is inside a ZIP or OLE container, told without unpacking it."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

from core.errors import ParseError

ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("EncryptedPackage", "application/x-encrypted-office"),
    ("WordDocument", "application/msword"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__substg1.0_", "application/vnd.ms-outlook"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
)
_MAX_UNPACKED = 1_000_000_000
_MAX_UNPACKED_PART = 300_000_000
_RATIO = 200
_RATIO_MATTERS_ABOVE = 20_000_000
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"[^>/]*>\s*<[vif]')
_MAX_GRID = 8_000_000
_PIECE = 1 << 20

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODT = "application/vnd.oasis.opendocument.text"
ODP = "application/vnd.oasis.opendocument.presentation"
EPUB = "application/epub+zip"
ZIP = "application/zip"
PACKED = frozenset({DOCX, PPTX, XLSX, ODS, ODT, ODP, EPUB})
"""Formats that are ZIP containers of their own parts, all of which are unpacked to read them."""
_DIRECTORY_END = struct.Struct("<4s4H2LH")
_MAX_DIRECTORY = 10_000_000
"""Bytes of a ZIP's directory: tens of thousands of entries, each of which costs memory when the file is opened."""


def zip_type(content: bytes) -> str:
    """The media type of a ZIP container, by the names of its parts; application/zip for any other."""
    _check_directory(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                return archive.read("mimetype").decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError):
        return _cut_off_zip_type(content)
    for folder, kind in (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX)):
        if any(name.startswith(folder) and name.endswith((".xml", ".bin")) for name in names):
            return kind
    return ZIP


def _check_directory(content: bytes) -> None:
    """Refuse a ZIP whose directory alone would fill the memory; raises ParseError "too_large"."""
    place = content.rfind(b"PK\x05\x06")
    if place < 0 or place + _DIRECTORY_END.size > len(content):
        return
    size = _DIRECTORY_END.unpack_from(content, place)[5]
    if min(size, len(content)) > _MAX_DIRECTORY:
        raise ParseError("too_large", "The archive holds too many files to be opened.")


def ole_type(content: bytes) -> str:
    """The media type of an OLE container, by the names in its directory, which are UTF-16."""
    for stream, kind in _OLE_STREAMS:
        if stream.encode("utf-16-le") in content:
            return kind
    return "application/x-ole-storage"


def check_office_zip(content: bytes) -> None:
    """Refuse what would not fit into memory once unpacked, before any parser sees it.

    Raises:
        ParseError: "too_large" for a part that unpacks to far more than it weighs; "corrupt" for a damaged container or
            one with entity definitions, which no office program writes; "encrypted" for locked entries.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if any(part.flag_bits & 1 for part in parts):
                raise ParseError("encrypted", "The file is protected by a password. Save it without one.")
            for part in parts:
                _check_part(archive, part)
            if sum(part.file_size for part in parts) > _MAX_UNPACKED:
                raise _bomb()
    except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, EOFError, ValueError) as error:
        raise ParseError(
            "corrupt", "The file is damaged: it ends too early or its parts cannot be unpacked."
        ) from error


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    is_sheet = part.filename.startswith("xl/worksheets/")
    if part.file_size > _MAX_UNPACKED_PART or (is_inflated(part) and not is_sheet):
        raise _bomb()
    if part.filename.endswith((".xml", ".rels")) and part.file_size:
        with archive.open(part) as stream:
            if b"<!ENTITY" in stream.read(4096):
                raise ParseError("too_large", "The file defines XML entities, which can unpack to any size.")
    if is_sheet and part.filename.endswith(".xml"):
        _check_grid(archive, part)


def is_inflated(part: zipfile.ZipInfo) -> bool:
    """Whether a part unpacks to far more than it weighs."""
    return part.file_size > _RATIO_MATTERS_ABOVE and part.file_size > _RATIO * max(part.compress_size, 1)


def _check_grid(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """A sheet is read as the rectangle around its filled cells: two far apart would claim the whole memory."""
    rows: list[int] = []
    columns: list[int] = []
    cells = 0
    rest = b""
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            found = _CELL.findall(rest + piece)
            rest = piece[-200:]
            if found:
                cells += len(found)
                numbers = [int(row) for _, row in found]
                rows = [min(rows[:1] + numbers), max(rows[1:] + numbers)]
                letters = {_column(name) for name in {name for name, _ in found}}
                columns = [min([*columns[:1], *letters]), max([*columns[1:], *letters])]
    area = (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1) if rows else 0
    if area > _MAX_GRID and area > 20 * cells:
        raise ParseError(
            "too_large",
            f"A sheet of the workbook spreads {cells} cells over {area:,} places. Move the far ones closer.",
        )


def _column(name: bytes) -> int:
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number


def _cut_off_zip_type(content: bytes) -> str:
    """A ZIP whose directory is missing still shows what it was by the part names at its start."""
    start = content[:65536]
    for folder, kind in ((b"word/", DOCX), (b"ppt/", PPTX), (b"xl/", XLSX)):
        if folder in start:
            return kind
    return DOCX if b"[Content_Types].xml" in start else ZIP


def _bomb() -> ParseError:
    return ParseError("too_large", "The file unpacks to far more than it weighs, so it was not opened.")
