"""Opening a data folder: the one way to get `Indexes`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from core.errors import IndexBroken
from core.settings import Settings
from indexes import manifest, rebuild
from indexes.catalogue import Catalogue
from indexes.embedders.choose import choose_embedder
from indexes.embedders.remembering import Remembering
from indexes.indexes import Indexes
from indexes.keyword.choose import discard_keyword, open_keyword
from indexes.keyword.protocol import KeywordIndex
from indexes.lock import own
from indexes.rerankers.choose import choose_reranker
from indexes.vector.choose import discard_vectors, open_vectors
from indexes.vector.protocol import VectorIndex
from indexes.write import sweep

__all__ = ["Indexes", "open_indexes"]

logger = logging.getLogger(__name__)


@contextmanager
def open_indexes(settings: Settings) -> Iterator[Indexes]:
    """Own the data folder and open what is in it; made when missing.

    What a dead process left is put in order: its jobs are interrupted, its unfinished writes cleaned up, and a vector
    index that does not agree with the catalogue is mended or rebuilt.

    Raises:
        DataFolderOwned: another process owns the folder.
        IndexBroken: the folder was made with another embedder or another version, or its catalogue cannot be read.
    """
    folder = settings.data
    with ExitStack() as stack:
        lock = stack.enter_context(own(folder))
        catalogue = stack.enter_context(closing(Catalogue(folder / "catalogue.sqlite3")))
        embedder = Remembering(choose_embedder(settings.embedder, fallback=folder / "models"))
        reranker = choose_reranker(settings.reranker)
        manifest.check(catalogue, embedder)
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
            search=settings.search,
            version=manifest.version(embedder),
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
