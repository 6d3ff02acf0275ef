"""What the routes work with, opened once by the lifespan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.access import Principal
from core.settings.load import Settings
from core.sources import Patterns

if TYPE_CHECKING:
    from indexes.catalogue.rows import DocumentRow, JobRow, Order
    from indexes.cutover.overview import VersionRow
    from indexes.indexes import Indexes
    from service.answering.models.choose import Model
    from service.api.wire.evaluations import EvaluationIn, EvaluationOut
    from service.api.wire.jobs import PlanOut
    from service.api.wire.versions import PruneOut, RebuildIn, RebuildOut, RollbackOut


class JobControl(Protocol):
    """Begins and ends ingestion jobs. Raises UnknownJob, JobConflict, and Unavailable when jobs cannot be begun."""

    def submit(self, source: str, collection: str, *, patterns: Patterns, order: Order) -> JobRow:
        """Queue a source; with the idempotency key of an earlier job, return that.

        Raises KeyReused and SourceError too.
        """

    def cancel(self, job_id: str) -> JobRow:
        """End a job that waits; a running one ends before its next document."""

    def retry(self, job_id: str) -> JobRow:
        """Queue another attempt at what a job did not get done."""


class Foresee(Protocol):
    """Tells what a job would do that is asked for like one to `JobControl.submit`. Raises SourceError, Unavailable."""

    def __call__(self, source: str, collection: str, *, patterns: Patterns, order: Order) -> PlanOut:
        """The plan; nothing is written."""


class Pages(Protocol):
    """Shows pages of documents. Raises NoPageImage, and Unavailable when nothing can be shown now."""

    def picture(self, row: DocumentRow, number: int, *, marked: str = "") -> bytes:
        """A page, from 1, as PNG, with the words marked."""


class Upkeep(Protocol):
    """Exchanges the version of the index that is served. Raises JobConflict while it is at it."""

    def overview(self) -> Sequence[VersionRow]:
        """The versions that there are."""

    def rebuild(self, asked: RebuildIn) -> RebuildOut:
        """Begin to make the version that is asked for; it is served when it is ready."""

    def rebuilding(self) -> RebuildOut:
        """How far the latest rebuild is. Raises UnknownJob when there was none since the service started."""

    def roll_back(self) -> RollbackOut:
        """Serve the version before again. Raises UsageError when there is none."""

    def prune(self) -> PruneOut:
        """Remove every version but the live one."""


class Evaluations(Protocol):
    """Runs evaluations for callers. Raises UnknownJob for one that is not there or not for the caller to see."""

    def start(self, asked: EvaluationIn, principal: Principal) -> EvaluationOut:
        """Begin one on the documents that the principal may read.

        Raises JobConflict while one is at work, Forbidden, and what is wrong with what was asked for.
        """

    def latest(self, principal: Principal, limit: int) -> Sequence[EvaluationOut]:
        """Those that the principal may see, newest first."""

    def find(self, evaluation_id: str, principal: Principal) -> EvaluationOut:
        """One of them."""

    def report(self, evaluation_id: str, principal: Principal) -> str:
        """Its page, HTML. Raises UnknownJob while there is none."""

    def cancel(self, evaluation_id: str, principal: Principal) -> EvaluationOut:
        """Let one end after the calls under way. Raises JobConflict when it has ended."""

    def resume(self, evaluation_id: str, principal: Principal) -> EvaluationOut:
        """Go on with one that did not get to its end. Raises JobConflict, and UsageError when too much has changed."""

    def remove(self, evaluation_id: str, principal: Principal) -> None:
        """Remove one. Raises JobConflict while it is at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The open parts of a running service.

    `models(name)` opens the named model, or the default one for None, and raises UnknownModel.
    """

    settings: Settings
    indexes: Indexes
    jobs: JobControl
    models: Callable[[str | None], Model]
    pages: Pages | None = None
    foresee: Foresee | None = None
