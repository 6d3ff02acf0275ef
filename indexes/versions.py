"""The versions of an index: whole folders beside each other, of which a small file names the live one.

    DATA/                     a version too, called "": the one that every data folder begins with
      live                    {"live": NAME, "previous": NAME or null}; absent: the data folder itself is live
      versions/2/             catalogue.sqlite3, chroma/, keyword/
        building              there while the version is being made: what it is made for

The file is replaced in one step, so that whoever opens the folder finds one version or the other. Locks, uploads and
the jobs database belong to the data folder, not to a version.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from core.errors import IndexBroken
from core.files import sync, write_whole

POINTER, VERSIONS, BUILDING = "live", "versions", "building"
FIRST = ""
"""The name of the version that is the data folder itself."""
CATALOGUE = "catalogue.sqlite3"
_OWN = (CATALOGUE, "chroma", "keyword", "seal.json")
"""What of a data folder belongs to its first version: these names, and those that begin with them."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which version is served, and which one was before."""

    live: str = FIRST
    previous: str | None = None


def pointer(data: Path) -> Pointer:
    """What the data folder's pointer says.

    Raises:
        IndexBroken: it cannot be read, or names a version that is not there.
    """
    path = data / POINTER
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        found = Pointer(str(said["live"]), None if said["previous"] is None else str(said["previous"]))
    except FileNotFoundError:
        return Pointer()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexBroken(f"{path} does not say which version of the index is live. Restore a backup.") from error
    if not (folder_of(data, found.live) / CATALOGUE).is_file():
        raise IndexBroken(f"{path} names the version {found.live!r}, which is not there. Restore a backup.")
    return found


def mend_pointer(data: Path) -> None:
    """Drop a pointer that cannot be followed: what it pointed to is lost, and a backup is to take its place."""
    try:
        pointer(data)
    except IndexBroken:
        (data / POINTER).unlink()


def point(data: Path, to: Pointer) -> None:
    """Make another version the live one, in one step that outlives a power failure."""
    write_whole(data / POINTER, json.dumps({"live": to.live, "previous": to.previous}))


def folder_of(data: Path, name: str) -> Path:
    """Where a version lies."""
    return data / VERSIONS / name if name != FIRST else data


def present(data: Path) -> list[str]:
    """The versions that are there, complete or not, in the order they were made."""
    folder = data / VERSIONS
    made = sorted((path.name for path in folder.iterdir()), key=_age) if folder.is_dir() else []
    return [FIRST, *made] if (data / CATALOGUE).is_file() else made


def purpose(data: Path, name: str) -> str | None:
    """What a version is being made for; None when it is complete."""
    path = folder_of(data, name) / BUILDING
    return path.read_text(encoding="utf-8") if name != FIRST and path.is_file() else None


def begin(data: Path, made_for: str) -> str:
    """The version that is being made for this: the one that was begun, or a new one. Others that were begun go."""
    begun = None
    for name in present(data):
        if name == FIRST or name in _kept(data):
            continue
        if purpose(data, name) == made_for and begun is None:
            begun = name
        else:
            remove(data, name)
    if begun is None:
        begun = str(1 + max([1, *map(_age, present(data))]))
        folder = folder_of(data, begun)
        folder.mkdir(mode=0o700, parents=True)
        (folder / BUILDING).write_text(made_for, encoding="utf-8")
    return begun


def make_live(data: Path, name: str) -> Pointer:
    """Serve a version that is complete from now on, and remember the one that was served until now."""
    before = pointer(data)
    (folder_of(data, name) / BUILDING).unlink(missing_ok=True)
    sync(folder_of(data, name))
    after = Pointer(live=name, previous=before.live if (folder_of(data, before.live) / CATALOGUE).is_file() else None)
    point(data, after)
    return after


def forget_previous(data: Path) -> list[str]:
    """Remove every version but the live one; returns their names."""
    now = pointer(data)
    if now.previous is not None:
        point(data, Pointer(live=now.live))
    return remove_others(data)


def remove_others(data: Path) -> list[str]:
    """Remove the versions that are neither live nor the one before; returns their names."""
    removed = [name for name in present(data) if name not in _kept(data)]
    for name in removed:
        remove(data, name)
    return removed


def remove(data: Path, name: str) -> None:
    """Delete a version's files; it must not be open."""
    if name != FIRST:
        shutil.rmtree(folder_of(data, name), ignore_errors=True)
        return
    for path in data.iterdir():
        if path.name.startswith(_OWN):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def size_of(data: Path, name: str) -> int:
    """Bytes that a version takes on the disk."""
    folder = folder_of(data, name)
    roots = [folder] if name != FIRST else [path for path in data.iterdir() if path.name.startswith(_OWN)]
    return sum(_size(path) for root in roots for path in ([root] if root.is_file() else root.rglob("*")))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size if not path.is_dir() else 0
    except FileNotFoundError:  # a file that came and went
        return 0


def _kept(data: Path) -> set[str | None]:
    now = pointer(data)
    return {now.live, now.previous}


def _age(name: str) -> int:
    return int(name) if name.isdecimal() else 0
