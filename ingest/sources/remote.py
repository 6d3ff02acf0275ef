"""Files that are kept elsewhere: listed there, fetched one by one into temporary files, and read from those."""

from __future__ import annotations

import contextlib
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from core.errors import ParseError
from core.sources import Patterns
from ingest.describe import MAX_BYTES, SUFFIX, described_name
from ingest.discover import HIDDEN, MISSPELT, STRAY, Discovery, Item, container_of, discovery_of, is_hidden, too_large
from ingest.outcomes import Failed, Skipped
from ingest.reading.read import Draft, File
from ingest.sources.folder import sha256_of
from ingest.sources.protocol import Entry, ReadFiles, Readings, Store
from ingest.sources.scratch import Scratch

AT_ONCE = 8
"""Files that are fetched side by side, ahead of whoever reads them."""
T = TypeVar("T")
R = TypeVar("R")


class Remote:
    """`ingest.sources.protocol.Source` over a store. An item's path is where its file lies once it is fetched."""

    def __init__(
        self, name: str, store: Store, scratch: Scratch, patterns: Sequence[Patterns], *, max_bytes: int
    ) -> None:
        self._name = name
        self._store = store
        self._scratch = scratch
        self._patterns = patterns
        self._max_bytes = max_bytes

    def discover(self) -> Discovery:
        """What the store lists, with the metadata files fetched, since they say who may read a document."""
        listed = list(self._store.entries())
        found = self._by_name(listed) if self._store.has_names else [self._decided(entry) for entry in listed]
        discovery = discovery_of(self._name, sorted(found, key=lambda entry: entry.document), self._patterns)
        described = [item for item in discovery.items if item.sidecar is not None]
        for _ in side_by_side(lambda item: self._fetch_sidecar(item.document, item.sidecar), described):
            pass
        return discovery

    def sha256(self, item: Item) -> str:
        """The SHA-256 of the file, fetched for it."""
        with self._scratch.file() as path, contextlib.suppress(ParseError, FileNotFoundError):
            self._fetch(item.document, path)
            return sha256_of(path)
        return ""

    def read(self, documents: Sequence[str], read_files: ReadFiles) -> Readings:
        """The files as they are now; each is removed when the next one's outcome is there."""
        fetched: dict[str, Item] = {}

        def coming() -> Iterator[Item | File]:
            for entry in side_by_side(self._fetched, documents):
                if isinstance(entry, Item):
                    fetched[entry.document] = entry
                yield entry

        before = ""
        for reading in read_files(coming()):
            document = reading.document.document if isinstance(reading, Draft) else reading.document
            container = container_of(document)
            if before != container and before in fetched:
                _remove(fetched.pop(before))
            before = container
            yield reading

    def _by_name(self, listed: Iterable[Entry | Failed]) -> list[Item | Skipped | Failed]:
        """Decide on files by their names as in a folder: some are hidden, and some say something about others."""
        entries = {entry.document: entry for entry in listed}
        found: dict[str, Item | Skipped | Failed] = {}
        for document, entry in entries.items():
            hidden, described = _hidden_part(document), described_name(document)
            if hidden is not None:
                found[hidden] = Skipped(hidden, "hidden", HIDDEN)
            elif described is None or described.endswith("/"):
                found[document] = self._decided(entry, described=document + SUFFIX in entries)
            elif described not in entries:
                found[document] = Skipped(document, "stray_metadata", STRAY)
            elif not document.endswith(SUFFIX):
                found[document] = Failed(document, "bad_metadata", MISSPELT)
        return list(found.values())

    def _decided(self, entry: Entry | Failed, *, described: bool = False) -> Item | Skipped | Failed:
        if isinstance(entry, Failed):
            return entry
        if entry.size > self._max_bytes:
            return Skipped(entry.document, "too_large", too_large(self._max_bytes))
        sidecar = self._scratch.path() if described else None
        path = Path(entry.document)
        return Item(document=entry.document, path=path, size=entry.size, mtime_ns=entry.stamp, sidecar=sidecar)

    def _fetched(self, document: str) -> Item | File:
        """A file that lies here now, or a refusal to be read like one."""
        path = self._scratch.path()
        try:
            entry = self._fetch(document, path)
        except FileNotFoundError:
            path.unlink(missing_ok=True)
            return _refused(document, "unreadable", "The file was there when the source was listed, and is gone.")
        except ParseError as error:
            path.unlink(missing_ok=True)
            return _refused(document, error.reason, str(error))
        item = Item(document=document, path=path, size=entry.size, mtime_ns=entry.stamp)
        beside = self._scratch.path()
        if self._store.has_names and self._fetch_sidecar(document, beside):
            return replace(item, sidecar=beside)
        return item

    def _fetch(self, document: str, path: Path) -> Entry:
        with path.open("wb") as file:
            return self._store.fetch(document, file, self._max_bytes)

    def _fetch_sidecar(self, document: str, path: Path | None) -> bool:
        """Whether there is one. One that cannot be fetched is not there to be read, which fails its document."""
        if path is None:
            return False
        try:
            with path.open("wb") as file:
                self._store.fetch(document + SUFFIX, file, MAX_BYTES)
        except FileNotFoundError:
            path.unlink(missing_ok=True)
            return False
        except ParseError:
            path.unlink(missing_ok=True)
        return True


def _hidden_part(document: str) -> str | None:
    """The hidden file or folder that a document is or lies in."""
    parts = document.split("/")
    number = next((number for number, part in enumerate(parts) if is_hidden(part)), None)
    return None if number is None else "/".join(parts[: number + 1])


def _refused(document: str, code: str, sentence: str) -> File:
    return File(document=document, content=b"", mtime_ns=0, refused=(code, sentence))


def _remove(item: Item) -> None:
    item.path.unlink(missing_ok=True)
    if item.sidecar is not None:
        item.sidecar.unlink(missing_ok=True)


def side_by_side(do: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
    """What becomes of each thing, in order, with a few of them in the making ahead of whoever takes them."""
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="touchstone-fetching") as threads:
        try:
            for thing in things:
                waiting.append(threads.submit(do, thing))
                if len(waiting) >= AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


# A number in place of a time for files whose store has something better, or whose clock is not ours.


def stamp_of(tag: str) -> int:
    """A number of 63 bits that stands for the tag: the same one for the same tag alone."""
    return int.from_bytes(hashlib.sha256(tag.encode("utf-8", "replace")).digest()[:8], "big") >> 1
