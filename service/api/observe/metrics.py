"""Figures for Prometheus. The only file that imports prometheus_client.

Labels are templates of paths, names from the settings and words of our own: there are never more series than these.
"""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.access import OWNER
from core.errors import IndexBroken
from core.settings.sections import ScheduledSource
from core.sources import named
from indexes.catalogue.jobs import Jobs
from indexes.catalogue.rows import JobState
from indexes.upkeep.health import PARTS
from service.api.observe.request import Ended

if TYPE_CHECKING:
    from indexes.indexes import Indexes

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STAGES = frozenset(
    {
        "wait",
        "condense",
        "embed",
        "scope",
        "dense",
        "keyword",
        "fetch",
        "rerank",
        "read",
        "pack",
        "generate",
        "cite",
        "total",
    }
)
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
STAGE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
ENDED: Mapping[str, tuple[JobState, ...]] = {
    "success": ("COMPLETED",),
    "failure": ("FAILED", "COMPLETED_WITH_ERRORS"),
}
TURNED_AWAY = frozenset({"overloaded", "rate_limited"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """How much is stored, and how much waits. `vectors` is None while the vector index cannot be read."""

    documents: int
    chunks: int
    vectors: int | None
    jobs: Mapping[Any, int]
    oldest_waiting: datetime | None
    troubled: frozenset[str]
    """Parts that are broken and answered around."""
    schedules: Mapping[str, Mapping[str, datetime]]
    """When a job of each schedule last ended, by its name: `success` and `failure`, of those that there were."""

    @classmethod
    def of(cls, indexes: Indexes, schedule: Mapping[str, ScheduledSource]) -> Stored:
        """As it is now. Some milliseconds at a hundred thousand chunks."""
        rows = indexes.catalogue.collections(access=OWNER)
        try:
            vectors = sum(indexes.caretaker.vectors.count(row.name) for row in rows)
        except IndexBroken:
            vectors = None
        return cls(
            documents=sum(row.documents for row in rows),
            chunks=sum(row.chunks for row in rows),
            vectors=vectors,
            jobs=indexes.catalogue.jobs.counts(),
            oldest_waiting=indexes.catalogue.jobs.oldest_waiting(),
            troubled=indexes.caretaker.health.parts(),
            schedules={name: _ended(indexes.catalogue.jobs, entry) for name, entry in schedule.items()},
        )


class Metrics:
    """What has happened since the service started, in a registry of its own."""

    def __init__(self, under_way: Mapping[Any, int]) -> None:
        """`under_way`: requests by kind (service/api/limits/concurrency.py), which are read when the figures are."""
        from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"touchstone_{name}", what, labels, registry=self._registry)

        def seconds(name: str, what: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"touchstone_{name}_seconds", what, labels, buckets=buckets, registry=self._registry)

        self._requests = counter("requests", "Requests answered", "method", "route", "status")
        self._turned_away = counter("turned_away", "Requests refused because there were too many", "code")
        self._answers = counter("answers", "Questions answered", "model")
        self._refusals = counter("refusals", "Questions that got no answer", "model", "reason")
        self._dropped = counter(
            "dropped_quotes", "Quotes of models that stand nowhere in what they were given", "model"
        )
        self._tokens = counter("tokens", "Tokens as models' servers count them", "model", "kind")
        self._cost = counter("cost_usd", "What models cost, for those with a price", "model")
        self._latency = seconds("request", "From request to reply", "method", "route", buckets=REQUEST_SECONDS)
        self._stages = seconds("stage", "A stage of a search or an answer", "stage", buckets=STAGE_SECONDS)
        self._state = _State(under_way)
        self._registry.register(self._state)

    def observe(self, ended: Ended) -> None:
        """Count a request that has been answered."""
        told, method = ended.told, ended.method if ended.method in METHODS else "other"
        self._requests.labels(method, ended.route, str(ended.status)).inc()
        self._latency.labels(method, ended.route).observe(ended.seconds)
        if told.code in TURNED_AWAY:
            self._turned_away.labels(told.code).inc()
        for stage, milliseconds in ended.stages_ms.items():
            self._stages.labels(stage if stage in STAGES else "other").observe(milliseconds / 1000)
        if told.model is None:
            return
        if told.reason is None:
            self._answers.labels(told.model).inc()
        else:
            self._refusals.labels(told.model, told.reason).inc()
        self._dropped.labels(told.model).inc(told.dropped_quotes)
        if told.usage is not None:
            self._tokens.labels(told.model, "input").inc(told.usage.input_tokens)
            self._tokens.labels(told.model, "cached").inc(told.usage.cached_tokens)
            self._tokens.labels(told.model, "output").inc(told.usage.output_tokens)
        if told.cost_usd is not None:
            self._cost.labels(told.model).inc(float(told.cost_usd))

    def page(self, stored: Stored) -> bytes:
        """Every figure, in Prometheus's text form."""
        from prometheus_client import generate_latest

        self._state.stored = stored
        return generate_latest(self._registry)


class _State:
    """Figures that are not counted up but looked at."""

    def __init__(self, under_way: Mapping[Any, int]) -> None:
        self.stored: Stored | None = None
        self._under_way = under_way

    def collect(self) -> Iterator[Any]:
        """One family after the other, as the registry asks for them."""
        yield _gauge("requests_under_way", "Requests let in and not answered yet", "kind", Counted(self._under_way))
        if self.stored is None:
            return
        stored, now = self.stored, datetime.now(UTC)
        waiting = 0.0 if stored.oldest_waiting is None else (now - stored.oldest_waiting).total_seconds()
        troubled = {part: int(part in stored.troubled) for part in PARTS}
        yield _gauge("jobs", "Ingestion jobs", "state", stored.jobs)
        yield _gauge("queue_age_seconds", "How long the oldest waiting job has waited", "", {"": waiting})
        yield _gauge("documents", "Documents in the catalogue", "", {"": stored.documents})
        yield _gauge("chunks", "Chunks in the catalogue", "", {"": stored.chunks})
        if stored.vectors is not None:
            yield _gauge("vectors", "Vectors in the vector index: as many as chunks", "", {"": stored.vectors})
        for way in ENDED:
            ends = {name: ends[way].timestamp() for name, ends in stored.schedules.items() if way in ends}
            yield _gauge(f"schedule_last_{way}_timestamp_seconds", f"Last {way} of a schedule", "schedule", ends)
        yield _gauge("index_degraded", "1: this part is broken and answered around", "part", troubled)


def _ended(jobs: Jobs, entry: ScheduledSource) -> dict[str, datetime]:
    """When a job of a schedule last ended in each way, so far as one did."""
    found = {way: jobs.last_ended(named(entry.source), entry.collection, states) for way, states in ENDED.items()}
    return {way: at for way, at in found.items() if at is not None}


def _gauge(name: str, what: str, label: str, values: Mapping[Any, float]) -> Any:  # noqa: ANN401 -- a type of the library
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"touchstone_{name}", what, labels=[label] if label else [])
    for value, number in sorted(values.items()):
        family.add_metric([value] if label else [], number)
    return family
