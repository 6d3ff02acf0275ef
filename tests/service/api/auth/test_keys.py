"""Keys: who may call, and what is said to those who may not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cli.serve import open_service
from core.access import SCOPES
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from service.api.app import create_app
from tests.service.api.callers import Caller, routes_of

OPEN = {"/healthz", "/readyz", "/", "/docs", "/openapi.json", "/page.css", "/page.js"}
"""What asks for no key: it tells nothing of what is stored."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    @contextmanager
    def opened() -> Iterator[object]:
        with open_service(settings, "http://127.0.0.1:8000") as live:
            yield live

    with TestClient(create_app(settings, open_service=opened), base_url="http://127.0.0.1:8000") as client:  # type: ignore[arg-type]
        yield client


@pytest.fixture
def owner(client: TestClient) -> Caller:
    """The owner of the folder, after the first key was made."""
    key = client.post("/v1/keys", json={"name": "first", "scopes": ["admin"]}).json()["key"]
    return Caller(client, key)


def test_without_any_key_whoever_reaches_it_may_do_everything(client: TestClient) -> None:
    assert client.get("/v1/keys").json() == {"keys": []}
    assert client.get("/v1/index").status_code == 200


def test_from_the_first_key_on_every_route_asks_for_one_but_those_that_tell_nothing(owner: Caller) -> None:
    for method, path, _ in routes_of(owner.client.app):
        for headers in ({}, {"Authorization": "Bearer nonsense"}):
            reply = owner.client.request(method, path.replace("{", "").replace("}", ""), headers=headers)
            if path in OPEN:
                assert reply.status_code in ((401,) if (method, path) == ("POST", "/") else (200,)), (method, path)
            else:
                assert (reply.status_code, reply.headers.get("WWW-Authenticate")) == (401, "Bearer"), (method, path)


def test_every_route_lets_those_pass_who_have_its_scope_and_nobody_else(owner: Caller) -> None:
    kinds = {scope: owner.made(name=scope, scopes=[scope]) for scope in SCOPES}
    revoked = owner.made(name="revoked", scopes=["admin"])
    owner.call("DELETE", "/v1/keys/revoked")
    found = {(method, path): scope for method, path, scope in routes_of(owner.client.app)}
    assert {path for (_, path), scope in found.items() if scope is None} == OPEN
    for (method, path), needed in found.items():
        plain = path.replace("{", "").replace("}", "")
        if needed is None:
            continue
        assert revoked.call(method, plain).status_code == 401
        for scope, caller in kinds.items():
            if scope not in (needed, "admin"):
                reply = caller.call(method, plain)
                assert (reply.status_code, reply.json()["code"]) == (403, "forbidden"), (method, path)
                assert repr(needed) in reply.json()["detail"]
            elif method == "GET":
                assert caller.call(method, plain).status_code not in (401, 403)


def test_admin_implies_every_scope_and_query_implies_no_other(owner: Caller) -> None:
    reader = owner.made(name="r")
    assert owner.call("POST", "/v1/query", json={"question": "x"}).status_code != 403
    assert [reader.call("GET", f"/v1/{path}").status_code for path in ("models", "ingestions", "keys", "index")] == [
        200, 403, 403, 403,
    ]  # fmt: skip


