"""Reading a data folder while another process owns it: a service, or a command that ingests.

The catalogue is read as its owner commits to it (SQLite's WAL lets others read). Vectors are compared with every one in
the catalogue: two processes must not open one Chroma folder. Words are found in tantivy's files, which are never
changed once they are written; where those cannot be read, vectors answer alone. Nothing is written, and what only the
owner may do is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from core.errors import DataFolderOwned, IndexBroken
from core.machine import cores
from core.settings.load import Settings
from indexes import recipe as manifest
from indexes import versions
from indexes.catalogue import exact
from indexes.catalogue.catalogue import Catalogue
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.keyword.choose import open_keyword
from indexes.open import open_indexes
from indexes.rerankers.choose import choose_reranker
from indexes.upkeep.checksums import PARTS
from indexes.upkeep.lock import owner_of

T = TypeVar("T")


@contextmanager
def open_to_read(settings: Settings) -> Iterator[Indexes]:
    """The live version of the index, for whoever only reads: beside the folder's owner, or, without one, as its owner.

    Raises:
        DataFolderOwned: another process owns the folder, and its catalogue cannot be read yet.
        IndexBroken: as `open_indexes`.
    """
    with ExitStack() as stack:
        beside = _beside_the_owner(settings, stack) if owner_of(settings.data) else None
        yield beside or stack.enter_context(open_indexes(settings))


def _beside_the_owner(settings: Settings, stack: ExitStack) -> Indexes | None:
    """The parts, opened for reading; None while the owner is about to make the catalogue, or has ended meanwhile."""
    try:
        live = versions.pointer(settings.data).live
        folder = versions.folder_of(settings.data, live)
        catalogue = Catalogue(folder / versions.CATALOGUE, settings.data, reading=True)
    except IndexBroken:
        return None
    stack.enter_context(closing(catalogue))
    if owner_of(settings.data) is None:  # the next one would take what SQLite keeps for this reader for strays
        stack.close()
        return None
    embedder, recipe = manifest.embedder_of(catalogue, settings)
    owners: Any = _OfTheOwner(settings.data)
    vectors: Any = _ExactVectors(settings.data, catalogue)
    keyword: Any = _Words(settings.data, folder / PARTS["keyword"])
    return Indexes(
        catalogue=catalogue,
        keyword=keyword,
        vectors=vectors,
        embedder=embedder,
        reranker=choose_reranker(settings.reranker),
        recipe=recipe,
        search=settings.search,
        version=manifest.version(embedder) + (f".{live}" if live != versions.FIRST else ""),
        lock=owners,
        caretaker=owners,
        uploads=owners,
        pool=stack.enter_context(ThreadPoolExecutor(cores(), thread_name_prefix="search")),
    )


class _OfTheOwner:
    """Stands in for what only the owner has. Whatever is asked of it raises DataFolderOwned."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def __getattr__(self, name: str) -> NoReturn:
        raise DataFolderOwned(
            f"The data folder {self._data} is in use by another process, and can only be read meanwhile. "
            "Stop it, or name another folder with --data."
        )


class _ExactVectors(_OfTheOwner):
    """The part of a `VectorIndex` that reads, by the catalogue alone."""

    def __init__(self, data: Path, catalogue: Catalogue) -> None:
        super().__init__(data)
        self._engine = catalogue.engine

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        return self.nearest_to_each(collection, vector[None, :], limit)[0]

    def nearest_to_each(self, collection: str, vectors: Vectors, limit: int) -> list[list[tuple[str, float]]]:
        return exact.nearest(self._engine, collection, vectors, limit)


class _Words(_OfTheOwner):
    """The part of a `KeywordIndex` that reads; nothing is found where the files cannot be read."""

    def __init__(self, data: Path, folder: Path) -> None:
        super().__init__(data)
        self._store = open_keyword(folder)

    def search(
        self, collection: str, text: str, limit: int, *, documents: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        return _gently(lambda: self._store.search(collection, text, limit, documents=documents), list)

    def terms(self, text: str) -> list[str]:
        return _gently(lambda: self._store.terms(text), list)

    def spread(self, collection: str, text: str, documents: Collection[str]) -> dict[str, dict[str, int]]:
        return _gently(lambda: self._store.spread(collection, text, documents), dict)


def _gently(ask: Callable[[], T], otherwise: Callable[[], T]) -> T:
    try:
        return ask()
    except IndexBroken:
        return otherwise()
