"""The versions of an index in a data folder, told without opening them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.settings.load import Settings
from indexes import versions
from indexes.recipe import RECIPE, Recipe

State = Literal["live", "previous", "building"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version; `embedder` None: nothing was written to it yet. `recipe` None: an earlier release made it."""

    name: str
    state: State
    embedder: str | None
    recipe: Recipe | None
    documents: int
    chunks: int
    size: int
    """Bytes on the disk."""


def overview(settings: Settings) -> list[VersionRow]:
    """Every version, in the order they were made. Raises IndexBroken when the pointer cannot be read."""
    now = versions.pointer(settings.data)
    return [_row(settings, name, now) for name in versions.present(settings.data)]


def _row(settings: Settings, name: str, now: versions.Pointer) -> VersionRow:
    state: State = "live" if name == now.live else "previous" if name == now.previous else "building"
    path = versions.folder_of(settings.data, name) / versions.CATALOGUE
    meta, documents, chunks = _read(path)
    return VersionRow(
        name=name,
        state=state,
        embedder=meta.get("embedder"),
        recipe=Recipe.read(meta[RECIPE], settings.embedder) if RECIPE in meta else None,
        documents=documents,
        chunks=chunks,
        size=versions.size_of(settings.data, name),
    )


def _read(path: Path) -> tuple[dict[str, str], int, int]:
    """What a catalogue remembers, and how much it holds; nothing of one that is not there or cannot be read yet."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            meta = dict(connection.execute("select key, value from meta"))
            documents, chunks = connection.execute(
                "select count(*), coalesce(sum(chunks), 0) from documents"
            ).fetchone()
            return meta, documents, chunks
    except sqlite3.Error:
        return {}, 0, 0


# How far a rebuild is, and what became of it.


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildProgress:
    """How far a rebuild is. `seconds_left` None: not known yet."""

    done: int
    total: int
    chunks: int
    """Embedded by this process."""
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """A version that is ready to be served."""

    documents: int
    chunks: int
    recall: float
    """Of the vector index against exact comparison, in the collection where it is lowest."""
    old_parse: int
    """Documents that were read by older parsers and whose file is gone or has changed."""
    old_chunks: int
    """Documents of which an earlier release kept no structure, and whose file is gone: cut as they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a rebuild did: a new version, or, where nothing would change, both derived indexes filled anew."""

    version: str | None
    rebuilt: Rebuilt | None = None
    vectors: int = 0
