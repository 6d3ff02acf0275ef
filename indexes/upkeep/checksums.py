"""The checksums of a folder, written when its owner closes it, so that damage shows before a file is used.

    opened    every file is compared with them, then they are removed: while the folder is in use there are none
    closed    the files that changed are read again, and all checksums are written
    died      no checksums: nothing is known of the files, and each part is looked at in its own slower way

Each version of the index has its own, and what all of them share has some in the data folder: while another version is
live, what is shared changes.

Reading costs about what the disk takes: SHA-256, in blocks side by side.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from core.errors import IndexBroken
from core.files import sync, write_whole
from core.machine import cores

logger = logging.getLogger(__name__)

NAME, SHARED_NAME = "seal.json", "shared-seal.json"
BLOCK, CHUNK = 32 << 20, 1 << 20
PARTS: Mapping[str, str] = {
    "catalogue": "catalogue.sqlite3",
    "vectors": "chroma",
    "keyword": "keyword",
}
"""The parts of a version of the index, each a file with its companions or a folder."""
SHARED: Mapping[str, str] = {"jobs": "jobs.db", "model": "models"}
"""The parts of a data folder that its versions share. Each is made again when it is gone: jobs are on record in the
catalogue too."""
COMPANIONS = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside its own while it is open. None is left by one that was closed."""


REMEDY = (
    "`touchstone index restore BACKUP` puts a backup in its place; without one, move the folder away and ingest again."
)
"""What helps when the catalogue is lost: everything else is made from it."""


class Verdict(Enum):
    """What the checksums say of a part."""

    INTACT = "intact"
    CHANGED = "changed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Print:
    """A file's size in bytes and its SHA-256: of the SHA-256 of each of its blocks."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A file's print, and how it looked to the file system when it was taken."""

    print: Print
    inode: int
    mtime_ns: int


class Checksums:
    """The checksums of one open folder; what an earlier release noted there of other parts means nothing."""

    def __init__(self, folder: Path, parts: Mapping[str, str] = PARTS, name: str = NAME) -> None:
        self._folder, self._parts, self._name = folder, parts, name
        self._seen: dict[str, Seen] = {}
        noted = _read(folder / name)
        self._prints = noted and {path: print for path, print in noted.items() if self._part_of(path)}
        self._found = _files(folder, parts)
        if self._prints is not None:
            self._seen = _look(folder, [name for name in self._found if name in self._prints])
            for stray in self._strays():
                logger.warning("a file that does not belong to the catalogue was removed", extra={"file": stray})
                (folder / stray).unlink(missing_ok=True)  # its writer may be removing it too
        self._verdicts = {part: self._judge(part) for part in parts}
        self._left_out: set[str] = set()

    def verdict(self, part: str) -> Verdict:
        """Whether a part is as its owner left it."""
        return self._verdicts[part]

    def holds(self, part: str) -> bool:
        """Whether the folder holds files of the part, or did when it was closed."""
        return any(self._part_of(name) == part for name in (*self._found, *(self._prints or ())))

    def remove(self) -> None:
        """Remove the file for good: one that came back after a power failure would call what was written damage."""
        if self._prints is not None or (self._folder / self._name).exists():
            (self._folder / self._name).unlink()
            sync(self._folder)

    def leave_out(self, part: str) -> None:
        """Write none for a part: nothing was known of its files, and nobody has looked at them since."""
        self._left_out.add(part)

    def write(self) -> None:
        """Write those of the closed parts, as they are now."""
        found = _files(self._folder, self._parts)
        left_open = self._left_out | {self._part_of(name) for name in found if name.endswith(COMPANIONS)}
        names = [name for name in found if self._part_of(name) not in left_open]
        prints = {name: seen.print for name, seen in _look(self._folder, names, self._seen).items()}
        if prints:
            _write(self._folder / self._name, prints)

    def discard(self, part: str) -> None:
        """Delete a part's files."""
        for name in _files(self._folder, {part: self._parts[part]}):
            (self._folder / name).unlink()

    def _judge(self, part: str) -> Verdict:
        if self._prints is None:
            return Verdict.UNKNOWN
        noted = {name: print for name, print in self._prints.items() if self._part_of(name) == part}
        present = {name for name in self._found if self._part_of(name) == part and not name.endswith(COMPANIONS)}
        if not noted:
            return Verdict.UNKNOWN
        same = present == set(noted) and all(self._seen[name].print == noted[name] for name in present)
        return Verdict.INTACT if same else Verdict.CHANGED

    def _strays(self) -> list[str]:
        """SQLite would put into a closed file what it finds beside it, wherever that came from."""
        return [name for name in self._found if name.endswith(COMPANIONS) and name.rpartition("-")[0] in self._noted]

    def _part_of(self, name: str) -> str:
        """The part that a file belongs to; empty when it is none of these."""
        first = name.partition("/")[0]
        starts = ((part, (start, *(start + suffix for suffix in COMPANIONS))) for part, start in self._parts.items())
        return next((part for part, names in starts if first in names), "")

    @property
    def _noted(self) -> Mapping[str, Print]:
        return self._prints or {}


