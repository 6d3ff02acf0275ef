"""What became of each document that was found, or had been there before: values, never exceptions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

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


State = Literal["COMPLETED", "COMPLETED_WITH_ERRORS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """`outcomes`: of every document that was read or removed, or that could not be read."""

    job_id: str
    collection: str
    outcomes: tuple[Outcome, ...]
    unchanged: int
    """Documents whose present version was there already; of those that were not even read, nothing else is told."""
    seconds: float

    @property
    def state(self) -> State:
        """COMPLETED_WITH_ERRORS when a document failed."""
        return "COMPLETED_WITH_ERRORS" if self.failed else "COMPLETED"

    @property
    def found(self) -> int:
        """Documents in the source: indexed + unchanged + skipped + failed."""
        return self.indexed + self.unchanged + self.skipped + self.failed

    @property
    def indexed(self) -> int:
        """Documents whose present version was written."""
        return self._count(Indexed)

    @property
    def skipped(self) -> int:
        """Documents left alone on purpose."""
        return self._count(Skipped)

    @property
    def failed(self) -> int:
        """Documents that could not be read."""
        return self._count(Failed)

    @property
    def removed(self) -> int:
        """Documents that were in the index and are no longer in the source."""
        return self._count(Removed)

    @property
    def chunks(self) -> int:
        """Chunks written by this ingestion."""
        return sum(outcome.chunks for outcome in self.outcomes if isinstance(outcome, Indexed))

    def reasons(self) -> dict[str, int]:
        """How many documents were skipped or failed, by code, the most frequent first."""
        return dict(Counter(o.code for o in self.outcomes if isinstance(o, Skipped | Failed)).most_common())

    def _count(self, kind: type[Outcome]) -> int:
        return sum(isinstance(outcome, kind) for outcome in self.outcomes)
