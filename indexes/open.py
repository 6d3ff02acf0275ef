"""Opening a data folder: the one way to get `Indexes`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from core.errors import IndexBroken
from core.settings import Settings
from indexes import manifest, rebuild, versions
from indexes.catalogue import Catalogue
from indexes.indexes import Indexes
from indexes.keyword.choose import discard_keyword, open_keyword
from indexes.keyword.protocol import KeywordIndex
from indexes.lock import Lock, own
from indexes.rerankers.choose import choose_reranker
from indexes.vector.choose import discard_vectors, open_vectors
from indexes.vector.protocol import VectorIndex
from indexes.write import sweep

__all__ = ["Indexes", "open_indexes", "open_version"]

logger = logging.getLogger(__name__)


@contextmanager
def open_indexes(settings: Settings) -> Iterator[Indexes]:
    """Own the data folder and open the live version of the index in it; made when missing.

    What a dead process left is put in order: its jobs are interrupted, its unfinished writes cleaned up, and a vector
    index that does not agree with the catalogue is mended or rebuilt.

    Raises:
        DataFolderOwned: another process owns the folder.
        IndexBroken: the embedder that the index was made with is not at hand, another version of Touchstone made it, or
            its catalogue cannot be read.
    """
    with own(settings.data) as lock, open_version(settings, lock, versions.pointer(settings.data).live) as indexes:
        yield indexes


@contextmanager
def open_version(settings: Settings, lock: Lock, name: str) -> Iterator[Indexes]:
    """Open one version of the index in a data folder that is owned. Raises IndexBroken like `open_indexes`."""
    folder = versions.folder_of(settings.data, name)
    with ExitStack() as stack:
        catalogue = stack.enter_context(closing(Catalogue(folder / versions.CATALOGUE)))
        embedder, recipe = manifest.embedder_of(catalogue, settings)
        reranker = choose_reranker(settings.reranker)
        catalogue.jobs.interrupt()
        if lock.inherited:
            catalogue.remember(rebuild.DOUBT, "a process died")
        keyword = stack.enter_context(closing(_keyword(folder / "keyword", catalogue)))
        vectors = stack.enter_context(closing(_vectors(folder / "chroma", catalogue)))
        sweep(catalogue, vectors, keyword)
        yield Indexes(
            catalogue=catalogue,
            keyword=keyword,
            vectors=vectors,
            embedder=embedder,
            reranker=reranker,
            recipe=recipe,
            search=settings.search,
            version=manifest.version(embedder) + (f".{name}" if name != versions.FIRST else ""),
            lock=lock,
        )


def _vectors(folder: Path, catalogue: Catalogue) -> VectorIndex:
    """The vector index, agreeing with the catalogue: mended, or a new one in place of one that is broken."""
    vectors: VectorIndex | None = None
    try:
        vectors = open_vectors(folder)
        rebuild.reconcile(catalogue, vectors)
        if rebuild.finds_itself(catalogue, vectors):
            return vectors
        reason = "stored vectors were not found"
    except IndexBroken as error:
        reason = str(error)
    logger.warning("the vector index is broken and is made again", extra={"reason": reason})
    if vectors is not None:
        vectors.close()
    discard_vectors(folder)
    vectors = open_vectors(folder)
    rebuild.refill(catalogue, vectors)
    return vectors


def _keyword(folder: Path, catalogue: Catalogue) -> KeywordIndex:
    """The keyword index, agreeing with the catalogue: mended, or a new one in place of one that is broken."""
    try:
        keyword = open_keyword(folder)
        rebuild.reconcile_words(catalogue, keyword)
        return keyword
    except IndexBroken as error:
        logger.warning("the keyword index is broken and is made again", extra={"reason": str(error)})
    discard_keyword(folder)
    keyword = open_keyword(folder)
    rebuild.refill_words(catalogue, keyword)
    return keyword
