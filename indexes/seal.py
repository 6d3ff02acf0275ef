"""The seal of a data folder: what its files were when its owner closed it, so that damage shows before they are used.

    opened    every file is compared with the seal, then the seal is taken off: while the folder is in use there is none
    closed    the files that changed are read again, and a new seal is put on
    died      no seal: nothing is known of the files, and each part is looked at in its own slower way

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

NAME = "seal.json"
BLOCK, CHUNK = 32 << 20, 1 << 20
PARTS: Mapping[str, str] = {
    "catalogue": "catalogue.sqlite3",
    "vectors": "chroma",
    "keyword": "keyword",
    "jobs": "jobs.db",
    "model": "models",
}
"""The parts of a data folder, each a file with its companions or a folder."""
COMPANIONS = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside its own while it is open. None is left by one that was closed."""


REMEDY = (
    "`touchstone index restore BACKUP` puts a backup in its place; without one, move the folder away and ingest again."
)
"""What helps when the catalogue is lost: everything else is made from it."""


class Verdict(Enum):
    """What the seal says of a part."""

    INTACT = "intact"
    CHANGED = "changed"
    UNSEALED = "unsealed"
    DISTRUSTED = "distrusted"
    """Not by the seal: two processes in a row died with it open."""


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


class Seal:
    """The seal of one open folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, Seen] = {}
        self._prints = _read(folder / NAME)
        self._found = _files(folder)
        if self._prints is not None:
            self._seen = _look(folder, [name for name in self._found if name in self._prints])
            for stray in self._strays():
                logger.warning("a file that does not belong to the catalogue was removed", extra={"file": stray})
                (folder / stray).unlink(missing_ok=True)  # its writer may be removing it too
        self._verdicts = {part: self._judge(part) for part in PARTS}
        self._left_out: set[str] = set()

    def verdict(self, part: str) -> Verdict:
        """Whether a part is as its owner left it."""
        return self._verdicts[part]

    def holds(self, part: str) -> bool:
        """Whether the folder holds files of the part, or did when it was sealed."""
        return any(_part_of(name) == part for name in (*self._found, *(self._prints or ())))

    def take_off(self) -> None:
        """Remove the seal for good: one that came back after a power failure would call what was written damage."""
        if self._prints is not None or (self._folder / NAME).exists():
            (self._folder / NAME).unlink()
            sync(self._folder)

    def leave_out(self, part: str) -> None:
        """Put no seal on a part: nothing was known of its files, and nobody has looked at them since."""
        self._left_out.add(part)

    def put_on(self) -> None:
        """Seal the closed parts as they are now."""
        found = _files(self._folder)
        left_open = self._left_out | {_part_of(name) for name in found if name.endswith(COMPANIONS)}
        names = [name for name in found if _part_of(name) not in left_open]
        prints = {name: seen.print for name, seen in _look(self._folder, names, self._seen).items()}
        _write(self._folder, prints)

    def _judge(self, part: str) -> Verdict:
        if self._prints is None:
            return Verdict.UNSEALED
        sealed = {name: print for name, print in self._prints.items() if _part_of(name) == part}
        present = {name for name in self._found if _part_of(name) == part and not name.endswith(COMPANIONS)}
        if not sealed:
            return Verdict.UNSEALED
        same = present == set(sealed) and all(self._seen[name].print == sealed[name] for name in present)
        return Verdict.INTACT if same else Verdict.CHANGED

    def _strays(self) -> list[str]:
        """SQLite would put into a sealed file what it finds beside it, wherever that came from."""
        return [name for name in self._found if name.endswith(COMPANIONS) and name.rpartition("-")[0] in self._sealed]

    @property
    def _sealed(self) -> Mapping[str, Print]:
        return self._prints or {}


@contextmanager
def sealed(folder: Path) -> Iterator[Seal]:
    """Compare a folder with its seal and take that off; put a new one on when everything in the folder has been closed.

    A folder that is refused keeps the seal it has, and one that was found broken gets none.

    Raises:
        IndexBroken: the catalogue is not what it was, or is gone.
    """
    seal = Seal(folder)
    _refuse_without_catalogue(seal, folder)
    seal.take_off()
    broken = False
    try:
        yield seal
    except IndexBroken:
        broken = True
        raise
    finally:
        if not broken:
            seal.put_on()


def discard(folder: Path, part: str) -> None:
    """Delete a part's files."""
    for name in _files(folder):
        if _part_of(name) == part:
            (folder / name).unlink()


def _refuse_without_catalogue(seal: Seal, folder: Path) -> None:
    path = folder / PARTS["catalogue"]
    if not path.exists() and any(seal.holds(part) for part in PARTS if part != "model"):
        raise IndexBroken(f"The catalogue {path} is gone, and other parts of the index are there. {REMEDY}")
    if seal.verdict("catalogue") is Verdict.CHANGED:
        raise IndexBroken(f"The catalogue {path} is damaged: it is not what it was when it was closed. {REMEDY}")


def _files(folder: Path) -> list[str]:
    """The files of every part, as paths from the folder."""
    found = []
    for start in PARTS.values():
        for path in (folder / start, *(folder / (start + suffix) for suffix in COMPANIONS)):
            inside = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else []
            found += [path] if path.is_file() else inside
    return [path.relative_to(folder).as_posix() for path in found]


def _part_of(name: str) -> str:
    first = name.partition("/")[0]
    return next(part for part, start in PARTS.items() if first in (start, *(start + suffix for suffix in COMPANIONS)))


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
    """What a seal says; None when there is none, or one that is damaged itself."""
    try:
        content = json.loads(path.read_bytes())
        files = content["files"]
        if content["sum"] == _sum(files):
            return {name: Print(**print) for name, print in files.items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    logger.warning("the seal of the data folder is damaged; its files are looked at one by one")
    return None


def _write(folder: Path, prints: Mapping[str, Print]) -> None:
    files = {name: asdict(print) for name, print in sorted(prints.items())}
    try:
        write_whole(folder / NAME, json.dumps({"files": files, "sum": _sum(files)}))
    except OSError as error:
        logger.warning("the data folder could not be sealed", extra={"reason": str(error)})


def _sum(files: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
