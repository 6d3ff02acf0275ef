"""Opens the vector index of a data folder."""

from __future__ import annotations

from pathlib import Path

from indexes.vectors.chroma import ChromaIndex
from indexes.vectors.process import ChromaProcess
from indexes.vectors.protocol import VectorIndex


def open_vectors(folder: Path, *, apart: bool = False) -> VectorIndex:
    """The vector index in a folder, made when missing; `apart`: in a process of its own, for one that answers others.

    Raises:
        IndexBroken: it must be rebuilt.
    """
    return ChromaProcess(folder) if apart else ChromaIndex(folder)


def discard_vectors(folder: Path) -> None:
    """Delete the vector index in a folder; it must not be open."""
    ChromaIndex.discard(folder)
