"""What uploaded files are called, and how they arrive."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from starlette.datastructures import UploadFile

from core.errors import SourceError
from indexes import versions
from indexes.upkeep import lock
from indexes.uploads import SIDECAR, refuse_clash

COPY_BYTES = 1 << 20
MAX_NAME_LENGTH, MAX_EXTENSION_LENGTH = 200, 20
"""Bytes; file systems take 255, and the name of a metadata file has ten more."""
MAX_PATH_LENGTH, DEEPEST = 1_000, 20
"""Bytes of a name with its folders, and how many of these there are at most."""
RESERVED = frozenset({versions.CATALOGUE, lock.NAME, "thumbs.db", "desktop.ini", "__macosx"})
"""Names that have a meaning of their own where files are ingested."""
_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/])")
_STEERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows, so that an extension can be made to look like another."""


def write(files: Sequence[UploadFile], names: Sequence[str], into: Path) -> None:
    """Write the files into an empty folder under these names, and have them on the disk."""
    for name, file in zip(names, files, strict=True):
        path = into / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("wb") as written:
            while block := file.file.read(COPY_BYTES):
                written.write(block)
            written.flush()
            os.fsync(written.fileno())


def names_of(files: Sequence[UploadFile]) -> list[str]:
    """What uploaded files are called once they are stored.

    Raises:
        SourceError: there is no file, or two cannot be stored beside each other.
    """
    if not files:
        raise SourceError("The upload holds no file. Send one or more form fields called 'files'.")
    names = [safe_name(file.filename or "") for file in files]
    if len(set(names)) < len(names):
        raise SourceError("Two files of the upload have one name. Send them one after the other.")
    refuse_clash(Path(), names)
    return names


async def sha256(file: UploadFile) -> str:
    """The SHA-256 of an uploaded file, which can be read again afterwards."""
    digest = hashlib.sha256()
    while block := await file.read(COPY_BYTES):
        digest.update(block)
    await file.seek(0)
    return digest.hexdigest()


def safe_name(name: str) -> str:
    """The name with its folders as a path that stays inside a folder of uploads, in NFC.

    A drive, a root, and parts that are empty, "." or ".." are left out. What had to be altered otherwise, or shortened,
    ends in a hash of all of it, so that only the same name gives the same. A metadata file goes by what it describes.
    """
    whole = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    described = whole[: -len(SIDECAR)]
    if whole.lower().endswith(SIDECAR) and not described.endswith(("/", "\\")) and described:
        return safe_name(described) + whole[-len(SIDECAR) :]
    parts = [part for part in re.split(r"[\\/]", _DRIVE.sub("", whole, count=1)) if part not in ("", ".", "..")]
    if not parts:
        return "upload"
    folders = [_folder(part) for part in parts[:-1]]
    if folders and folders[0].startswith("@"):  # what keys upload has names that begin so
        folders[0] = f"_{folders[0][1:]}"
    last = _plain(parts[-1])
    stem, extension = _extension(last)
    kept = _fitting(folders)
    if [*kept, last] == parts and len(last.encode()) <= MAX_NAME_LENGTH and last.lower() not in RESERVED:
        return "/".join(parts)
    mark = f"~{hashlib.sha256(whole.encode()).hexdigest()[:16]}"
    stem = _cut(stem, MAX_NAME_LENGTH - len((mark + extension).encode()))
    return "/".join([*kept, f"{stem}{mark}{extension}"])


def _plain(part: str) -> str:
    """A part of a path without what a file system, a terminal or a reader could take for something else."""
    odd = (c in _STEERING or c == ":" or unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in part)
    plain = "".join("_" if strange else c for strange, c in zip(odd, part, strict=True)).strip(". ")
    return plain.removeprefix("~$") or "upload"


def _folder(part: str) -> str:
    """As `_plain`; one that ends in an exclamation mark would look like a file that holds others."""
    plain = _cut(_plain(part), MAX_NAME_LENGTH)
    return f"_{plain}" if plain.lower() in RESERVED else re.sub("!$", "_", plain)


def _extension(last: str) -> tuple[str, str]:
    stem, dot, extension = last.rpartition(".")
    return (stem, dot + extension) if dot and len(extension.encode()) <= MAX_EXTENSION_LENGTH else (last, "")


def _fitting(folders: Sequence[str]) -> list[str]:
    """The first of the folders, as many as there may be."""
    kept: list[str] = []
    for folder in folders[:DEEPEST]:
        if len("/".join([*kept, folder]).encode()) > MAX_PATH_LENGTH - MAX_NAME_LENGTH:
            break
        kept.append(folder)
    return kept


def _cut(text: str, octets: int) -> str:
    """The longest beginning of `text` that UTF-8 writes in so many bytes."""
    return text.encode()[:octets].decode("utf-8", "ignore")
