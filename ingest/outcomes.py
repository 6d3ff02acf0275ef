"""What became of one document that was found, or had been there before: a value, never an exception."""

from __future__ import annotations

from dataclasses import dataclass

SKIP_CODES = (
    "hidden", "special_file", "linked_folder", "outside_source", "too_large", "unsupported", "name_taken", "picture",
    "stray_metadata", "closed", "not_yours",
)  # fmt: skip
"""The stable codes of documents that were left alone on purpose; `core.errors.PARSE_CODES` are those of failures."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """The document can be found now, in its present version."""

    document: str
    chunks: int


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The index already holds this very version."""

    document: str


@dataclass(frozen=True, slots=True)
class Removed:
    """The document is no longer in its source, so it is no longer in the index."""

    document: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Left alone on purpose: one of `SKIP_CODES` and a sentence."""

    document: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Could not be read: one of `core.errors.PARSE_CODES` and a sentence. An older good version stays served."""

    document: str
    code: str
    reason: str


Outcome = Indexed | Unchanged | Removed | Skipped | Failed
