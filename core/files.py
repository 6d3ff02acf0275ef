"""Files that outlive a power failure: each is there whole or not at all.

A file is written beside its place, synced, renamed into its place, and then its folder is synced. Without the first
sync the new name may be on the disk before the bytes; without the second the old name may come back.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from core.errors import InsufficientStorage, NotWritable, TouchstoneError

_FULL = ("database or disk is full", "No space left on device", "Disk quota exceeded", "os error 28)", "os error 122)")
"""How SQLite, PostgreSQL, tantivy and Chroma say it: their exceptions carry no `errno`."""
_READ_ONLY = ("readonly database", "Read-only file system", "os error 30)")
_IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR)


def write_whole(path: Path, content: str | bytes, *, errors: str = "strict") -> None:
    """Write a file in place of an older one.

    `errors`: what to do with text that UTF-8 cannot hold. Raises OSError; what was there is then as it was.
    """
    content = content.encode("utf-8", errors) if isinstance(content, str) else content
    beside = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(content)
        put_in_place(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Give a file, or a folder with all that is in it, its final name, once its bytes are on the disk.

    A folder takes the place of no other one. Raises OSError.
    """
    for inside in (part, *part.rglob("*")) if part.is_dir() else (part,):
        if not inside.is_symlink() and (inside.is_file() or inside.is_dir()):
            sync(inside)
    part.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the bytes of a file, or the names in a folder, on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_fault(error: BaseException) -> TouchstoneError | None:
    """What an exception says of the disk that was written to; None: it is about something else.

    Looks at what led to the exception too, since libraries wrap what the system said.
    """
    for link in _chain(error):
        if isinstance(link, TouchstoneError):
            if isinstance(link, InsufficientStorage | NotWritable):
                return link
            continue
        number, said = getattr(link, "errno", None), str(getattr(link, "orig", link))  # SQLAlchemy's own quotes values
        if number in (errno.ENOSPC, errno.EDQUOT) or any(words in said for words in _FULL):
            return InsufficientStorage("There is no room left on the disk. Make room, then try again.")
        if number == errno.EROFS or any(words in said for words in _READ_ONLY):
            return NotWritable("The file system is read-only. Mount it for writing, then try again.")
        name = getattr(link, "filename2", None) or getattr(link, "filename", None)  # of a renaming: where to
        if number in _IN_THE_WAY and name:
            shown = "/".join(Path(os.fsdecode(name)).parts[-2:])  # callers need not know where the data folder lies
            return NotWritable(f"A file is where a folder should be, or the reverse: {shown}. Move it away.")
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
