"""The files that callers upload: where they lie, how they get there, and how they go.

    uploads/COLLECTION/...                        what admins uploaded, and anybody as long as no key was made
    uploads-of-keys/@NAME/COLLECTION/@NAME/...    what a caller of that name uploaded
    uploads-waiting/JOB/...                       whole uploads whose job has not begun
    uploads-waiting/.TOKEN-JOB/...                an upload that arrives in the process with that token

A job puts its files in their place when it begins. So uploads never wait for each other, of two with one name the later
one wins, and no job reads what another one brought. A document and its file go together: the transaction that removes
the document notes the file, which then goes; of a process that died in between, when the folder is opened again.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from core.errors import SourceError
from core.files import put_in_place, sync
from indexes import versions
from indexes.catalogue import schema
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.groups import INSIDE
from indexes.catalogue.jobs import TO_COME
from indexes.catalogue.rows import JobRow
from indexes.catalogue.schema import meta

UPLOADS, OF_KEYS, WAITING = "uploads", "uploads-of-keys", "uploads-waiting"
FOLDERS = (WAITING, UPLOADS, OF_KEYS)
"""In the order in which a backup reads them: a file that moves on meanwhile is met in its new place."""
SIDECAR = ".meta.json"
"""Ends the names of files that say something about others."""
changing = threading.RLock()
"""Held while files and the catalogue change together: uploads, deletions and purges of this process."""

_DEPTH = {UPLOADS: 2, OF_KEYS: 3}
"""Names on the way from the data folder to a place."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TOKEN = secrets.token_hex(4)
_NOTED = "uploaded and to be removed: "


def folder_of(collection: str) -> str:
    """A folder name for any collection name."""
    if _PLAIN.fullmatch(collection):
        return collection
    return f"~{hashlib.sha256(collection.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"


def place_of(data: Path, label: str, collection: str) -> Path:
    """The source that uploads to a collection are ingested from: a folder for each `label`; empty: that of admins."""
    folder = folder_of(collection)
    return data / OF_KEYS / label / folder if label else data / UPLOADS / folder


def places(data: Path, collection: str | None = None) -> list[Path]:
    """Every such source there is, whoever uploaded to it; or those of one collection."""
    name = "*" if collection is None else folder_of(collection)
    found = (path for pattern in (f"{UPLOADS}/{name}", f"{OF_KEYS}/*/{name}") for path in sorted(data.glob(pattern)))
    return [path for path in found if path.is_dir()]


def is_place(data: Path, source: str) -> bool:
    """Whether a source is such a folder, or lies in one."""
    place, root = (Path(os.path.realpath(path)) for path in (data / source, data))
    parts = place.relative_to(root).parts if place.is_relative_to(root) else ()
    return bool(parts) and len(parts) >= _DEPTH.get(parts[0], len(parts) + 1)


def stored_files(data: Path) -> Iterator[Path]:
    """Every uploaded file, whether its job has begun or not; not what is still arriving."""
    for folder in FOLDERS:
        for path in sorted((data / folder).rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(data).parts)
            if not hidden and path.is_file() and not path.is_symlink():
                yield path


