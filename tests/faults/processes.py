"""Which processes there are, told by /proc."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

import pytest

only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def ends(pid: int, *, within: float = 30.0) -> bool:
    """Whether a process has ended, or does while it is waited for."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within)[0])
    finally:
        os.close(handle)


_OWN = ("resource_tracker", "multiprocessing.forkserver")


def children(pid: int | None = None) -> list[str]:
    """The command lines of the children of a process, those that multiprocessing keeps for itself left out."""
    parent = str(pid or os.getpid())
    found = []
    for folder in Path("/proc").iterdir():
        try:
            state, ppid = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_text().replace("\0", " ")
        except (OSError, ValueError):
            continue
        if ppid == parent and state not in "ZX" and not any(name in command for name in _OWN):
            found.append(command)
    return found
