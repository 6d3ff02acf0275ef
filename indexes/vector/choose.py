"""Opens the vector index of a data folder."""

from __future__ import annotations

from pathlib import Path

from indexes.vector.chroma import ChromaIndex
from indexes.vector.protocol import VectorIndex


def open_vectors(folder: Path) -> VectorIndex:
    """The vector index in a folder, made when missing. Raises IndexBroken when it must be rebuilt."""
    return ChromaIndex(folder)


def discard_vectors(folder: Path) -> None:
    """Delete the vector index in a folder; it must not be open."""
    ChromaIndex.discard(folder)