class Uploads:
    """Owns the uploaded files of a data folder. Safe to use from several threads."""

    def __init__(self, data: Path, catalogue: Catalogue) -> None:
        self.data, self._catalogue = data, catalogue

    # On their way in

    def arriving(self, job_id: str) -> Path:
        """A new folder for the files of an upload that will be this job's."""
        folder = self.data / WAITING / f".{_TOKEN}-{job_id}"
        folder.mkdir(mode=0o700, parents=True)
        return folder

    @contextmanager
    def handed_in(self, job_id: str) -> Iterator[None]:
        """Inside, the upload of this id waits for its job, which is to be put on record: without one it is gone again.

        An empty id: there is no upload.
        """
        if not job_id:
            yield
            return
        waiting = self.data / WAITING / job_id
        with changing:
            put_in_place(self.data / WAITING / f".{_TOKEN}-{job_id}", waiting)
            try:
                yield
            finally:
                if not self._catalogue.jobs.states([job_id]):
                    shutil.rmtree(waiting)

    def drop(self, job_id: str) -> None:
        """Remove what arrived of an upload that was not handed in."""
        shutil.rmtree(self.data / WAITING / f".{_TOKEN}-{job_id}", ignore_errors=True)

    def put_in_place(self, job: JobRow) -> None:
        """Have the files that wait for a job where it reads them. Metadata files go first: nothing is open meanwhile.

        Raises:
            SourceError: a file has the name of a folder, or lies in a folder that has the name of a file.
        """
        waiting, place = self.data / WAITING / job.id, Path(job.source)
        if not waiting.is_dir():
            return
        with changing:
            files = [path.relative_to(waiting).as_posix() for path in waiting.rglob("*") if path.is_file()]
            refuse_clash(place, files)
            for name in sorted(files, key=lambda each: (not each.lower().endswith(SIDECAR), each)):
                (place / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                put_in_place(waiting / name, place / name)
            shutil.rmtree(waiting)

    # On their way out

    def file_of(self, document: str, source: str) -> Path | None:
        """The uploaded file that a document was read from; None when its source is elsewhere or it is a part of one."""
        if INSIDE in document or not is_place(self.data, source):
            return None
        place = Path(os.path.realpath(self.data / source))
        return place if place.is_file() else place / document

    def note(self, connection: Connection, paths: Sequence[Path]) -> None:
        """Note, in the transaction that removes the documents, which files and folders go: `finish` removes them."""
        data = os.path.realpath(self.data)
        for path in paths:
            key = _NOTED + os.path.relpath(os.path.realpath(path.parent) + "/" + path.name, data)
            connection.execute(upsert(meta).values(key=key, value="").on_conflict_do_nothing())

    def note_collection(self, connection: Connection, collection: str, jobs: Sequence[str]) -> None:
        """The same of whatever anybody uploaded to a collection, with what waits for one of its jobs."""
        waiting = [path for job in jobs if (path := self.data / WAITING / job).is_dir()]
        self.note(connection, [*places(self.data, collection), *waiting])

    def finish(self) -> None:
        """Remove the files whose documents were removed. Raises OSError when one cannot be: it is tried again."""
        with changing:
            with schema.transaction(self._catalogue.engine) as connection:
                keys = list(connection.execute(select(meta.c.key).where(meta.c.key.startswith(_NOTED))).scalars())
            self._remove([self.data / key.removeprefix(_NOTED) for key in keys])
            for key in keys:
                self._catalogue.unlearn(key)

    def purge(self) -> bool:
        """Remove the files that no document and no job that goes on stands for; whether there were any."""
        with changing:
            self.finish()
            gone = [*self._abandoned(), *self._unowned()]
            self._remove(gone)
        return bool(gone)

    def _remove(self, paths: Sequence[Path]) -> None:
        """Remove folders, and files each with its metadata file, and the folders that are empty then."""
        for path in paths:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.parent.is_dir():
                path.unlink(missing_ok=True)
                path.with_name(path.name + SIDECAR).unlink(missing_ok=True)
            parts = path.relative_to(self.data).parts
            for parent in list(path.parents)[: max(0, len(parts) - 1 - _DEPTH.get(parts[0], 1))]:
                if parent.is_dir() and not any(parent.iterdir()):
                    parent.rmdir()
        for folder in {next(parent for parent in path.parents if parent.is_dir()) for path in paths}:
            sync(folder)

    def _abandoned(self) -> Iterator[Path]:
        """Uploads that a dead process was taking in, and those whose job will not begin."""
        folder = self.data / WAITING
        paths = sorted(folder.iterdir()) if folder.is_dir() else []
        states = self._catalogue.jobs.states([path.name for path in paths])
        for path in paths:
            arriving = path.name.startswith(f".{_TOKEN}-")
            if not arriving and states.get(path.name) not in (*TO_COME, "FAILED"):
                yield path

    def _unowned(self) -> Iterator[Path]:
        """Files in place of which there is no document in any version, nor a job that may still read them."""
        found = [(place, path) for place in places(self.data) for path in sorted(place.rglob("*")) if _is_file(path)]
        jobs = [(_tails(job.source), job.patterns) for job in self._catalogue.jobs.left()]
        standing = _standing(self.data) if found else set()
        if standing is None:
            return
        for place, path in found:
            where, name = (path.relative_to(base).as_posix() for base in (self.data, place))
            if not path.name.startswith("."):
                where, name = _described(where) or where, _described(name) or name
                source = place.relative_to(self.data).as_posix()
                if where in standing or any(source in tails and looked.admit(name) for tails, looked in jobs):
                    continue
            yield path


def refuse_clash(place: Path, names: Sequence[str]) -> None:
    """Raise SourceError when one of these names, as a file, stands in the way of another or of what is in place."""
    folders = {folder.as_posix() for name in names for folder in list(Path(name).parents)[:-1]}
    for name in names:
        if name in folders or (place / name).is_dir():
            raise SourceError(f"{name} is the name of a folder of uploads here. Give the file another name.")
    for folder in sorted(folders):
        if (place / folder).is_file():
            raise SourceError(f"{folder} is the name of an uploaded file. Give the folder another name.")


def _described(name: str) -> str | None:
    """The name of the file that one of this name says something about."""
    return name[: -len(SIDECAR)] if name.lower().endswith(SIDECAR) and len(name) > len(SIDECAR) else None


def _is_file(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def _standing(data: Path) -> set[str] | None:
    """The files, from the data folder on, that documents of any version of the index were read from.

    None: a version cannot be read. A folder that was moved has its former place in the catalogue, so that only the end
    of a path counts.
    """
    standing: set[str] = set()
    for name in versions.present(data):
        path = versions.folder_of(data, name) / versions.CATALOGUE
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                for source, document in connection.execute("select source, document from documents"):
                    standing |= _tails(source or "") | _tails(f"{source}/{document.partition(INSIDE)[0]}")
        except sqlite3.Error:
            return None
    return standing


def _tails(path: str) -> set[str]:
    parts = path.split("/")
    return {"/".join(parts[i:]) for i, part in enumerate(parts) if part in (UPLOADS, OF_KEYS)}
