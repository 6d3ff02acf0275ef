"""Opening a data folder: the one way to get `Indexes`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

from core.machine import cores
from core.settings.load import Settings
from indexes import recipe as manifest
from indexes import versions
from indexes.catalogue.catalogue import Catalogue
from indexes.indexes import Indexes
from indexes.rerankers.choose import choose_reranker
from indexes.upkeep import check
from indexes.upkeep.caretaker import Caretaker
from indexes.upkeep.checksums import Verdict, checked
from indexes.upkeep.lock import Lock, own
from indexes.uploads import Uploads
from indexes.write import sweep

__all__ = ["Indexes", "open_indexes", "open_version"]


@contextmanager
def open_indexes(settings: Settings) -> Iterator[Indexes]:
    """Own the data folder and open the live version of the index in it; made when missing.

    What a dead process left is put in order: its jobs are interrupted, its unfinished writes cleaned up. What is not as
    its owner left it (indexes/upkeep/checksums.py) is served around until it has been made again from the catalogue.

    Raises:
        DataFolderOwned: another process owns the folder.
        IndexBroken: the embedder that the index was made with is not at hand, another version of Touchstone made it, or
            its catalogue is damaged or gone.
    """
    with own(settings.data) as lock, open_version(settings, lock, versions.pointer(settings.data).live) as indexes:
        yield indexes


@contextmanager
def open_version(settings: Settings, lock: Lock, name: str) -> Iterator[Indexes]:
    """Open one version of the index in a data folder that is owned. Raises IndexBroken like `open_indexes`."""
    folder = versions.folder_of(settings.data, name)
    with ExitStack() as stack:
        checksums = stack.enter_context(checked(folder))
        catalogue = stack.enter_context(closing(Catalogue(folder / versions.CATALOGUE, settings.data)))
        if name == versions.pointer(settings.data).live:
            catalogue.note_keys()
        if checksums.verdict("catalogue") is Verdict.UNKNOWN:
            check.check(catalogue)
        embedder, recipe = manifest.embedder_of(catalogue, settings)
        reranker = choose_reranker(settings.reranker)
        catalogue.jobs.interrupt()
        uploads = Uploads(settings.data, catalogue)
        if name == versions.pointer(settings.data).live:
            uploads.finish()
        caretaker = Caretaker(folder, catalogue, checksums, uploads, dimension=embedder.dimension)
        stack.enter_context(closing(caretaker))
        sweep(catalogue, caretaker.vectors, caretaker.keyword)
        pool = stack.enter_context(ThreadPoolExecutor(cores(), thread_name_prefix="search"))
        yield Indexes(
            catalogue=catalogue,
            keyword=caretaker.keyword,
            vectors=caretaker.vectors,
            embedder=embedder,
            reranker=reranker,
            recipe=recipe,
            search=settings.search,
            version=manifest.version(embedder) + (f".{name}" if name != versions.FIRST else ""),
            lock=lock,
            caretaker=caretaker,
            uploads=uploads,
            pool=pool,
        )
