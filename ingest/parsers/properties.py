"""Who made an office file, and when, as its property parts say."""

from __future__ import annotations

import io
import zipfile
import zlib

from ingest.parsers.dates import iso
from ingest.parsers.xml_tree import first_text, parse_tree

_PARTS = ("docProps/core.xml", "meta.xml")
_MAX_BYTES = 1_000_000


def properties_of(content: bytes) -> tuple[str, str | None, str | None]:
    """(author, created, modified) of an Open XML or OpenDocument file; nothing for any other or a damaged part."""
    if not content.startswith(b"PK"):
        return "", None, None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            part = next((name for name in _PARTS if name in archive.namelist()), None)
            if part is None or archive.getinfo(part).file_size > _MAX_BYTES:
                return "", None, None
            root = parse_tree(archive.read(part))
    except (zipfile.BadZipFile, zlib.error, SyntaxError, OSError, NotImplementedError, RuntimeError, EOFError):
        return "", None, None
    author = first_text(root, "initial-creator", "creator")
    return author, iso(first_text(root, "created", "creation-date")), iso(first_text(root, "modified", "date"))
