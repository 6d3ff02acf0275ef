"""Collections over HTTP."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tests.service.api.test_ingestions import client, ended  # noqa: F401 -- a service with jobs


def names(client: TestClient) -> list[str]:  # noqa: F811 -- the fixture
    return [row["name"] for row in client.get("/v1/collections").json()["collections"]]


@pytest.mark.parametrize("name", ["a/b c%", ".."])
def test_a_collection_is_made_filled_and_removed_whatever_its_name(client: TestClient, name: str) -> None:  # noqa: F811
    made = client.post("/v1/collections", json={"name": name})
    assert (made.status_code, made.json()) == (201, {"name": name, "documents": 0, "chunks": 0})
    assert client.post("/v1/collections", json={"name": name}).json()["code"] == "collection_exists"
    files = {"files": ("leave.md", b"Parents have 16 weeks of paid parental leave.\n")}
    job = ended(client, client.post("/v1/ingestions", files=files, data={"collection": name}).headers["Location"])
    assert job["indexed"] == 1
    assert client.delete(f"/v1/collections/{quote(name, safe='')}".replace("..", "%2E%2E")).status_code == 204
    assert names(client) == []
    assert client.get("/v1/ingestions").json()["jobs"] == []
    assert client.post("/v1/search", json={"text": "leave", "collection": name}).status_code == 404


def test_what_was_uploaded_to_a_removed_collection_does_not_come_back(client: TestClient) -> None:  # noqa: F811
    for name in ("old.md", "new.md"):
        files = {"files": (name, f"This is in {name}.\n".encode())}
        ended(client, client.post("/v1/ingestions", files=files, data={"collection": "hr"}).headers["Location"])
        if name == "old.md":
            assert client.delete("/v1/collections/hr").status_code == 204
    documents = client.get("/v1/documents", params={"collection": "hr"}).json()["documents"]
    assert [row["document"] for row in documents] == ["new.md"]


@pytest.mark.parametrize(("body", "said"), [({"name": " "}, "is empty"), ({"name": "a\x00"}, "NUL"), ({}, "name")])
def test_a_name_that_ingestion_would_refuse_is_refused(client: TestClient, body: object, said: str) -> None:  # noqa: F811
    reply = client.post("/v1/collections", json=body)
    assert (reply.status_code, said in reply.json()["detail"]) == (422, True)


def test_a_collection_that_is_not_there_cannot_be_removed(client: TestClient) -> None:  # noqa: F811
    assert client.delete("/v1/collections/nowhere").status_code == 404
