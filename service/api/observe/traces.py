"""A trace of every request for OpenTelemetry, when it is told where to. The only file that imports opentelemetry.

A span a request and one a stage, made when the request has ended: stages follow each other, so that their lengths tell
where they began.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.errors import SettingsError
from core.settings.load import standard_variable
from service.api.observe.request import Ended

if TYPE_CHECKING:
    from opentelemetry.trace import Span

ENDPOINT, PROTOCOL = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL"
HTTP, GRPC = "http/protobuf", "grpc"
INSTALL = "Install it: pip install 'touchstone[otel]'."
NOT_STAGES = frozenset({"total"})
FLUSH_MILLISECONDS = 3000

logger = logging.getLogger(__name__)


class Traces:
    """Sends spans to the collector that the variables of OpenTelemetry name, in the background."""

    def __init__(self) -> None:
        """Raises SettingsError when what is needed is not installed."""
        try:
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise SettingsError(f"{ENDPOINT} is set, but OpenTelemetry is not installed. {INSTALL}") from error
        resource = Resource.create({"service.name": standard_variable("OTEL_SERVICE_NAME") or "touchstone"})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(_exporter(standard_variable(PROTOCOL))))
        self._tracer = self._provider.get_tracer("touchstone")

    def observe(self, ended: Ended) -> None:
        """Trace a request that has been answered; as a part of the caller's trace, when it says so."""
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier = {name: value for name in ("traceparent", "tracestate") if (value := ended.headers.get(name))}
        span = self._tracer.start_span(
            f"{ended.method} {ended.route}",
            context=TraceContextTextMapPropagator().extract(carrier),
            kind=SpanKind.SERVER,
            start_time=ended.began,
            attributes=_attributes(ended),
        )
        if ended.status >= 500 or not ended.status:
            span.set_status(Status(StatusCode.ERROR))
        end = ended.began + round(ended.seconds * 1e9)
        self._stages(ended, set_span_in_context(span), end)
        span.end(end_time=end)

    def close(self) -> None:
        """Send what is left, for as long as that may take."""
        self._provider.force_flush(FLUSH_MILLISECONDS)
        self._provider.shutdown()

    def _stages(self, ended: Ended, parent: Any, end: int) -> None:  # noqa: ANN401 -- a context of the library
        """The stages, which come last in a request: the last one ends where it does."""
        stages = [(name, round(ms * 1e6)) for name, ms in ended.stages_ms.items() if name not in NOT_STAGES]
        at = max(ended.began, end - sum(length for _, length in stages))
        for name, length in stages:
            span: Span = self._tracer.start_span(name, context=parent, start_time=at)
            at += length
            span.end(end_time=min(at, end))


def traces_if_wanted() -> Traces | None:
    """Traces when a collector is named. Raises SettingsError like `Traces`."""
    return Traces() if standard_variable(ENDPOINT) else None


def _attributes(ended: Ended) -> dict[str, str | int]:
    told = ended.told
    known: dict[str, str | int | None] = {
        "http.request.method": ended.method,
        "http.route": ended.route,
        "http.response.status_code": ended.status,
        "touchstone.request_id": ended.request_id,
        "touchstone.key": told.key,
        "touchstone.reason": told.reason,
        "error.type": told.code,
        "gen_ai.request.model": told.model,
        "gen_ai.usage.input_tokens": told.usage.input_tokens if told.usage else None,
        "gen_ai.usage.output_tokens": told.usage.output_tokens if told.usage else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _exporter(protocol: str) -> Any:  # noqa: ANN401 -- one of two classes of the library
    """By HTTP unless gRPC is asked for, or is all that is installed."""
    makers: dict[str, Callable[[], Any]] = {HTTP: _by_http, GRPC: _by_grpc}
    if protocol and protocol not in makers:
        raise SettingsError(f"{PROTOCOL} is {protocol!r}; known are {HTTP} and {GRPC}.")
    for name in [protocol] if protocol else [HTTP, GRPC]:
        try:
            exporter = makers[name]()
        except ImportError:
            continue
        if not protocol and name == GRPC:
            logger.warning("traces go by gRPC, since the exporter for HTTP is not installed (touchstone[otel])")
        return exporter
    raise SettingsError(f"{ENDPOINT} is set, but OpenTelemetry's exporter is not installed. {INSTALL}")


def _by_http() -> Any:  # noqa: ANN401 -- as above
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _by_grpc() -> Any:  # noqa: ANN401 -- as above
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
