"""How far a rebuild is, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass


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
