"""A backup is one file: the catalogue as it was at one moment, the uploaded files, and a manifest with their hashes.

    catalogue.sqlite3, uploads-waiting/..., uploads/..., uploads-of-keys/..., manifest.json

a plain tar, in this order: an upload that its job puts in place meanwhile is met there.

The derived indexes are not in it: they are made again from the catalogue, without embedding anything. A backup is taken
while others write, by SQLite's online backup. It holds every text, whoever may read it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import secrets
import sqlite3
import tarfile
import tempfile
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import func, update

from core.access import OWNER
from core.errors import IndexBroken, UsageError
from core.files import put_in_place, write_fault
from core.settings.load import Settings
from indexes import versions
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.keys import mark_if_any
from indexes.catalogue.schema import SCHEMA, documents, jobs, transaction
from indexes.cutover.recall import refuse_unsound
from indexes.indexes import Indexes
from indexes.open import open_version
from indexes.upkeep.lock import own
from indexes.uploads import FOLDERS, stored_files

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds. `files`: the SHA-256 of each by its name. `data`: where the data folder was."""

    form: str
    embedder: str | None
    documents: int
    chunks: int
    taken: str
    data: str
    files: dict[str, str]
    format: int = FORMAT


def take(data: Path, file: Path) -> Manifest:
    """Write a backup of the live version of a data folder, in place of an older file only when it is whole.

    Whoever owns the folder may go on writing.

    Raises:
        UsageError: there is nothing to back up, or the file cannot be written.
        InsufficientStorage, NotWritable: the disk that the backup goes to is full or read-only.
        IndexBroken: the catalogue cannot be read.
    """
    catalogue = versions.folder_of(data, versions.pointer(data).live) / versions.CATALOGUE
    if not catalogue.is_file():
        raise UsageError(f"There is no index at {data}. Name its data folder with --data.")
    beside = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".touchstone-") as scratch:
            copy = Path(scratch) / versions.CATALOGUE
            _copy(catalogue, copy)
            with os.fdopen(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                manifest = _write(out, copy, data)
        put_in_place(beside, file)
    except OSError as error:
        if (fault := write_fault(error)) is not None:
            raise type(fault)(f"The backup {file} was not taken. {fault}") from error
        raise UsageError(f"The backup cannot be written to {file}: {error.strerror or error}.") from error
    finally:
        beside.unlink(missing_ok=True)
    return manifest


def unpack(file: Path, into: Path) -> Manifest:
    """Write a backup's files below an empty folder, and check every one of them.

    Raises:
        UsageError: the file is no backup, or not of this machine's form, or cannot be unpacked: the disk is full.
        IndexBroken: it is damaged: cut off, or with other bytes than were written.
    """
    hashes: dict[str, str] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(file, mode="r:") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None or not _is_ours(member.name):
                    raise UsageError(f"{file} is not a backup of Touchstone: it holds {member.name!r}.")
                if member.name == MANIFEST:
                    manifest = _manifest(file, json.load(content))
                else:
                    hashes[member.name] = _extract(content, into / member.name)
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {file}.") from error
    except OSError as error:
        raise UsageError(f"The backup {file} cannot be unpacked into {into}: {error.strerror or error}.") from error
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise IndexBroken(f"The backup {file} cannot be read: {error}. Restore another one.") from error
    if manifest is None or versions.CATALOGUE not in hashes:
        raise IndexBroken(f"The backup {file} was cut off before its end. Restore another one.")
    wrong = sorted(name for name in manifest.files.keys() | hashes if manifest.files.get(name) != hashes.get(name))
    if wrong:
        raise IndexBroken(f"The backup {file} is damaged: {wrong[0]} is not what was written. Restore another one.")
    return manifest


def _copy(catalogue: Path, copy: Path) -> None:
    """The database as it is at one moment; in one step, so that writers never make it begin again.

    Raises:
        IndexBroken: it cannot be read.
        OSError: there is no room for the copy.
    """
    try:
        with (
            closing(sqlite3.connect(f"{catalogue.absolute().as_uri()}?mode=rw", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target, pages=-1)
            target.execute("pragma journal_mode = delete")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        if (fault := write_fault(error)) is not None:  # of the copy: nothing is written to the catalogue here
            raise type(fault)(
                f"The catalogue {catalogue} could not be copied to {copy.parent.parent}. {fault}"
            ) from error
        raise IndexBroken(f"The catalogue {catalogue} cannot be read: {error}.") from error


def _write(out: IO[bytes], copy: Path, data: Path) -> Manifest:
    files: dict[str, str] = {}
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        files[versions.CATALOGUE] = _add(archive, copy, versions.CATALOGUE)
        for path in stored_files(data):
            name = path.relative_to(data).as_posix()
            with contextlib.suppress(FileNotFoundError):  # deleted, or put in its place, meanwhile
                files[name] = _add(archive, path, name)
        with closing(sqlite3.connect(copy)) as connection:
            meta = dict(connection.execute("select key, value from meta"))
            documents, chunks = connection.execute(
                "select count(*), coalesce(sum(chunks), 0) from documents"
            ).fetchone()
        manifest = Manifest(
            form=meta["schema"],
            embedder=meta.get("embedder"),
            documents=documents,
            chunks=chunks,
            taken=datetime.now(UTC).isoformat(timespec="seconds"),
            data=str(Path(os.path.realpath(data))),
            files=files,
        )
        content = json.dumps(asdict(manifest), indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(content), 0o600
        archive.addfile(entry, io.BytesIO(content))
    return manifest


class _Hashing:
    """Reads a file for an archive and knows the hash of what went by."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        block = self._source.read(size)
        self.digest.update(block)
        return block


def _add(archive: tarfile.TarFile, path: Path, name: str) -> str:
    with path.open("rb") as source:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = os.fstat(source.fileno()).st_size, 0o600
        hashing = _Hashing(source)
        archive.addfile(entry, hashing)
        return hashing.digest.hexdigest()


def _extract(content: IO[bytes], path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while block := content.read(1 << 20):
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _is_ours(name: str) -> bool:
    parts = name.split("/")
    inside = parts[0] in FOLDERS and len(parts) > 1 and not any(part in ("", ".", "..") for part in parts)
    return inside or name in (versions.CATALOGUE, MANIFEST)


def _manifest(file: Path, said: dict[str, Any]) -> Manifest:
    if not isinstance(said, dict) or said.get("format") != FORMAT or not str(said.get("form")).isdecimal():
        raise UsageError(f"{file} is not a backup that this version of Touchstone can read.")
    manifest = Manifest(**said)
    if int(manifest.form) > int(SCHEMA):
        raise UsageError(
            f"{file} has the form {manifest.form}, and this version of Touchstone reads forms up to {SCHEMA}. "
            "Use the version that made it, or a newer one."
        )
    return manifest


# Puts a backup into a data folder, as a version beside what is there: killed anywhere, one or the other is served.


PURPOSE = "a backup"


def restore(settings: Settings, file: Path, *, force: bool = False) -> Manifest:
    """Serve what a backup holds from now on; with `force` in place of what is there, which can be rolled back to.

    The backup is checked before anything is touched, its derived indexes are made, and those are checked too.

    Raises:
        DataFolderOwned: a service or a command is at work on the data folder.
        UsageError: the folder holds an index already, the file is no backup, or the disk is full.
        IndexBroken: the backup is damaged, or the embedder that it was made with is not at hand.
    """
    data = settings.data
    with own(data) as lock:
        if versions.present(data) and not force:
            raise UsageError(
                f"The data folder {data} holds an index already. --force restores the backup in place of it, and "
                "`touchstone index rebuild --rollback` goes back; or name another folder with --data."
            )
        mark_if_any(data)
        _discard_begun(data)
        versions.mend_pointer(data)
        with ExitStack() as undo:
            try:
                name = versions.begin(data, PURPOSE)
                undo.callback(_give_up, data, name)
                folder = versions.folder_of(data, name)
                manifest = unpack(file, folder)
                _move_in(folder / versions.CATALOGUE, manifest, data)
                with open_version(settings, lock, name) as restored:
                    _check(restored, manifest)
                    restored.catalogue.note_keys()
                for each in FOLDERS:
                    _put_uploads(folder / each, data / each)
                versions.make_live(data, name)
            except OSError as error:
                why = write_fault(error) or UsageError(f"{error.strerror or error}.")
                raise type(why)(f"The backup cannot be restored into {data}. {why}") from error
            undo.pop_all()
        versions.remove_others(data)
    return manifest


def _give_up(data: Path, name: str) -> None:
    """Leave no half version behind, unless it is served already."""
    if versions.pointer(data).live != name:
        versions.remove(data, name)


def _discard_begun(data: Path) -> None:
    """What an earlier restoration left half done is worth nothing: its files may be cut off."""
    for name in versions.present(data):
        if versions.purpose(data, name) == PURPOSE:
            versions.remove(data, name)


def _move_in(catalogue: Path, manifest: Manifest, data: Path) -> None:
    """Give the copy an identity of its own, since its original may go on.

    Before form 7 sources in the data folder were absolute: they are where the original was.
    """
    before = f"{manifest.data}/"
    opened = Catalogue(catalogue, data)
    try:
        opened.unlearn("folder")
        with transaction(opened.engine, write=True) as connection:
            for table in (documents, jobs):
                rest = func.substr(table.c.source, len(before) + 1)
                moved = update(table).where(func.substr(table.c.source, 1, len(before)) == before)
                connection.execute(moved.values(source=rest))
    finally:
        opened.close()


def _check(restored: Indexes, manifest: Manifest) -> None:
    """Raise IndexBroken unless everything is there and can be found."""
    rows = restored.catalogue.collections(access=OWNER)
    held = (sum(row.documents for row in rows), sum(row.chunks for row in rows))
    if held != (manifest.documents, manifest.chunks):
        raise IndexBroken(f"The backup says {manifest.documents:,} documents and holds {held[0]:,}. Restore another.")
    refuse_unsound(restored, restored.catalogue)


def _put_uploads(unpacked: Path, uploads: Path) -> None:
    """Move the uploaded files to their place, each in one step; others stay."""
    for path in sorted(unpacked.rglob("*")) if unpacked.is_dir() else ():
        target = uploads / path.relative_to(unpacked)
        if path.is_dir():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            put_in_place(path, target)
