"""What the stored vectors were made with. Vectors of two embedders are never compared."""

from __future__ import annotations

import hashlib

from core.errors import IndexBroken
from indexes.catalogue import Catalogue
from indexes.embedders.protocol import Embedder

FORMAT = "1"


def version(embedder: Embedder) -> str:
    """The index version that searches report: the format and 8 hex digits for the embedder."""
    return f"{FORMAT}-{hashlib.sha256(embedder.name.encode()).hexdigest()[:8]}"


def record(catalogue: Catalogue, embedder: Embedder) -> None:
    """Note the embedder at the first write, and refuse another one later.

    Raises:
        IndexBroken: the catalogue holds vectors of another embedder.
    """
    if catalogue.recall("embedder") is None:
        catalogue.remember("dimension", str(embedder.dimension))
        catalogue.remember("embedder", embedder.name)
    check(catalogue, embedder)


def check(catalogue: Catalogue, embedder: Embedder) -> None:
    """Refuse to work with vectors of another embedder.

    Raises:
        IndexBroken: the catalogue holds vectors of another embedder.
    """
    built_with = catalogue.recall("embedder")
    if built_with not in (None, embedder.name):
        raise IndexBroken(
            f"This index was built with the embedder {built_with} ({catalogue.recall('dimension')} dimensions), "
            f"and the settings ask for {embedder.name}: set the embedder back, or name another folder with --data "
            "and ingest again."
        )
