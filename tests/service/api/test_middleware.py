"""What holds for every request."""

from __future__ import annotations

import logging
from contextlib import nullcontext

import pytest
from fastapi.testclient import TestClient

from core.settings import ServerSettings, Settings
from service.api.app import create_app
from service.api.state import Service


def test_a_request_keeps_the_id_it_came_with(client: TestClient) -> None:
    reply = client.get("/nothing", headers={"X-Request-ID": "order-17"})
    assert reply.headers["X-Request-ID"] == reply.json()["request_id"] == "order-17"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, '"><script>'])
def test_a_strange_id_is_replaced(client: TestClient, given: str) -> None:
    reply = client.get("/healthz", headers={"X-Request-ID": given})
    assert reply.headers["X-Request-ID"] not in ("", given)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
    ],
)
def test_on_loopback_only_loopback_names_are_answered(client: TestClient, host: str, status: int) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == status


def test_behind_a_proxy_any_name_is_answered(service: Service, settings: Settings) -> None:
    open_to_all = settings.model_copy(update={"server": ServerSettings(host="0.0.0.0", allow_anonymous=True)})
    with TestClient(create_app(open_to_all, open_service=lambda: nullcontext(service))) as client:
        assert client.get("/healthz", headers={"Host": "answers.example"}).status_code == 200


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200)])
def test_a_form_of_another_site_is_refused(client: TestClient, site: str, status: int) -> None:
    reply = client.post("/", data={"question": "When does the shop open?"}, headers={"Sec-Fetch-Site": site})
    assert reply.status_code == status


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
