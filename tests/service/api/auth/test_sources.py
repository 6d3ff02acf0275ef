"""What a caller may have ingested from where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.foresee import foresee
from core.access import Principal, groups_to_give
from core.errors import Forbidden
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from core.settings.service import ServerSettings
from core.sources import named
from indexes.open import open_indexes
from service.answering.models.choose import open_model
from service.api.app import create_app
from service.api.auth.sources import refuse_source
from service.api.state import Service
from tests.service.api.at_once import AtOnce
from tests.service.api.callers import Caller

KEY = Principal("wiki", frozenset({"ingest"}), frozenset({"hr"}))
ADMIN = Principal("boss", frozenset({"admin"}))


@pytest.mark.parametrize(
    ("source", "allowed", "may"),
    [
        ("/srv/a", (), False),
        ("/srv/a", ("/srv/a",), True),
        ("/srv/a/b", ("/srv/a",), True),
        ("/srv/ab", ("/srv/a",), False),
        ("/srv/a/../b", ("/srv/a",), False),
        ("/srv", ("/srv/a",), False),
        ("s3://bucket/a/b", ("s3://bucket/a",), True),
        ("s3://bucket/ab", ("s3://bucket/a",), False),
        ("s3://bucket", ("s3://bucket/a",), False),
        ("s3://bucket/a/../b", ("s3://bucket/a",), False),
        ("s3://bucket/a/%2e%2E/b", ("s3://bucket/a",), False),
        ("s3://bucket/a/..%2fb", ("s3://bucket/a",), False),
        ("gs://bucket/a", ("s3://bucket/a",), False),
        ("https://docs.example/a/b.pdf", ("https://docs.example/a",), True),
        ("https://docs.example.evil.example/a", ("https://docs.example",), False),
        ("https://docs.example@evil.example/a", ("https://docs.example",), False),
        ("s3://bucket/a", ("/srv",), False),
        ("https://docs.example/a/..;/x", ("https://docs.example/a",), False),
        ("https://docs.example/a/..;jsessionid=1/x", ("https://docs.example/a",), False),
        ("https://docs.example/a/..%5cx", ("https://docs.example/a",), False),
        ("https://docs.example/a/..\\x", ("https://docs.example/a",), False),
        ("https://docs.example/a/%252e%252e/x", ("https://docs.example/a",), False),
        ("https://docs.example/a/%25252e%25252e%25252fx", ("https://docs.example/a",), False),
        ("https://docs.example/a/%c0%ae%c0%ae/x", ("https://docs.example/a",), False),
        ("https://docs.example/a/%EF%BC%8E%EF%BC%8E/x", ("https://docs.example/a",), False),
        ("https://docs.example/a/..%00/x", ("https://docs.example/a",), False),
        ("https://docs.example/a/.%09./x", ("https://docs.example/a",), False),
        ("https://docs.example/a/%3b/..%3bx/y", ("https://docs.example/a",), False),
        ("https://docs.example/a/50%25/b;v=1/x..y.pdf", ("https://docs.example/a",), True),
    ],
)
def test_a_key_names_what_lies_in_the_settings_sources_and_an_admin_anything(
    source: str, allowed: tuple[str, ...], may: bool
) -> None:
    refuse_source(named(source), ADMIN, allowed)
    if may:
        refuse_source(named(source), KEY, allowed)
    else:
        with pytest.raises(Forbidden, match="upload"):
            refuse_source(named(source), KEY, allowed)


def test_a_link_out_of_an_allowed_folder_is_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    os.symlink("/etc", tmp_path / "in" / "way")
    with pytest.raises(Forbidden):
        refuse_source(named(tmp_path / "in" / "way"), KEY, (str(tmp_path / "in"),))


@pytest.mark.parametrize(
    ("who", "asked", "given"),
    [
        (KEY, None, frozenset({"hr"})),
        (KEY, ["hr"], frozenset({"hr"})),
        (KEY, ["hr", "board"], None),
        (KEY, [], None),
        (Principal("open", frozenset({"ingest"})), None, frozenset()),
        (Principal("open", frozenset({"ingest"})), ["hr"], None),
        (ADMIN, ["hr"], frozenset({"hr"})),
        (ADMIN, [], frozenset()),
    ],
)
def test_a_key_brings_documents_in_for_its_own_groups(
    who: Principal, asked: list[str] | None, given: frozenset[str] | None
) -> None:
    if given is None:
        with pytest.raises(Forbidden):
            groups_to_give(who, asked)
    else:
        assert groups_to_give(who, asked) == frozenset(given)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Caller]:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "note.txt").write_text("A note for all.")
    with served(tmp_path, "data") as opened:
        yield opened


@contextmanager
def served(tmp_path: Path, data: str) -> Iterator[Caller]:
    """A service on a data folder, and an admin of it; of none if it had keys already."""
    server = ServerSettings(sources=(str(tmp_path / "shared"),))
    chosen = Settings(data=tmp_path / data, embedder=EmbedderSettings(kind="hashing"), server=server)
    with open_indexes(chosen) as indexes:
        service = Service(
            settings=chosen,
            indexes=indexes,
            jobs=AtOnce(indexes, chosen),
            foresee=partial(foresee, indexes, chosen),
            models=lambda name: open_model(chosen, name, indexes.embedder),
        )
        app = create_app(chosen, open_service=lambda: nullcontext(service))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            made = client.post("/v1/keys", json={"name": "root", "scopes": ["admin"]}).json()
            yield Caller(client, made.get("key", ""))


def upload(caller: Caller, name: str, text: str, **form: object) -> dict[str, object]:
    reply = caller.call("POST", "/v1/ingestions", files={"files": (name, text.encode())}, data=form)
    found: dict[str, object] = {"status": reply.status_code, **reply.json()}
    return found


def test_two_keys_upload_one_name_and_neither_touches_or_learns_of_the_other_s(owner: Caller) -> None:
    ann, bob = (owner.made(name=n, scopes=["query", "ingest"], groups=[n]) for n in ("ann", "bob"))
    first, second = upload(ann, "pay.txt", "Ann is paid."), upload(bob, "pay.txt", "Bob is paid.")
    assert (first["found"], second["found"], second["documents"]) == (1, 1, [])
    assert first["source"] == "uploads"
    for caller, name in ((ann, "@ann/pay.txt"), (bob, "@bob/pay.txt")):
        (row,) = caller.call("GET", "/v1/documents").json()["documents"]
        assert row["document"] == name
    assert ann.call("GET", f"/v1/ingestions/{second['job_id']}").status_code == 404
    assert ann.call("POST", f"/v1/ingestions/{second['job_id']}/retry").status_code == 404
    assert len(ann.call("GET", "/v1/ingestions").json()["jobs"]) == 1
    assert len(owner.call("GET", "/v1/ingestions").json()["jobs"]) == 2


def test_a_plan_is_refused_where_the_ingestion_is(owner: Caller, tmp_path: Path) -> None:
    ann = owner.made(name="ann", scopes=["query", "ingest"], groups=["ann"])
    nobody = owner.made(name="nobody", scopes=["query"], groups=["ann"])
    shared = str(tmp_path / "shared")
    bodies = [{"source": shared}, {"source": str(tmp_path)}, {"source": shared, "groups": ["bob"]}, {"source": ""}]
    for caller in (ann, nobody):
        for body in bodies:
            plan = caller.call("POST", "/v1/ingestions/plan", json=body)
            job = caller.call("POST", "/v1/ingestions", json=body)
            assert plan.status_code == {202: 200}.get(job.status_code, job.status_code)
            if plan.status_code == 403:
                assert plan.json()["detail"] == job.json()["detail"]
    (tmp_path / "empty").mkdir()
    empty = owner.call("POST", "/v1/ingestions/plan", json={"source": str(tmp_path / "empty")})
    assert (empty.status_code, "is empty" in empty.json()["detail"]) == (422, True)
    absent = {"source": str(tmp_path / "absent")}
    plan, job = (owner.call("POST", f"/v1/ingestions{more}", json=absent) for more in ("/plan", ""))
    assert (
        (plan.status_code, plan.json()["detail"])
        == (job.status_code, job.json()["detail"])
        == (422, plan.json()["detail"])
    )


def test_a_plan_tells_nothing_of_a_file_that_is_closed_to_the_caller_whatever_it_is_called(
    owner: Caller, tmp_path: Path
) -> None:
    ann = owner.made(name="ann", scopes=["query", "ingest"], groups=["ann"])
    shared = tmp_path / "shared"
    (shared / "pay.txt").write_text("Bob is paid.")
    (shared / "pay.txt.meta.json").write_text('{"groups": ["bob"]}')
    told = {"source": str(shared), "collection": "told", "include": ["pay.txt"]}
    assert owner.call("POST", "/v1/ingestions", json=told).json()["indexed"] == 1
    (shared / "copy.txt").write_text("Bob is paid.")
    body = {"source": str(shared), "collection": "own"}
    plan = ann.call("POST", "/v1/ingestions/plan", json=body).json()
    assert (plan["added"], plan["skipped"], plan["found"]) == (["note.txt"], [], 1)
    assert owner.call("POST", "/v1/ingestions/plan", json=body).json()["added"] == ["copy.txt", "note.txt", "pay.txt"]
    job = ann.call("POST", "/v1/ingestions", json=body).json()
    assert (job["indexed"], job["found"]) == (1, 1)


def test_one_idempotency_key_of_two_callers_is_two(owner: Caller) -> None:
    jobs = []
    for name in ("ann", "bob"):
        caller = owner.made(name=name, scopes=["ingest"])
        content = {"files": {"files": ("a.txt", b"The same.")}, "headers": {**caller.headers, "Idempotency-Key": "1"}}
        jobs += [owner.client.post("/v1/ingestions", **content).json()["job_id"] for _ in range(2)]  # type: ignore[arg-type]
    assert (jobs[0], jobs[2]) == (jobs[1], jobs[3])
    assert jobs[0] != jobs[2]


def test_an_idempotency_key_is_one_caller_s_however_names_and_keys_are_put_together(owner: Caller) -> None:
    """The owner's key "ann 1" was the key "1" of ann, and so was "b 1" of an issuer's "a" the key "1" of its "a b"."""
    ann = owner.made(name="ann", scopes=["ingest"])
    jobs = [
        caller.client.post(
            "/v1/ingestions",
            files={"files": ("a.txt", b"The same.")},
            headers={**caller.headers, "Idempotency-Key": key},
        )
        for caller, key in ((ann, "1"), (owner, "ann 1"), (owner, " ann 1"), (ann, "1 "))
    ]
    assert [job.status_code for job in jobs] == [202] * 4
    assert len({job.json()["job_id"] for job in jobs[:3]}) == 3


def test_a_key_does_not_name_the_data_folder_where_its_sources_hold_it(tmp_path: Path) -> None:
    for place in ("data", "data/uploads-of-keys/@bob/default"):
        with pytest.raises(Forbidden):
            refuse_source(named(tmp_path / place), KEY, (str(tmp_path),), tmp_path / "data")
    refuse_source(named(tmp_path / "documents"), KEY, (str(tmp_path),), tmp_path / "data")


def test_a_job_is_not_taken_up_again_with_groups_that_the_key_has_no_longer(owner: Caller, tmp_path: Path) -> None:
    before = owner.made(name="ann", scopes=["query", "ingest"], groups=["hr", "staff"])
    job = before.call("POST", "/v1/ingestions", json={"source": str(tmp_path / "shared/gone.txt")}).json()
    assert job["state"] == "FAILED"
    assert "There is no file or folder" in job["error"]["detail"]
    after = owner.made(name="ann", scopes=["query", "ingest"], groups=["staff"])
    retry = f"/v1/ingestions/{job['job_id']}/retry"
    assert (after.call("POST", retry).status_code, before.call("POST", retry).status_code) == (403, 202)


def test_a_folder_that_moved_keeps_its_uploaders(tmp_path: Path) -> None:
    with served(tmp_path, "data") as owner:
        ann = owner.made(name="ann", scopes=["query", "ingest"])
        job = upload(ann, "a.txt", "Words.")
    (tmp_path / "data").rename(tmp_path / "moved")
    with served(tmp_path, "moved") as unknown:
        ann = Caller(unknown.client, ann.key)
        told = ann.call("GET", f"/v1/ingestions/{job['job_id']}").json()
        assert (told["source"], told["state"]) == ("uploads", "COMPLETED")
        assert ann.call("GET", "/v1/ingestions").json()["jobs"][0]["source"] == "uploads"
        again = upload(ann, "a.txt", "Other words.")
        assert (again["indexed"], again["skipped"]) == (1, 0)
        (row,) = ann.call("GET", "/v1/documents").json()["documents"]
        assert ann.call("DELETE", f"/v1/documents/{row['id']}").status_code == 204


def test_groups_of_an_upload_are_said_of_its_files_alone(owner: Caller) -> None:
    for name, groups in (("a.txt", ["hr"]), ("b.txt", ["staff"]), ("a[1].txt", ["board"])):
        assert upload(owner, name, f"About {name}.", groups=groups)["state"] == "COMPLETED"
    rows = owner.call("GET", "/v1/documents").json()["documents"]
    assert {row["document"]: row["groups"] for row in rows} == {
        "a.txt": ["hr"], "b.txt": ["staff"], "a[1].txt": ["board"],
    }  # fmt: skip


def test_a_key_may_not_say_who_reads_by_a_metadata_file_nor_name_a_path(owner: Caller, tmp_path: Path) -> None:
    key = owner.made(name="ann", scopes=["query", "ingest"], groups=["hr"])
    assert upload(key, "a.txt.meta.json", '{"groups": ["board"]}')["status"] == 403
    for source in (str(tmp_path / "data"), str(tmp_path / "nothing"), "s3://bucket"):
        reply = key.call("POST", "/v1/ingestions", json={"source": source})
        assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")
    allowed = key.call("POST", "/v1/ingestions", json={"source": str(tmp_path / "shared")})
    assert (allowed.status_code, allowed.json()["indexed"]) == (202, 1)
    (row,) = key.call("GET", "/v1/documents").json()["documents"]
    assert key.call("DELETE", f"/v1/documents/{row['id']}").status_code == 403
    assert key.call("POST", "/v1/index/rebuild", json={"embedder": {"model": "/etc"}}).status_code == 403


def test_a_key_removes_what_it_uploaded(owner: Caller) -> None:
    key = owner.made(name="ann", scopes=["query", "ingest"])
    upload(key, "a.txt", "Words.")
    (row,) = key.call("GET", "/v1/documents").json()["documents"]
    assert key.call("DELETE", f"/v1/documents/{row['id']}").status_code == 204
