"""Opening a data folder: the one way to get `Indexes`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from core.settings import Settings
from indexes import integrity, manifest, rebuild
from indexes.care import Care
from indexes.catalogue import Catalogue
from indexes.embedders.choose import choose_embedder
from indexes.embedders.remembering import Remembering
from indexes.indexes import Indexes
from indexes.lock import own
from indexes.seal import Verdict, sealed
from indexes.write import sweep

__all__ = ["Indexes", "open_indexes"]


@contextmanager
def open_indexes(settings: Settings) -> Iterator[Indexes]:
    """Own the data folder and open what is in it; made when missing.

    What a dead process left is put in order: its jobs are interrupted, its unfinished writes cleaned up. What is not as
    its owner left it (indexes/seal.py) is served around until it has been made again from the catalogue.

    Raises:
        DataFolderOwned: another process owns the folder.
        IndexBroken: the folder was made with another embedder or another version, or its catalogue is damaged or gone.
    """
    folder = settings.data
    with ExitStack() as stack:
        lock = stack.enter_context(own(folder))
        seal = stack.enter_context(sealed(folder))
        catalogue = stack.enter_context(closing(Catalogue(folder / "catalogue.sqlite3")))
        if seal.verdict("catalogue") is Verdict.UNSEALED:
            integrity.check(catalogue)
        embedder = Remembering(choose_embedder(settings.embedder, fallback=folder / "models"))
        manifest.check(catalogue, embedder)
        catalogue.jobs.interrupt()
        if lock.inherited:
            catalogue.remember(rebuild.DOUBT, "a process died")
        care = stack.enter_context(closing(Care(folder, catalogue, seal, dimension=embedder.dimension)))
        sweep(catalogue, care.vectors, care.keyword)
        yield Indexes(
            catalogue=catalogue,
            keyword=care.keyword,
            vectors=care.vectors,
            embedder=embedder,
            search=settings.search,
            version=manifest.version(embedder),
            lock=lock,
            care=care,
        )