@contextmanager
def checked(folder: Path) -> Iterator[Checksums]:
    """Compare a folder with its checksums and remove them; write new ones when all that is in it has been closed.

    A folder that is refused keeps those it has, and one that was found broken gets none.

    Raises:
        IndexBroken: the catalogue is not what it was, or is gone.
    """
    checksums = Checksums(folder)
    _refuse_without_catalogue(checksums, folder)
    checksums.remove()
    broken = False
    try:
        yield checksums
    except IndexBroken:
        broken = True
        raise
    finally:
        if not broken:
            checksums.write()


@contextmanager
def checked_shared(data: Path) -> Iterator[None]:
    """As `checked`, of what the versions share: what is damaged is deleted."""
    checksums = Checksums(data, SHARED, SHARED_NAME)
    for part in SHARED:
        if checksums.verdict(part) is Verdict.CHANGED:
            logger.warning("a part was not what it was and is made again", extra={"part": part})
            checksums.discard(part)
    checksums.remove()
    try:
        yield
    finally:
        checksums.write()


def _refuse_without_catalogue(checksums: Checksums, folder: Path) -> None:
    path = folder / PARTS["catalogue"]
    if not path.exists() and any(checksums.holds(part) for part in PARTS):
        raise IndexBroken(f"The catalogue {path} is gone, and other parts of the index are there. {REMEDY}")
    if checksums.verdict("catalogue") is Verdict.CHANGED:
        raise IndexBroken(f"The catalogue {path} is damaged: it is not what it was when it was closed. {REMEDY}")


def _files(folder: Path, parts: Mapping[str, str]) -> list[str]:
    """The files of these parts, as paths from the folder."""
    found = []
    for start in parts.values():
        for path in (folder / start, *(folder / (start + suffix) for suffix in COMPANIONS)):
            inside = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else []
            found += [path] if path.is_file() else inside
    return [path.relative_to(folder).as_posix() for path in found]


def _look(folder: Path, names: Sequence[str], known: Mapping[str, Seen] | None = None) -> dict[str, Seen]:
    """The prints of files; those that look as they did are not read again. A file that cannot be read has none."""
    states = {name: (folder / name).stat() for name in names}
    seen = {
        name: before
        for name, state in states.items()
        if known
        and (before := known.get(name)) is not None
        and (before.print.size, before.inode, before.mtime_ns) == (state.st_size, state.st_ino, state.st_mtime_ns)
    }
    blocks = [
        (name, start) for name, state in states.items() if name not in seen for start in range(0, state.st_size, BLOCK)
    ]
    with ThreadPoolExecutor(max(2, cores())) as threads:
        digests = list(threads.map(lambda block: _digest(folder / block[0], block[1]), blocks))
    sums = {name: hashlib.sha256() for name in names if name not in seen}
    for (name, _), digest in zip(blocks, digests, strict=True):
        sums[name].update(digest)
    for name, total in sums.items():
        state = states[name]
        seen[name] = Seen(Print(state.st_size, total.hexdigest()), state.st_ino, state.st_mtime_ns)
    return seen


def _digest(path: Path, start: int) -> bytes:
    """The SHA-256 of one block of a file; nothing of what cannot be read."""
    total, buffer = hashlib.sha256(), bytearray(CHUNK)
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(start)
            for _ in range(BLOCK // CHUNK):
                total.update(memoryview(buffer)[: file.readinto(buffer) or 0])
    except OSError as error:
        logger.warning("a file could not be read", extra={"file": str(path), "reason": str(error)})
        return b""
    return total.digest()


def _read(path: Path) -> dict[str, Print] | None:
    """What the file says; None when there is none, or it is damaged itself."""
    try:
        content = json.loads(path.read_bytes())
        files = content["files"]
        if content["sum"] == _sum(files):
            return {name: Print(**print) for name, print in files.items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    logger.warning("the checksums of the data folder are damaged; its files are looked at one by one")
    return None


def _write(path: Path, prints: Mapping[str, Print]) -> None:
    files = {name: asdict(print) for name, print in sorted(prints.items())}
    try:
        write_whole(path, json.dumps({"files": files, "sum": _sum(files)}))
    except OSError as error:
        logger.warning("the checksums of the data folder could not be written", extra={"reason": str(error)})


def _sum(files: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