def test_the_description_declares_keys_and_what_is_said_without(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert described["components"]["securitySchemes"].keys() == {"bearer", "key"}
    for path, methods in described["paths"].items():
        for operation in methods.values():
            if path.startswith("/v1/"):
                assert operation["security"] == [{"bearer": []}, {"key": []}]
                assert {"401", "403"} <= operation["responses"].keys()


def test_a_key_works_in_either_header_and_is_refused_anywhere_else(owner: Caller) -> None:
    get = owner.client.get
    assert get("/v1/models", headers={"X-API-Key": owner.key}).status_code == 200
    assert get("/v1/models", headers={"authorization": f"bEARER  {owner.key}"}).status_code == 200
    assert get("/v1/models", headers={"Authorization": f"Basic {owner.key}"}).status_code == 401
    assert get("/v1/models", params={"key": owner.key, "access_token": owner.key}).status_code == 401
    assert get("/v1/models", headers={"Cookie": f"key={owner.key}"}).status_code == 401


BAD = {
    "cut short": lambda key: key[:-1],
    "longer": lambda key: key + "A",
    "another last letter": lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
    "the id alone": lambda key: key[:15],
    "another id": lambda key: f"ts_{'0' * 12}_{key[16:]}",
    "in capitals": str.upper,
    "twice": lambda key: f"{key},{key}",
    "with a wildcard": lambda key: key[:15] + "_%",
    "with SQL": lambda key: f"{key}' or '1'='1",
    "of another kind": lambda key: "sk-" + key[3:],
    "very long": lambda key: key + "x" * 20_000,
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_anything_but_the_key_itself_is_refused_in_one_way(owner: Caller, change: object) -> None:
    reply = owner.client.get("/v1/models", headers={"Authorization": f"Bearer {change(owner.key)}"})  # type: ignore[operator]
    assert reply.status_code == 401
    assert owner.key not in reply.text


def test_two_keys_in_one_request_are_refused(owner: Caller) -> None:
    twice = [("Authorization", f"Bearer {owner.key}"), ("Authorization", f"Bearer {owner.key}")]
    both = {"Authorization": f"Bearer {owner.key}", "X-API-Key": owner.key}
    assert owner.client.get("/v1/models", headers=twice).status_code == 401
    assert owner.client.get("/v1/models", headers=both).status_code == 401


def test_a_revoked_key_is_refused_on_the_next_request_whoever_revoked_it(owner: Caller, settings: Settings) -> None:
    one, other = owner.made(name="one"), owner.made(name="other")
    assert one.call("GET", "/v1/models").status_code == other.call("GET", "/v1/models").status_code == 200
    assert owner.call("DELETE", "/v1/keys/one").json()["keys"][0]["revoked"]
    assert (one.call("GET", "/v1/models").status_code, other.call("GET", "/v1/models").status_code) == (401, 200)
    with closing(sqlite3.connect(settings.data / "catalogue.sqlite3")) as elsewhere:
        elsewhere.execute("update keys set revoked = '2026-01-01' where name = 'other'")
        elsewhere.commit()
    assert other.call("GET", "/v1/models").status_code == 401
    assert owner.call("DELETE", "/v1/keys/nobody").status_code == 404


def test_a_key_ends_when_it_said(owner: Caller, settings: Settings) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    late = owner.made(name="late", expires=soon)
    assert late.call("GET", "/v1/models").status_code == 200
    with closing(sqlite3.connect(settings.data / "catalogue.sqlite3")) as elsewhere:
        elsewhere.execute("update keys set expires = '2026-01-01T00:00:00+00:00' where name = 'late'")
        elsewhere.commit()
    assert "expired" in late.call("GET", "/v1/models").json()["detail"]
    gone = owner.call("POST", "/v1/keys", json={"name": "x", "expires": "2020-01-01T00:00:00Z"})
    assert (gone.status_code, "future" in gone.json()["detail"]) == (422, True)


def test_the_key_is_in_no_file_and_its_use_is_noted_by_the_day(owner: Caller, settings: Settings) -> None:
    for _ in range(2):
        owner.call("GET", "/v1/models")
    (row,) = owner.call("GET", "/v1/keys").json()["keys"]
    assert row["last_used"] == datetime.now(UTC).isoformat()[:10]
    held = b"".join(path.read_bytes() for path in settings.data.rglob("*") if path.is_file())
    assert owner.key[16:].encode() not in held


def test_once_all_keys_are_revoked_the_door_stays_shut(owner: Caller) -> None:
    owner.call("DELETE", "/v1/keys/first")
    assert owner.client.get("/v1/models").status_code == 401


def test_the_page_shows_nothing_of_the_data_until_there_is_a_key(owner: Caller) -> None:
    page = owner.client.get("/")
    assert page.status_code == 200
    assert "asks for a key" in page.text
    assert "Ask your documents" in owner.client.get("/", headers=owner.headers).text
    refused = owner.client.post("/", data={"question": "x"}, headers={"Authorization": "Bearer ts_no"})
    assert (refused.status_code, "not one of this service" in refused.text) == (401, True)


def test_what_the_owner_can_read_in_the_data_folder_opens_the_door(owner: Caller, settings: Settings) -> None:
    from indexes.upkeep.lock import owner_of

    found = owner_of(settings.data)
    assert found
    assert oct((settings.data / "owner.lock").stat().st_mode)[-3:] == "600"
    assert found.secret not in repr(found)
    assert Caller(owner.client, found.secret).call("GET", "/v1/keys").status_code == 200
