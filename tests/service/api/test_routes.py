"""What each route answers."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from core.settings.load import Settings
from indexes.indexes import Indexes

QUESTION = "How many weeks of paid parental leave do employees who become parents have?"


def test_an_answer_quotes_the_document_letter_for_letter(client: TestClient) -> None:
    reply = client.post("/v1/query", json={"question": QUESTION}).json()
    assert reply["answered"]
    (citation, *_) = reply["citations"]
    documents = client.get("/v1/documents").json()["documents"]
    (document,) = [row for row in documents if row["document"] == citation["document"]]
    text = client.get(f"/v1/documents/{document['id']}/text").json()["text"]
    assert citation["quote"].split() == text[citation["start"] : citation["end"]].split()
    assert "16 weeks" in citation["quote"]


def test_an_answer_has_the_fields_that_are_promised(client: TestClient) -> None:
    reply = client.post("/v1/query", json={"question": QUESTION}).json()
    assert list(reply) == [
        "answered", "answer", "reason", "citations", "model", "mode", "usage", "cost_usd", "timings_ms",
        "index_version", "request_id",
    ]  # fmt: skip
    assert list(reply["citations"][0]) == ["document", "page", "quote", "start", "end", "chunk_id"]
    assert (reply["reason"], reply["cost_usd"]) == (None, 0)


def test_a_refusal_carries_its_reason_and_no_answer(client: TestClient) -> None:
    reply = client.post("/v1/query", json={"question": "zzyzx qwxyz?"})
    assert reply.status_code == 200
    assert not reply.json()["answered"]
    assert reply.json()["answer"] is None
    assert reply.json()["reason"] in {"no_relevant_passage", "model_abstained", "unsupported_answer"}


def test_a_stream_ends_with_the_whole_reply(client: TestClient) -> None:
    reply = client.post("/v1/query", json={"question": QUESTION, "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    *_, last = reply.text.strip().split("\n\n")
    name, data = last.split("\n")
    assert name == "event: final"
    assert json.loads(data.removeprefix("data: "))["answered"]


def test_search_finds_passages_with_their_place(client: TestClient) -> None:
    reply = client.post("/v1/search", json={"text": "parental leave", "limit": 1}).json()
    (hit,) = reply["hits"]
    assert list(hit) == [
        "chunk_id", "document", "score", "text", "headings", "page_start", "page_end", "start", "end",
    ]  # fmt: skip
    assert "parental leave" in hit["text"]


def test_search_filters_explains_and_traces_when_asked(client: TestClient) -> None:
    body = {"text": "parental leave", "filters": {"paths": ["shop.*"]}, "explain": True, "trace": "shop.md"}
    reply = client.post("/v1/search", json=body).json()
    assert {hit["document"] for hit in reply["hits"]} == {"shop.md"}
    explanation = reply["hits"][0]["explanation"]
    assert explanation["dense_rank"] == 1
    assert (explanation["fused"], explanation["reranked"]) == (pytest.approx(reply["hits"][0]["score"]), None)
    assert reply["trace"]["rank"] == 1
    plain = client.post("/v1/search", json={"text": "parental leave"}).json()
    assert set(plain) == {"hits", "index_version", "timings_ms"}
    assert "explanation" not in plain["hits"][0]
    assert client.post("/v1/search", json={"text": "x", "filters": {"since": "soon"}}).status_code == 422


def test_search_stays_within_the_documents_that_are_named(client: TestClient) -> None:
    reply = client.post("/v1/search", json={"text": "parental leave", "documents": ["shop.md"]}).json()
    assert {hit["document"] for hit in reply["hits"]} <= {"shop.md"}


def test_documents_are_listed_page_by_page(client: TestClient) -> None:
    first = client.get("/v1/documents", params={"limit": 1}).json()
    second = client.get("/v1/documents", params={"limit": 1, "offset": 1}).json()
    assert [row["document"] for page in (first, second) for row in page["documents"]] == ["leave.md", "shop.md"]
    assert first["total"] == second["total"] == 2


@pytest.mark.parametrize("path", ["/v1/documents/0123456789abcdef", "/v1/documents/%00/text", "/v1/ingestions/x"])
def test_an_unknown_id_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_an_unknown_collection_has_no_documents_to_list(client: TestClient) -> None:
    assert client.get("/v1/documents", params={"collection": "nowhere"}).status_code == 404


def test_collections_and_models_are_listed(client: TestClient) -> None:
    (collection,) = client.get("/v1/collections").json()["collections"]
    assert (collection["name"], collection["documents"]) == ("default", 2)
    (model,) = client.get("/v1/models").json()["data"]
    assert (model["id"], model["default"]) == ("extractive", True)


def test_it_is_live_and_ready(client: TestClient, indexes: Indexes) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert [client.head(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    assert client.get("/readyz").json() == {"status": "ready", "index_version": indexes.version, "degraded": []}


def test_the_longest_question_is_a_setting(client: TestClient, settings: Settings) -> None:
    longest = settings.server.max_question_chars
    assert client.post("/v1/query", json={"question": "x" * longest}).status_code == 200
    assert client.post("/v1/search", json={"text": "x" * (longest + 1)}).status_code == 422
