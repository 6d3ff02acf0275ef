"""Files on the web: one URL, or a list of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from core.errors import ParseError, SourceError
from core.sources import document_of
from ingest.outcomes import Failed
from ingest.sources.folder import sha256_of
from ingest.sources.protocol import Entry
from ingest.sources.reach import Reach, Seen, fetch
from ingest.sources.remote import side_by_side, stamp_of
from ingest.sources.scratch import Scratch

MAX_LIST_BYTES = 10_000_000


class Web:
    """`ingest.sources.protocol.Store` over URLs. A document is named after its URL: `docs.example.com/guide.pdf`."""

    has_names = False

    def __init__(self, urls: Sequence[str], reach: Reach, scratch: Scratch, *, max_bytes: int) -> None:
        self._urls = {document_of(url): url for url in urls}
        self._reach = reach
        self._scratch = scratch
        self._max_bytes = max_bytes

    def entries(self) -> Iterator[Entry | Failed]:
        """Every URL, asked what is there; what a server does not tell is told from the file."""
        return side_by_side(self._entry, self._urls)

    def fetch(self, document: str, into: BinaryIO, max_bytes: int) -> Entry:
        """What is at a document's URL."""
        if document not in self._urls:
            raise FileNotFoundError(document)
        seen = fetch(self._urls[document], into, reach=self._reach, max_bytes=max_bytes)
        into.flush()
        return _as_entry(document, seen, Path(into.name))

    def _entry(self, document: str) -> Entry | Failed:
        try:
            seen = fetch(self._urls[document], None, reach=self._reach, max_bytes=self._max_bytes)
            if _tells(seen):
                return _as_entry(document, seen, None)
            with self._scratch.file() as path, path.open("wb") as file:
                return self.fetch(document, file, self._max_bytes)
        except ParseError as error:
            return Failed(document, error.reason, str(error))


def listed(path: Path) -> list[str]:
    """The URLs in a file, one a line; empty lines and those that begin with # do not count.

    Raises:
        SourceError: it cannot be read, or a line is no URL.
    """
    try:
        if path.stat().st_size > MAX_LIST_BYTES:
            raise SourceError(f"{path} is larger than {MAX_LIST_BYTES // 1_000_000} MB. Split the list.")
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise SourceError(f"There is no file or folder {path}. Check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as a list of URLs: {error}.") from error
    urls: list[str] = []
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        if not line.lower().startswith(("https://", "http://")):
            raise SourceError(f"{path}, line {number}: {line[:80]!r} is not a URL. Write one a line, with https://.")
        urls.append(line.split("#")[0])
    if not urls:
        raise SourceError(f"{path} lists no URL. Write one a line.")
    return urls


def _tells(seen: Seen) -> bool:
    return seen.size is not None and seen.tag is not None


def _as_entry(document: str, seen: Seen, file: Path | None) -> Entry:
    """What is compared at the next run: what the server said, or else the content."""
    if seen.size is not None and seen.tag is not None:
        return Entry(document, seen.size, stamp_of(seen.tag))
    assert file is not None
    return Entry(document, file.stat().st_size, stamp_of(sha256_of(file)))
