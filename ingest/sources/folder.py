"""A folder or a file of this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from core.errors import SourceError
from core.sources import Patterns
from ingest.discover import Discovery, Item, discover, look
from ingest.sources.protocol import ReadFiles, Readings


class Folder:
    """`ingest.sources.protocol.Source` on the file system."""

    def __init__(self, path: Path, patterns: Sequence[Patterns], *, max_bytes: int) -> None:
        self._path = path
        self._patterns = patterns
        self._max_bytes = max_bytes

    def discover(self) -> Discovery:
        """Every file below the folder, or the one file."""
        return discover(self._path, max_bytes=self._max_bytes, patterns=self._patterns)

    def sha256(self, item: Item) -> str:
        """The SHA-256 of the file where it lies."""
        return sha256_of(item.path)

    def read(self, documents: Sequence[str], read_files: ReadFiles) -> Readings:
        """The files as they are now."""
        if not self._path.exists():
            raise SourceError(f"{self._path} is no longer there. Bring it back and retry, or ingest another folder.")
        files = [look(self._path, document, max_bytes=self._max_bytes) for document in documents]
        decided = [entry for entry in files if not isinstance(entry, Item)]
        return chain(decided, read_files([entry for entry in files if isinstance(entry, Item)]))


def sha256_of(path: Path) -> str:
    """The file's SHA-256; empty when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
