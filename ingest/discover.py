"""Lists what a source holds. Nothing is opened: names and sizes only."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import SourceError
from core.sources import Chooser, Patterns, is_remote
from ingest.describe import SUFFIX, described_name
from ingest.outcomes import Failed, Skipped

_HIDDEN_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
DATA_FOLDER_MARKS = frozenset({"catalogue.sqlite3", "owner.lock"})
"""A folder that holds one of these files is a data folder of Touchstone: never part of a source."""
HIDDEN = "Hidden and lock files are left alone."
STRAY = "The file says something about a document that is not beside it."
MISSPELT = f"The name of the file that says who may read this one has to end in {SUFFIX}, in small letters."

ATTACHED = "!/"
"""Parts a container's name from the name of what is in it: `mail.eml!/plan.xlsx`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A regular file of the source. `document` is its POSIX path relative to the source root."""

    document: str
    path: Path
    size: int
    mtime_ns: int
    sidecar: Path | None = None
    """The file beside it that says who may read it (`ingest.sidecar`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Files to look at, those already decided on, and places that could not be looked into, each in order of name.

    Nothing may be concluded about documents below an unlisted place, such as
    a folder without permission or the dead link to a share.
    """

    items: tuple[Item, ...]
    outcomes: tuple[Skipped | Failed, ...]
    unlisted: tuple[str, ...]


def discover(source: Path, *, max_bytes: int, patterns: Sequence[Patterns] = ()) -> Discovery:
    """Every file below a folder that all the patterns admit, or the one file that `source` names.

    Raises:
        SourceError: there is no such file or folder, it cannot be listed, or it holds no file that could be read.
    """
    root = _resolved(source)
    alone = root.is_file()
    choosers = [pattern.chooser() for pattern in patterns]
    found = [_decided(root.parent, root, max_bytes)] if alone else list(_walk(root, root, max_bytes, choosers))
    return discovery_of(str(source), found, patterns)


class NothingToIngest(SourceError):
    """A source holds no file that could be read; `outcomes` are those that it holds."""

    def __init__(self, message: str, outcomes: tuple[Skipped | Failed, ...] = ()) -> None:
        super().__init__(message)
        self.outcomes = outcomes


def discovery_of(source: str, found: Sequence[Item | Skipped | Failed], patterns: Sequence[Patterns]) -> Discovery:
    """What was found, less what the patterns leave out. Raises NothingToIngest when none of it could be read."""
    if patterns:
        choosers = [pattern.chooser() for pattern in patterns]
        found = [entry for entry in found if _is_meant(entry, choosers)]
    items = tuple(entry for entry in found if isinstance(entry, Item))
    outcomes = tuple(entry for entry in found if isinstance(entry, Skipped | Failed))
    unlisted = tuple(entry.document.rstrip("/") + "/" for entry in outcomes if entry.code == "unreadable")
    if not items:
        raise NothingToIngest(nothing(source, outcomes, patterns), outcomes)
    return Discovery(items=items, outcomes=outcomes, unlisted=unlisted)


def look(root: Path, document: str, *, max_bytes: int) -> Item | Skipped | Failed:
    """A document that was discovered earlier below `root`, as it is now."""
    alone = root.is_file()
    base, path = (root.parent, root) if alone else (root, root / document)
    if not path.parent.resolve().is_relative_to(base):
        return Skipped(document, "outside_source", "The link leads out of the source.")
    return _decided(base, path, max_bytes)


def too_large(max_bytes: int) -> str:
    """Why a file of more bytes is not read."""
    return f"The file is larger than {max_bytes // 1_000_000} MB; ingest.max_file_mb allows more."


def container_of(document: str) -> str:
    """The file a document lies in: itself, or the mail or archive that holds it."""
    return document.split(ATTACHED, 1)[0]


def absent(source: str) -> str:
    """What is said of a source that is not there."""
    return f"There is no file or folder {_shown(source)}. Check the path."


def _resolved(source: Path) -> Path:
    try:
        root = source.expanduser().resolve(strict=True)
        mode = root.stat().st_mode
    except FileNotFoundError:
        raise SourceError(absent(str(source))) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(f"{_shown(str(source))} cannot be read: {_why(error)}.") from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise SourceError(f"{_shown(str(source))} is neither a folder nor a regular file. Name a folder of documents.")
    return root


