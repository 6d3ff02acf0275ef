"""What an ingestion did: every document found is in exactly one of four counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from ingest.outcomes import Failed, Indexed, Outcome, Removed, Skipped, Unchanged

State = Literal["COMPLETED", "COMPLETED_WITH_ERRORS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """`outcomes` holds one entry for every document found, and one for every document removed."""

    job_id: str
    collection: str
    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def state(self) -> State:
        """COMPLETED_WITH_ERRORS when a document failed."""
        return "COMPLETED_WITH_ERRORS" if self.failed else "COMPLETED"

    @property
    def found(self) -> int:
        """Documents in the source: indexed + unchanged + skipped + failed."""
        return len(self.outcomes) - self.removed

    @property
    def indexed(self) -> int:
        """Documents whose present version was written."""
        return self._count(Indexed)

    @property
    def unchanged(self) -> int:
        """Documents whose present version was there already."""
        return self._count(Unchanged)

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
