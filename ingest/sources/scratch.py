"""Temporary files for what is fetched."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType

from ingest.reading.pool import make_scratch


class Scratch:
    """A folder of temporary files, used as a context manager; made by the first file, removed at the end.

    It is locked: what a killed process left is told from what is in use, and removed by the next one.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._handle = -1
        self._making = threading.Lock()
        self._numbers = count()

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            os.close(self._handle)

    def path(self) -> Path:
        """A name for a file, which is not there yet. Raises Unavailable when there is no place for it."""
        with self._making:
            if self._folder is None:
                self._folder, self._handle = make_scratch()
            return self._folder / str(next(self._numbers))

    @contextmanager
    def file(self) -> Iterator[Path]:
        """A name for a file that is removed afterwards."""
        path = self.path()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
