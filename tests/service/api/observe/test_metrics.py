"""Figures and traces say how the service fares, and nothing of what it is asked or holds."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, cast

import grpc
import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as wire
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as services
from prometheus_client.parser import text_string_to_metric_families

from core.errors import SettingsError
from core.settings.sections import ModelSettings, ScheduledSource
from indexes.catalogue.rows import JobState
from ingest.record import new_job
from service.answering.models.choose import open_model
from service.api.app import create_app
from service.api.observe import traces
from service.api.state import Service

LEAVE = {"question": "How many weeks of paid parental leave do parents have?"}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def figures(client: TestClient) -> dict[tuple[str, ...], float]:
    """Every figure by its name and the values of its labels."""
    reply = client.get("/metrics")
    assert reply.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_template_and_nothing_else(client: TestClient) -> None:
    for path in ("/v1/documents/one-canary", "/v1/documents/two-canary", "/canary", "/v1/documents?collection=canary"):
        client.get(path)
    client.request("CANARY", "/v1/query")
    found = figures(client)
    assert found["touchstone_requests_total", "GET", "/v1/documents/{document_id}", "404"] == 2
    assert found["touchstone_requests_total", "GET", "none", "404"] == 1
    assert found["touchstone_request_seconds_count", "GET", "/v1/documents/{document_id}"] == 2
    assert not [name for name in found if any("canary" in part.lower() for part in name)]


def test_answers_refusals_tokens_cost_and_stages_are_counted(client: TestClient) -> None:
    answered = client.post("/v1/query", json=LEAVE).json()
    assert answered["answered"]
    client.post("/v1/query", json={"question": "zzz qqq"})
    client.post("/v1/search", json={"text": "parental leave"})
    found = figures(client)
    assert found["touchstone_answers_total", "extractive"] == 1
    assert sum(number for name, number in found.items() if name[:2] == ("touchstone_refusals_total", "extractive")) == 1
    assert found["touchstone_tokens_total", "input", "extractive"] >= answered["usage"]["input_tokens"] > 0
    assert found["touchstone_cost_usd_total", "extractive"] == 0
    assert found["touchstone_stage_seconds_count", "embed"] == 3
    assert found["touchstone_stage_seconds_count", "generate"] >= 1


def test_quotes_that_stand_nowhere_are_counted_and_so_is_the_time_for_a_conversation(service: Service) -> None:
    reply = '{"quotes": [{"passage": 1, "text": "for a year"}, {"passage": 9, "text": "x"}], "answer": "A year"}'
    models = {"main": ModelSettings(kind="scripted", replies=(LEAVE["question"], reply), default=True)}
    settings = service.settings.model_copy(update={"models": models})
    wrong = replace(service, settings=settings, models=partial(open_model, settings, embedder=service.indexes.embedder))
    app = create_app(settings, open_service=lambda: nullcontext(wrong))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        asked = client.post("/v1/query", json={**LEAVE, "turns": [{"role": "user", "text": "Parental leave?"}]})
        assert asked.json()["reason"] == "unsupported_answer"
        found = figures(client)
    assert found["touchstone_dropped_quotes_total", "main"] == 2
    assert found["touchstone_stage_seconds_count", "condense"] == 1


def test_what_is_stored_and_what_waits_is_there(client: TestClient) -> None:
    found = figures(client)
    assert found["touchstone_documents",] == 2
    assert found["touchstone_chunks",] == found["touchstone_vectors",] >= 2
    assert found["touchstone_jobs", "COMPLETED"] == 1
    assert found["touchstone_queue_age_seconds",] == 0
    assert found["touchstone_index_degraded", "vector index"] == 0
    assert found["process_resident_memory_bytes",] > 0


class Collector:
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        self.spans: list[Any] = []

    def export(self, request: Any, _: object) -> Any:
        self.spans += [span for of in request.resource_spans for scope in of.scope_spans for span in scope.spans]
        return wire.ExportTraceServiceResponse()


@contextmanager
def collecting_by_http() -> Iterator[tuple[Collector, str]]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            reply = collector.export(wire.ExportTraceServiceRequest.FromString(body), None).SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        listening = threading.Thread(target=server.serve_forever)
        listening.start()
        yield collector, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        listening.join()


@contextmanager
def collecting_by_grpc() -> Iterator[tuple[Collector, str]]:
    collector, server = Collector(), grpc.server(ThreadPoolExecutor(1))
    servicer = services.TraceServiceServicer()
    servicer.Export = collector.export
    services.add_TraceServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield collector, f"http://127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.mark.parametrize(
    ("protocol", "collecting"),
    [(traces.GRPC, collecting_by_grpc), (traces.HTTP, collecting_by_http), ("", collecting_by_http)],
    ids=["grpc", "http", "unsaid"],
)
def test_a_request_is_traced_with_its_stages_in_the_caller_s_trace(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
    collecting: Callable[[], AbstractContextManager[tuple[Collector, str]]],
) -> None:
    with collecting() as (collector, url):
        monkeypatch.setenv(traces.ENDPOINT, url)
        monkeypatch.setenv(traces.PROTOCOL, protocol)
        app = create_app(service.settings, open_service=lambda: nullcontext(service))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            client.post("/v1/query", json=LEAVE, headers={"traceparent": PARENT, "X-Request-ID": "r-1"})
    spans = {span.name: span for span in collector.spans}
    request = spans.pop("POST /v1/query")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == tuple(PARENT.split("-")[1:3])
    assert "r-1" in {pair.value.string_value for pair in request.attributes}
    assert {"embed", "dense", "keyword", "fetch", "pack", "generate", "cite"} <= set(spans)
    for span in spans.values():
        assert span.parent_span_id == request.span_id
        assert request.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= request.end_time_unix_nano
    assert "parental" not in str(collector.spans)


def test_traces_that_cannot_be_sent_as_asked_are_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(traces.ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setenv(traces.PROTOCOL, "carrier-pigeon")
    with pytest.raises(SettingsError, match="carrier-pigeon"):
        traces.traces_if_wanted()


def test_without_a_collector_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(traces.ENDPOINT, raising=False)
    assert traces.traces_if_wanted() is None


def test_each_schedule_says_when_it_last_succeeded_and_last_failed(service: Service) -> None:
    jobs, schedule = service.indexes.catalogue.jobs, {}
    for name, states in {"good": ["COMPLETED"], "bad": ["COMPLETED", "FAILED"], "new": []}.items():
        entry = schedule[name] = ScheduledSource(source=f"/srv/{name}", every_minutes=60)
        for state in states:
            job = jobs.add(new_job(entry.source, entry.collection, "RUNNING", "service"))
            jobs.finish(job.id, cast(JobState, state), {})
    settings = service.settings.model_copy(update={"schedule": schedule})
    app = create_app(settings, open_service=lambda: nullcontext(replace(service, settings=settings)))
    began = time.time() - 60
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        ends = {name[0][25:32] + " " + name[1]: at for name, at in figures(client).items() if "_schedule_" in name[0]}
    assert set(ends) == {"success good", "success bad", "failure bad"}
    assert all(began < at <= time.time() for at in ends.values())
    assert ends["success bad"] <= ends["failure bad"]
