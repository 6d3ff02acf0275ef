"""Uploaded files become a folder that can be ingested: one a collection, so that a newer upload replaces an older."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import anyio
import anyio.to_thread
from starlette.datastructures import UploadFile

from core.errors import SourceError
from core.files import put_in_place

COPY_BYTES = 1 << 20
LONGEST_NAME = 200
"""Bytes; file systems take 255."""
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


async def save(files: Sequence[UploadFile], into: Path) -> None:
    """Write the files into a folder, each whole or not at all.

    Raises:
        SourceError: there is no file, or two have one name.
    """
    if not files:
        raise SourceError("The upload holds no file. Send one or more form fields called 'files'.")
    names = names_of(files)
    if len(set(names)) < len(names):
        raise SourceError("Two files of the upload have one name. Send them one after the other.")
    folder = anyio.Path(into)
    await folder.mkdir(parents=True, exist_ok=True)
    for name, file in zip(names, files, strict=True):
        partial = folder / f".{secrets.token_hex(8)}"
        async with await partial.open("wb") as written:
            while block := await file.read(COPY_BYTES):
                await written.write(block)
        await anyio.to_thread.run_sync(put_in_place, Path(partial), into / name)


def names_of(files: Sequence[UploadFile]) -> list[str]:
    """What uploaded files are called once they are stored."""
    return [safe_name(file.filename or "") for file in files]


def discard(uploads: Path, collection: str) -> None:
    """Remove what was uploaded to a collection, if anything was."""
    shutil.rmtree(uploads / folder_of(collection), ignore_errors=True)


async def sha256(file: UploadFile) -> str:
    """The SHA-256 of an uploaded file, which can be read again afterwards."""
    digest = hashlib.sha256()
    while block := await file.read(COPY_BYTES):
        digest.update(block)
    await file.seek(0)
    return digest.hexdigest()


def folder_of(collection: str) -> str:
    """A folder name for any collection name."""
    if PLAIN_NAME.fullmatch(collection):
        return collection
    return f"~{hashlib.sha256(collection.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"


def safe_name(name: str) -> str:
    """The last part of `name`, free of anything that a file system could take for a path or a control."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = re.sub(r"[\x00-\x1f\x7f/:]", "_", last.encode("utf-8", "replace").decode()).strip(". ")
    stem, dot, extension = plain.rpartition(".")
    if not dot or len(extension) > LONGEST_NAME // 10:
        return _cut(plain, LONGEST_NAME) or "upload"
    return f"{_cut(stem, LONGEST_NAME - len(extension.encode()) - 1)}.{extension}"


def _cut(text: str, octets: int) -> str:
    """The longest beginning of `text` that UTF-8 writes in so many bytes."""
    return text.encode()[:octets].decode("utf-8", "ignore")
