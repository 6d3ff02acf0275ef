"""Ingestion jobs that are done before the request for them is answered: the pipeline, without queue and pool."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, cast

from core.errors import TouchstoneError
from core.settings.load import Settings
from core.sources import Patterns
from indexes.catalogue.rows import JobRow, Order
from indexes.indexes import Indexes
from ingest.permitted import rules_of
from ingest.pipeline import lay_out, plan_of, process, sweep
from ingest.plan import fingerprint, limit_of
from ingest.reading.prefetch import Reader
from ingest.reading.read import Reading, draft_or_reason
from ingest.record import RecordedJob, new_job
from ingest.work import Work


class Here:
    """Reads files in this process."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work

    def start(self) -> None:
        """Nothing is to be started."""

    def submit(self, task: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(self._work(task))
        return done

    def result(self, future: Future[Any]) -> Any:
        return future.result()


@dataclass(frozen=True)
class AtOnce:
    """`service.api.state.JobControl`."""

    indexes: Indexes
    settings: Settings

    def submit(self, source: str, collection: str, *, patterns: Patterns, order: Order) -> JobRow:
        job = new_job(source, collection, "RUNNING", "service", patterns, order)
        job = self.indexes.catalogue.jobs.add(job, beside=bool(order.upload))
        with contextlib.suppress(TouchstoneError):  # it is on the job's record
            self._run(job)
        return self.indexes.catalogue.jobs.find(job.id)

    def cancel(self, job_id: str) -> JobRow:
        return self.indexes.catalogue.jobs.cancel(job_id)

    def retry(self, job_id: str) -> JobRow:
        job = self.indexes.catalogue.jobs.find(job_id)
        job = self.indexes.catalogue.jobs.take_up(replace(job, state="RUNNING"))
        with contextlib.suppress(TouchstoneError):
            self._run(job)
        return self.indexes.catalogue.jobs.find(job.id)

    def _run(self, job: JobRow) -> None:
        roots = self.settings.server.sources
        work = Work(indexes=self.indexes, settings=self.settings.ingest, job=job, roots=roots)
        reading = Reading(
            collection=job.collection,
            source=job.source,
            pipeline=fingerprint(self.indexes),
            limit=limit_of(self.indexes),
            max_bytes=1_000_000,
            embedder=self.indexes.embedder,
            rules=rules_of(work),
        )
        with RecordedJob(work) as record:
            planned = plan_of(work)
            lay_out(work, planned, batch=max(1, planned.found))
            process(work, 0, cast(Reader, Here(lambda task: draft_or_reason(reading, task))))
            sweep(work)
            record.finish()
