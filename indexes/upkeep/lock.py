"""One process owns a data folder at a time; the operating system ends the ownership with the process."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import DataFolderOwned, InsufficientStorage, SettingsError
from core.files import write_fault
from indexes.upkeep.checksums import checked_shared

NAME = "owner.lock"
OTHERS = 0o077
"""What the group and all other users could do with a file."""
TRIES, PAUSE_SECONDS = 20, 0.05
"""A predecessor may be closing, and `owner_of` holds the lock for an instant to see whether it is free."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns a folder; `pid` is 0 while it has not said so yet.

    `secret`: whoever can read it owns the folder too, and shows it to the service at `url`.
    """

    pid: int
    url: str | None
    secret: str = field(default="", repr=False)


class Lock:
    """The ownership of a folder, held until the context of `own` ends.

    `inherited`: the owner before died and did not give it up.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.inherited = os.fstat(descriptor).st_size > 0
        self.secret = secrets.token_urlsafe(32)
        os.fchmod(descriptor, 0o600)
        self._write({"pid": os.getpid()})

    def announce(self, url: str) -> None:
        """Say where the owner answers requests, so that the command line can work through it."""
        self._write({"pid": os.getpid(), "url": url, "secret": self.secret})

    def release(self) -> None:
        """Give the folder up."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def _write(self, content: dict[str, object]) -> None:
        line = json.dumps(content).encode()
        os.pwrite(self._descriptor, line, 0)
        os.ftruncate(self._descriptor, len(line))


@contextmanager
def own(folder: Path) -> Iterator[Lock]:
    """Own the folder, which nobody else may read from now on; what this process writes meanwhile is for its user alone.

    What its versions share (checksums.py) is compared with what it was first, and must be closed before this ends.

    Raises:
        DataFolderOwned: another process, or this one, owns it.
        SettingsError: the folder cannot be made or written to, or other users of the machine could read it.
        InsufficientStorage: the disk is full.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _close_to_others(folder)
        descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from error
    if not _acquired(descriptor):
        os.close(descriptor)
        raise DataFolderOwned(_owned_by(folder, _read(folder)))
    try:
        lock = Lock(descriptor)
    except OSError as error:
        os.close(descriptor)
        raise _unusable(folder, error) from error
    before = os.umask(OTHERS)
    try:
        with checked_shared(folder):
            yield lock
    finally:
        os.umask(before)
        lock.release()


def owner_of(folder: Path) -> Owner | None:
    """Who owns the folder now; None when nobody does, whatever its lock file says."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(folder)
    finally:
        os.close(descriptor)
    return None


def _close_to_others(folder: Path) -> None:
    """Make a folder that was there before as private as one that is made here."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & OTHERS:
        return
    if mode & stat.S_ISVTX:
        raise SettingsError(
            f"The data folder {folder} is shared by all users of this machine. Name a folder of its own with --data."
        )
    with suppress(OSError):
        folder.chmod(mode & ~OTHERS)
    if stat.S_IMODE(folder.stat().st_mode) & OTHERS:
        raise SettingsError(
            f"Other users of this machine may look into the data folder {folder}, and it cannot be closed to them. "
            f"Have its owner run chmod 700 on it, or name another folder with --data."
        )


def _unusable(folder: Path, error: OSError) -> SettingsError | InsufficientStorage:
    where = f"The data folder {folder} cannot be used: {error.strerror}."
    if error.errno == errno.EROFS:
        return SettingsError(
            f"{where} Searching, too, needs a folder that can be written to: mount it for writing, or copy it and name "
            "the copy with --data."
        )
    if isinstance(write_fault(error), InsufficientStorage):
        return InsufficientStorage(f"{where} There is no room left on the disk. Make room, then try again.")
    return SettingsError(f"{where} Name another one with --data.")


def _acquired(descriptor: int) -> bool:
    for attempt in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(PAUSE_SECONDS if attempt < TRIES - 1 else 0)
        else:
            return True
    return False


def _read(folder: Path) -> Owner:
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return Owner(pid=int(content["pid"]), url=content.get("url"), secret=str(content.get("secret", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return Owner(pid=0, url=None)


def _owned_by(folder: Path, owner: Owner) -> str:
    who = f"process {owner.pid}" if owner.pid else "another process"
    where = f", which serves {owner.url}" if owner.url else ""
    return f"The data folder {folder} is in use by {who}{where}. Stop it, or name another folder with --data."