def nothing(source: str, outcomes: tuple[Skipped | Failed, ...], patterns: Sequence[Patterns]) -> str:
    """Why there is nothing to ingest, and what to do."""
    where = _shown(source)
    if not outcomes and patterns:
        return f"{where} holds no file that the patterns admit (--include, --exclude, ingest.include, ingest.exclude)."
    if not outcomes:
        return f"The folder {where} is empty. Put documents into it, or name another folder."
    first = outcomes[0]
    if first.document == "/":
        return f"The folder {where} cannot be listed: {first.reason} Check its permissions."
    return (
        f"{where} holds no file that can be ingested; {len(outcomes)} found, the first is {first.document}: "
        f"{first.reason}{'' if is_remote(source) else ' Name a folder of documents.'}"
    )


def _is_meant(entry: Item | Skipped | Failed, choosers: Sequence[Chooser]) -> bool:
    """Whether the patterns admit it; a place that cannot be looked into may hold what they admit."""
    if isinstance(entry, Failed) and entry.code == "unreadable":
        return not any(chooser.leave_out(entry.document) for chooser in choosers)
    return all(chooser.admit(entry.document) for chooser in choosers)


def _walk(root: Path, folder: Path, max_bytes: int, choosers: Sequence[Chooser]) -> Iterator[Item | Skipped | Failed]:
    relative = _document(root, folder)
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield Failed(f"{relative}/", "unreadable", f"The folder cannot be listed: {_why(error)}.")
        return
    if any(entry.name in DATA_FOLDER_MARKS for entry in entries):
        yield Skipped(relative, "hidden", "This is a data folder of Touchstone.")
        return
    files = {entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)}
    said = {entry.name: described_name(entry.name) for entry in entries if not is_hidden(entry.name)}
    misspelt = {name for sidecar, name in said.items() if name in files and not sidecar.endswith(SUFFIX)}
    for entry in entries:
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False) and not is_hidden(entry.name):
            if not choosers or not any(chooser.leave_out(_document(root, path)) for chooser in choosers):
                yield from _walk(root, path, max_bytes, choosers)
        elif entry.name in misspelt:
            yield Failed(_shown(_document(root, path)), "bad_metadata", MISSPELT)
        elif said.get(entry.name) is None:
            yield _decided(root, path, max_bytes)
        elif said[entry.name] not in files:
            yield Skipped(_shown(_document(root, path)), "stray_metadata", STRAY)


def _decided(root: Path, path: Path, max_bytes: int) -> Item | Skipped | Failed:
    """One directory entry that is not a folder to walk: an item, or why not."""
    document = _document(root, path)
    if is_hidden(path.name):
        return Skipped(_shown(document), "hidden", HIDDEN)
    if not _is_utf8(document):
        return Failed(_shown(document), "bad_name", "The name is not valid UTF-8. Rename the file.")
    if path.is_symlink():
        refused = _refused_link(root, path, document)
        if refused is not None:
            return refused
    try:
        status = path.stat()
    except OSError as error:
        return Failed(document, "unreadable", f"The file cannot be read: {_why(error)}.")
    if not stat.S_ISREG(status.st_mode):
        return Skipped(document, "special_file", "Only regular files are read; this is a pipe, socket or device.")
    if status.st_size > max_bytes:
        return Skipped(document, "too_large", too_large(max_bytes))
    beside = path.with_name(path.name + SUFFIX)
    return Item(
        document=document,
        path=path,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sidecar=beside if os.path.lexists(beside) else None,
    )


def _refused_link(root: Path, path: Path, document: str) -> Skipped | Failed | None:
    """Why a link is not followed; None for one to a file inside the source."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        return Failed(document, "unreadable", f"The link leads nowhere: {_why(error)}.")
    if not target.is_relative_to(root):
        return Skipped(document, "outside_source", "The link leads out of the source.")
    if target.is_dir():
        return Skipped(
            document, "linked_folder", "Links to folders are not followed; the folder is read in its own place."
        )
    return None


def _document(root: Path, path: Path) -> str:
    relative = path.relative_to(root).as_posix()
    return "" if relative == "." else relative


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is left alone."""
    return name.startswith((".", "~$")) or name.lower() in _HIDDEN_NAMES


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: str) -> str:
    """A name as it can be printed: bytes that are not UTF-8 as backslash escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return "links lead in a circle" if isinstance(error, RuntimeError) else str(error)
