"""Ingestion over HTTP, with the worker that `touchstone serve` runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cli.serve import open_service
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from core.settings.service import ServerSettings
from indexes.uploads import folder_of
from service.api.app import create_app
from tests.ingest.parsers.pdf.test_pdf import drawn, lines

ENDED = {"COMPLETED", "COMPLETED_WITH_ERRORS", "CANCELLED", "FAILED", "INTERRUPTED"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with opened_client(Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"))) as client:
        yield client


@contextmanager
def opened_client(settings: Settings) -> Iterator[TestClient]:
    @contextmanager
    def opened() -> Iterator[object]:
        with open_service(settings, "http://127.0.0.1:8000") as service:
            yield service

    with TestClient(create_app(settings, open_service=opened), base_url="http://127.0.0.1:8000") as client:  # type: ignore[arg-type]
        yield client


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "leave.md").write_text("# Leave\n\nParents have 16 weeks of paid parental leave.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    return folder


def ended(client: TestClient, location: str) -> dict[str, object]:
    for _ in range(600):
        job: dict[str, object] = client.get(location).json()
        if job["state"] in ENDED:
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_a_folder_is_ingested_and_every_file_accounted_for(client: TestClient, source: Path) -> None:
    started = client.post("/v1/ingestions", json={"source": str(source)})
    assert started.status_code == 202
    assert started.json()["state"] in {"QUEUED", "RUNNING"} | ENDED  # the queue may have been quicker than the reply
    job = ended(client, started.headers["Location"])
    assert (job["state"], job["found"], job["indexed"], job["failed"]) == ("COMPLETED_WITH_ERRORS", 2, 1, 1)
    assert [(d["document"], d["status"]) for d in job["documents"]] == [("broken.pdf", "failed")]  # type: ignore[attr-defined]
    answer = client.post("/v1/query", json={"question": "How many weeks of paid parental leave do parents have?"})
    assert answer.json()["answered"]


def test_below_a_path_a_job_is_found_where_the_reply_says(source: Path, tmp_path: Path) -> None:
    server = ServerSettings(root_path="/rag")
    with opened_client(
        Settings(data=tmp_path / "data", embedder=EmbedderSettings(kind="hashing"), server=server)
    ) as client:
        location = client.post("/v1/ingestions", json={"source": str(source)}).headers["Location"]
        assert location.startswith("/rag/v1/ingestions/")
        assert ended(client, location)["found"] == 2


def test_a_job_tells_its_history(client: TestClient, source: Path) -> None:
    before = client.post("/v1/ingestions", json={"source": str(source / "leave.md")})
    ended(client, before.headers["Location"])
    job = ended(client, client.post("/v1/ingestions", json={"source": str(source / "leave.md")}).headers["Location"])
    first = client.get(before.headers["Location"]).json()
    assert (job["attempt"], job["cancelling"], job["source"]) == (1, False, str(source / "leave.md"))
    assert (first["last_success"], job["last_success"]) == (job["finished"], job["finished"])
    assert first["created"] <= first["started"] <= first["heartbeat"] <= first["finished"] <= str(job["created"])
    assert first["queued_seconds"] >= 0


def test_the_documents_of_a_job_are_listed_by_status(client: TestClient, source: Path) -> None:
    location = client.post("/v1/ingestions", json={"source": str(source)}).headers["Location"]
    ended(client, location)
    failed = client.get(f"{location}/documents", params={"status": "failed"}).json()
    assert (failed["total"], [d["document"] for d in failed["documents"]]) == (1, ["broken.pdf"])
    assert failed["documents"][0]["code"] == "corrupt"
    page = client.get(f"{location}/documents", params={"limit": 1, "offset": 1}).json()
    assert (page["total"], [(d["document"], d["status"]) for d in page["documents"]]) == (2, [("leave.md", "indexed")])
    assert client.get(f"{location}/documents", params={"status": "pending"}).json() == {"documents": [], "total": 0}
    assert client.get("/v1/ingestions/none/documents").status_code == 404
    assert client.get(f"{location}/documents", params={"status": "lost"}).status_code == 422


def test_a_retry_takes_up_what_failed(client: TestClient, source: Path) -> None:
    location = client.post("/v1/ingestions", json={"source": str(source)}).headers["Location"]
    ended(client, location)
    (source / "broken.pdf").unlink()
    (source / "broken.pdf").write_bytes(b"Not a broken file but a text file.")
    again = client.post(f"{location}/retry")
    assert (again.status_code, again.json()["attempt"]) == (202, 2)
    job = ended(client, location)
    assert (job["state"], job["found"], job["indexed"], job["documents"]) == ("COMPLETED", 2, 2, [])
    refused = client.post(f"{location}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_conflict")


def test_a_job_that_ended_cannot_be_cancelled(client: TestClient, source: Path) -> None:
    location = client.post("/v1/ingestions", json={"source": str(source)}).headers["Location"]
    ended(client, location)
    refused = client.post(f"{location}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_conflict")
    assert client.post("/v1/ingestions/none/cancel").status_code == 404


def test_a_job_that_waits_or_runs_can_be_cancelled_and_keeps_others_off_its_source(
    client: TestClient, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(200):
        (many / f"{number}.txt").write_text(f"Note {number}.")
    first = client.post("/v1/ingestions", json={"source": str(many)})
    second = client.post("/v1/ingestions", json={"source": str(many)})
    assert (second.status_code, second.json()["code"]) == (409, "job_conflict")
    assert first.json()["job_id"] in second.json()["detail"]
    other = client.post("/v1/ingestions", json={"source": str(many), "collection": "other"})
    assert client.post(f"{other.headers['Location']}/cancel").json()["state"] == "CANCELLED"
    cancelled = client.post(f"{first.headers['Location']}/cancel")
    assert cancelled.status_code == 202
    job = ended(client, first.headers["Location"])
    assert job["state"] == "CANCELLED"
    assert int(str(job["indexed"])) < 200


def test_sending_a_request_twice_with_its_key_gives_one_job(client: TestClient, source: Path) -> None:
    key = {"Idempotency-Key": "first of May"}
    first, again = (client.post("/v1/ingestions", json={"source": str(source)}, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.headers["Location"] == again.headers["Location"]
    ended(client, first.headers["Location"])
    assert client.post("/v1/ingestions", json={"source": str(source)}, headers=key).json()["state"] in ENDED
    other = client.post("/v1/ingestions", json={"source": str(source), "collection": "b"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(client.get("/v1/ingestions").json()["jobs"]) == 1


def test_an_upload_sent_twice_with_its_key_does_not_undo_a_newer_one(client: TestClient) -> None:
    def upload(weeks: str, key: str) -> str:
        text = f"Parents have {weeks} weeks of paid parental leave.\n".encode()
        files = {"files": ("leave.md", text)}
        reply = client.post("/v1/ingestions", files=files, headers={"Idempotency-Key": key})
        assert reply.status_code == 202
        ended(client, reply.headers["Location"])
        return reply.headers["Location"]

    first = upload("16", "a")
    upload("18", "b")
    assert upload("16", "a") == first
    hits = client.post("/v1/search", json={"text": "parental leave"}).json()["hits"]
    assert ["18 weeks" in hit["text"] for hit in hits] == [True]


def test_jobs_are_listed(client: TestClient, source: Path) -> None:
    first = client.post("/v1/ingestions", json={"source": str(source)})
    second = client.post("/v1/ingestions", json={"source": str(source), "collection": "other"})
    jobs = client.get("/v1/ingestions").json()["jobs"]
    assert {job["job_id"] for job in jobs} == {first.json()["job_id"], second.json()["job_id"]}
    ended(client, second.headers["Location"])


def test_uploaded_files_can_be_asked_and_a_newer_one_replaces_an_older(client: TestClient) -> None:
    for weeks in ("16", "18"):
        text = f"Parents have {weeks} weeks of paid parental leave.\n".encode()
        started = client.post("/v1/ingestions", files={"files": ("../../leave.md", text)}, data={"collection": "hr"})
        assert ended(client, started.headers["Location"])["indexed"] == 1
    hits = client.post("/v1/search", json={"text": "parental leave", "collection": "hr"}).json()["hits"]
    assert [(hit["document"], "18 weeks" in hit["text"]) for hit in hits] == [("leave.md", True)]


def test_a_document_can_be_removed(client: TestClient, source: Path) -> None:
    ended(client, client.post("/v1/ingestions", json={"source": str(source)}).headers["Location"])
    (document,) = client.get("/v1/documents").json()["documents"]
    assert client.delete(f"/v1/documents/{document['id']}").status_code == 204
    assert client.get(f"/v1/documents/{document['id']}").status_code == 404
    assert client.post("/v1/search", json={"text": "parental leave"}).json()["hits"] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [({"source": "/no/such/folder"}, "/no/such/folder"), ({"source": "a\x00b"}, "NUL"), ({}, "source"), ([], "object")],
)
def test_a_source_that_cannot_be_read_is_refused_at_once(client: TestClient, body: object, said: str) -> None:
    reply = client.post("/v1/ingestions", json=body)
    assert reply.status_code == 422
    assert said in reply.json()["detail"]


def test_an_upload_without_files_is_refused(client: TestClient) -> None:
    reply = client.post("/v1/ingestions", files={"other": b"x"})
    assert reply.status_code == 422
    assert "no file" in reply.json()["detail"]


def test_every_collection_has_an_upload_folder_of_its_own() -> None:
    assert folder_of("hr") == "hr"
    assert len({folder_of(name) for name in ("../hr", "HR/..", "..", "hr ")}) == 4
    assert not any("/" in folder_of(name) or folder_of(name).startswith(".") for name in ("../hr", "..", "/etc"))


def test_a_page_is_shown_with_what_is_cited(client: TestClient) -> None:
    content = drawn(lines(("Parents have 16 weeks of paid parental leave.", 100, 700)))
    started = client.post("/v1/ingestions", files={"files": ("leave.pdf", content)})
    ended(client, started.headers["Location"])
    (document,) = client.get("/v1/documents").json()["documents"]
    page = client.get(f"/v1/documents/{document['id']}/pages/1.png", params={"start": 0, "end": 20})
    assert (page.status_code, page.headers["content-type"], page.content[:4]) == (200, "image/png", b"\x89PNG")
    assert client.get(f"/v1/documents/{document['id']}/pages/2.png").json()["code"] == "no_page_image"
    assert client.get(f"/v1/documents/{document['id']}/pages/0.png").status_code == 422
    assert client.get("/v1/documents/none/pages/1.png").status_code == 404


@pytest.mark.parametrize("field", ["include", "exclude"])
def test_a_pattern_that_means_nothing_is_refused_before_there_is_a_job(client: TestClient, field: str) -> None:
    reply = client.post("/v1/ingestions", json={"source": "/srv", field: ["[!9-0]"]})
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
    assert f"{field}.0: has the range 9-0, which is empty" in reply.json()["detail"]
    assert client.get("/v1/ingestions").json()["jobs"] == []
