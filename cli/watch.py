"""Folders that are followed: `touchstone ingest --watch`. The only file that imports watchfiles."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.errors import UsageError

QUIET_MS, MAX_MS = 200, 2_000
"""A change is told once nothing has happened for so long; while things go on happening, after so long."""


def changes(folders: Sequence[str], *, besides: Path) -> Iterator[None]:
    """Yields once when the folders are being watched, and again whenever something in them was changed.

    What happens meanwhile is told by the next one. Hidden files, and what lies in the folder `besides`, do not count.
    Ends on Ctrl-C.

    Raises:
        UsageError: one of them is not a folder.
    """
    for folder in folders:
        if not os.path.isdir(folder):
            raise UsageError(f"{folder} is not a folder: --watch follows folders on this machine.")
    from watchfiles import Change, watch

    roots = [os.path.realpath(folder) for folder in folders]
    own = os.path.realpath(besides)

    def matters(change: Change, path: str) -> bool:
        if path == own or path.startswith(own + os.sep):
            return False
        inside = next((os.path.relpath(path, root) for root in roots if path.startswith(root)), path)
        return not any(part.startswith(".") and part != "." for part in inside.split(os.sep))

    seen = watch(
        *roots,
        watch_filter=matters,
        step=QUIET_MS,
        debounce=MAX_MS,
        rust_timeout=MAX_MS // 4,
        yield_on_timeout=True,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
    for number, found in enumerate(seen):
        if found or number == 0:
            yield
