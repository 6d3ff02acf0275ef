"""What holds for every request."""

from __future__ import annotations

import logging
from contextlib import nullcontext

import pytest
from fastapi.testclient import TestClient

from core.settings.load import Settings
from service.api.app import create_app
from service.api.state import Service


def test_a_request_keeps_the_id_it_came_with(client: TestClient) -> None:
    reply = client.get("/nothing", headers={"X-Request-ID": "order-17"})
    assert reply.headers["X-Request-ID"] == reply.json()["request_id"] == "order-17"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, '"><script>'])
def test_a_strange_id_is_replaced(client: TestClient, given: str) -> None:
    reply = client.get("/healthz", headers={"X-Request-ID": given})
    assert reply.headers["X-Request-ID"] not in ("", given)


def test_a_bug_is_a_problem_for_the_caller_and_a_traceback_in_the_log(
    service: Service, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Service(settings=settings, indexes=service.indexes, jobs=service.jobs, models=lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
    app = create_app(settings, open_service=lambda: nullcontext(broken))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        reply = client.post("/v1/query", json={"question": "canary"})
    assert (reply.status_code, reply.json()["code"]) == (500, "internal")
    assert "ZeroDivisionError" in caplog.text
    assert "canary" not in caplog.text + reply.text


def test_no_log_line_holds_a_question_or_a_passage(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="service")
    client.post("/v1/query", json={"question": "How many weeks of parental leave?"})
    client.post("/v1/search", json={"text": "parental leave"})
    assert "request.ended" in caplog.text
    assert "parental" not in caplog.text


def test_pages_may_load_nothing_from_elsewhere(client: TestClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
