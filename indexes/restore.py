"""Puts a backup into a data folder, as a version beside what is there: killed anywhere, one or the other is served."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, update

from core.access import OWNER
from core.errors import IndexBroken, UsageError
from core.files import put_in_place, write_fault
from core.settings import Settings
from indexes import versions
from indexes.backup import Manifest, unpack
from indexes.catalogue import Catalogue
from indexes.keys import mark_if_any
from indexes.lock import own
from indexes.open import Indexes, open_version
from indexes.schema import documents, jobs, transaction
from indexes.soundness import refuse_unsound
from indexes.uploads import FOLDERS

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
