"""What an ingestion would do, as the command prints it and the service replies."""

from __future__ import annotations

from core.settings.load import Settings
from core.sources import Patterns
from indexes.catalogue.rows import Order
from indexes.indexes import Indexes
from ingest.pipeline import foreseen
from ingest.record import new_job
from ingest.work import Work
from service.api.wire.jobs import JobDocumentOut, MovedOut, PlanOut
from service.api.wire.message import printable


def foresee(
    indexes: Indexes, settings: Settings, source: str, collection: str, *, patterns: Patterns, order: Order
) -> PlanOut:
    """What a job would do that is asked for like this; nothing is written.

    Raises:
        SourceError: the source is missing, cannot be listed, or holds no file that could be ingested.
        Unavailable: it does not answer.
    """
    job = new_job(source, collection, "QUEUED", "service", patterns, order)
    plan = foreseen(Work(indexes=indexes, settings=settings.ingest, job=job, roots=settings.server.sources))
    return PlanOut(
        source=printable(plan.source),
        found=plan.found,
        added=tuple(map(printable, plan.added)),
        changed=tuple(map(printable, plan.changed)),
        moved=tuple(MovedOut.model_validate({"from": printable(old), "to": printable(new)}) for old, new in plan.moved),
        described=tuple(printable(changed.item.document) for changed in plan.described),
        unchanged=tuple(printable(item.document) for item in (*plan.unchanged, *plan.touched)),
        removed=tuple(map(printable, plan.removed)),
        skipped=tuple(
            JobDocumentOut(
                document=printable(outcome.document),
                status=type(outcome).__name__.lower(),
                code=outcome.code,
                reason=printable(outcome.reason),
            )
            for outcome in plan.decided
        ),
        sizes={printable(item.document): item.size for item in plan.to_read},
    )
