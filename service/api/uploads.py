"""Uploaded files become a folder that can be ingested."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import anyio.to_thread
from starlette.datastructures import UploadFile

from core.errors import SourceError

COPY_BYTES = 1 << 20
LONGEST_NAME = 120


async def save(files: Sequence[UploadFile], folder: Path) -> Path:
    """Write the files into a new folder below `folder` and return it.

    Raises:
        SourceError: there is no file, or two have one name.
    """
    if not files:
        raise SourceError("The upload holds no file. Send one or more form fields called 'files'.")
    names = [safe_name(file.filename or "") for file in files]
    if len(set(names)) < len(names):
        raise SourceError("Two files of the upload have one name. Send them apart.")
    target = folder / secrets.token_hex(8)
    await anyio.to_thread.run_sync(lambda: target.mkdir(parents=True))
    for name, file in zip(names, files, strict=True):
        async with await anyio.open_file(target / name, "wb") as written:
            while block := await file.read(COPY_BYTES):
                await written.write(block)
    return target


def safe_name(name: str) -> str:
    """The last part of `name`, free of anything that a file system could take for a path or a control."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = re.sub(r"[\x00-\x1f\x7f/:]", "_", last).strip(". ")
    stem, dot, extension = plain.rpartition(".")
    kept = f"{stem[: LONGEST_NAME - len(extension)]}{dot}{extension}" if dot else plain[:LONGEST_NAME]
    return kept[-LONGEST_NAME:] or "upload"
