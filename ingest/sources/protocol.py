"""Where files come from: a folder or a file of this machine, a bucket, or the web."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ingest.discover import Discovery, Item
from ingest.outcomes import Failed, Skipped
from ingest.reading.read import Draft, File

Readings = Iterator[Draft | Skipped | Failed]
ReadFiles = Callable[[Iterable[Item | File]], Readings]
"""Reads files, each with what is attached to it; whatever goes wrong is a value."""


class Source(Protocol):
    """A place with documents, open while a step of a job works on it."""

    def discover(self) -> Discovery:
        """What there is. Raises SourceError when there is nothing to read, Unavailable when it does not answer."""

    def sha256(self, item: Item) -> str:
        """A file's SHA-256; empty when it cannot be read, which reading it will report."""

    def read(self, documents: Sequence[str], read_files: ReadFiles) -> Readings:
        """What becomes of documents that were discovered earlier. Raises SourceError when the source is gone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is kept elsewhere. `stamp` is another number when it was written again (of its etag, or its time)."""

    document: str
    size: int
    stamp: int


class Store(Protocol):
    """Keeps files elsewhere. Used from several threads at once."""

    has_names: bool
    """Whether documents are named as files are: with hidden ones, and with metadata files beside them."""

    def entries(self) -> Iterable[Entry | Failed]:
        """Every file. Raises SourceError or Unavailable when they cannot be listed."""

    def fetch(self, document: str, into: BinaryIO, max_bytes: int) -> Entry:
        """Write a file's bytes to `into`.

        Raises:
            ParseError: "unreadable", "not_allowed", or "too_large" before more than `max_bytes` are written.
            FileNotFoundError: there is no such file.
        """


ScratchFile = Callable[[], Path]
"""Names a temporary file that is not there yet."""
