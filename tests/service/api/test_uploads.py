"""Uploaded files: all are kept, under names of their own, and what is deleted is gone."""

from __future__ import annotations

import gc
import os
import signal
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from core import caches
from core.access import OWNER
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from indexes import uploads
from indexes.backup import restore, take
from indexes.catalogue.rows import JobRow
from indexes.delete import delete_document
from indexes.indexes import Indexes
from indexes.open import open_indexes
from indexes.uploads import place_of, places, stored_files
from ingest.pipeline import ingest
from ingest.reading.pages import PageImages
from service.api.uploads import MAX_NAME_LENGTH, safe_name
from tests.faults.doomed import begin
from tests.faults.folders import mail
from tests.indexes.upkeep.test_purge import forms, traces
from tests.ingest.parsers.pdf.test_pdf import drawn, lines
from tests.service.api.auth.test_sources import owner  # noqa: F401 -- one that does a job at once
from tests.service.api.callers import Caller
from tests.service.api.test_ingestions import client, ended  # noqa: F401 -- a service with jobs

LONG = "関東支店における情報セキュリティ管理規程及び個人情報保護に関する取扱細則並びに委託先管理基準の改定について"


safe_name_cached = lru_cache(1)(safe_name)


def sent(caller: Any, *files: tuple[str, str | bytes], **form: object) -> Any:
    content = [("files", (name, text.encode() if isinstance(text, str) else text)) for name, text in files]
    return caller.post("/v1/ingestions", files=content, data=form)


def upload(caller: Caller, *files: tuple[str, str | bytes], **form: object) -> dict[str, Any]:
    content = [("files", (name, text.encode() if isinstance(text, str) else text)) for name, text in files]
    reply = caller.call("POST", "/v1/ingestions", files=content, data=form)
    assert reply.status_code == 202, reply.text
    job: dict[str, Any] = reply.json()
    return job


def documents(caller: Caller) -> dict[str, str]:
    rows = caller.call("GET", "/v1/documents").json()
    return {row["document"]: row["id"] for row in rows.get("documents", [])}


def files(data: Path) -> list[str]:
    return sorted(path.relative_to(data).as_posix() for path in stored_files(data))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


# Names


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.txt", "report.txt"), ("2024/report.txt", "2024/report.txt"), ("2024\\report.txt", "2024/report.txt"),
        ("../../etc/passwd", "etc/passwd"), ("/srv/plan.docx", "srv/plan.docx"),
        ("C:\\temp\\plan.docx", "temp/plan.docx"),
        ("./a/./b.txt", "a/b.txt"), ("..", "upload"), ("", "upload"), ("@home.txt", "@home.txt"),
        (unicodedata.normalize("NFD", "Übersicht.pdf"), "Übersicht.pdf"), ("a.pdf.meta.json", "a.pdf.meta.json"),
    ],
)  # fmt: skip
def test_a_plain_name_keeps_its_folders_and_is_a_path_that_stays_inside(given: str, kept: str) -> None:
    assert safe_name(given) == kept


ODD = [
    "a\x00b\n.txt", "a_b_.txt", ".hidden", "hidden", "~$plan.docx", "plan.docx", "plan.docx ", "owner.lock",
    "catalogue.sqlite3",
    "Thumbs.db", "a:b.txt", "a_b.txt", "@ann/pay.txt", "_ann/pay.txt", "mail.eml!/plan.xlsx", "mail.eml_/plan.xlsx",
    "__MACOSX/a.txt", "___MACOSX/a.txt", "exe\u202efdp.scr", "exefdp.scr", f"{LONG}第一版.txt", f"{LONG}第二版.txt",
    f"{LONG}.txt",
    "/".join(["folder"] * 40) + "/a.txt", "/".join(["folder"] * 41) + "/a.txt", "d" * 300 + "/a.txt",
    "d" * 301 + "/a.txt",
    "a." + "x" * 240, "a." + "x" * 241, "...", "a\x85b.txt",
]  # fmt: skip


def test_only_the_same_name_gives_the_same_and_none_means_anything_of_its_own() -> None:
    names = [safe_name(name) for name in ODD]
    assert len(set(names)) == len(ODD)
    for name in names:
        parts = name.split("/")
        assert all(part.strip(". ") == part and len(part.encode()) <= MAX_NAME_LENGTH for part in parts), name
        assert len(name.encode()) <= 1_000
        assert not {part.lower() for part in parts} & {"owner.lock", "catalogue.sqlite3", "thumbs.db", "__macosx"}
        assert "!/" not in name
        assert not (len(parts) > 1 and name.startswith("@"))
        assert name.isprintable()
    assert [safe_name(name) for name in names[:3]] == names[:3]


def test_a_metadata_file_goes_by_the_name_of_what_it_is_about() -> None:
    assert safe_name(f"{LONG}第一版.txt.meta.json") == safe_name(f"{LONG}第一版.txt") + ".meta.json"


def test_files_of_one_name_in_two_folders_are_two_documents(owner: Caller) -> None:  # noqa: F811 -- the fixture
    names = ["2024/report.txt", "2025/report.txt", f"{LONG}第一版.txt", f"{LONG}第二版.txt"]
    upload(owner, *((name, f"This is {name}.") for name in names))
    upload(owner, (unicodedata.normalize("NFD", "Übersicht.txt"), "The older."))
    upload(owner, ("Übersicht.txt", "The newer."))
    assert len(documents(owner)) == 5
    assert {"2024/report.txt", "2025/report.txt", "Übersicht.txt"} < set(documents(owner))


@pytest.mark.parametrize("names", [("a.txt", "a.txt"), ("a.txt", "./a.txt"), ("a", "a/b.txt")])
def test_two_files_of_one_request_that_cannot_lie_beside_each_other_are_refused(
    owner: Caller,  # noqa: F811
    data: Path,
    names: tuple[str, str],
) -> None:
    content = [("files", (name, b"Words.")) for name in names]
    assert owner.call("POST", "/v1/ingestions", files=content).status_code == 422
    assert files(data) == []


def test_a_file_that_has_the_name_of_a_folder_of_an_earlier_upload_is_refused(owner: Caller) -> None:  # noqa: F811
    upload(owner, ("2024/report.txt", "Words."))
    for name, said in (("2024", "a folder"), ("2024/report.txt/a.txt", "an uploaded file")):
        reply = owner.call("POST", "/v1/ingestions", files=[("files", (name, b"Words."))])
        assert (reply.status_code, said in reply.json()["detail"]) == (422, True)


# All are kept


def test_uploads_that_come_at_once_all_get_in(client: TestClient) -> None:  # noqa: F811
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: sent(client, (f"{n}.txt", f"Note {n}."), ("same.txt", f"By {n}.")), range(8)))
    assert [reply.status_code for reply in replies] == [202] * 8
    jobs = [ended(client, reply.headers["Location"]) for reply in replies]
    assert {job["state"] for job in jobs} == {"COMPLETED"}
    rows = client.get("/v1/documents").json()["documents"]
    assert {row["document"] for row in rows} == {"same.txt", *(f"{number}.txt" for number in range(8))}
    last = client.get("/v1/ingestions").json()["jobs"][0]["job_id"]
    place = next(number for number, reply in enumerate(replies) if reply.json()["job_id"] == last)
    same = next(row["id"] for row in rows if row["document"] == "same.txt")
    assert client.get(f"/v1/documents/{same}/text").json()["text"] == f"By {place}."


def test_a_job_reads_its_own_files_though_a_later_upload_has_the_same_name(data: Path) -> None:
    """Or else the groups that came with the earlier one would open what the later one holds."""
    with open_indexes(Settings(data=data, embedder=EmbedderSettings(kind="hashing"))) as indexes:
        place = place_of(data, "", "default")
        jobs = [
            JobRow(
                id=name, collection="default", source=str(place), state="QUEUED", created="2026", include=("/a.txt",)
            )
            for name in ("one", "two")
        ]
        for job in jobs:
            (indexes.uploads.arriving(job.id) / "a.txt").write_text(job.id)
            with indexes.uploads.handed_in(job.id):
                indexes.catalogue.jobs.add(job, beside=True)
        for job in jobs:
            assert not indexes.uploads.purge()
            indexes.uploads.put_in_place(job)
            assert (place / "a.txt").read_text() == job.id


def test_nothing_is_left_of_an_upload_that_is_refused(owner: Caller, data: Path) -> None:  # noqa: F811
    key = {"headers": {**owner.headers, "Idempotency-Key": "one"}}
    for text, status in ((b"One.", 202), (b"One.", 202), (b"Another.", 422)):
        reply = owner.client.post("/v1/ingestions", files=[("files", ("a.txt", text))], **key)  # type: ignore[arg-type]
        assert reply.status_code == status
    assert files(data) == ["uploads/default/a.txt"]
    assert list((data / "uploads-waiting").iterdir()) == []


# Deleted means gone


def test_a_deleted_upload_is_gone_with_its_file_and_metadata_file_and_stays_gone(
    owner: Caller,  # noqa: F811
    data: Path,
) -> None:
    upload(owner, ("2024/pay.txt", "Words."), ("2024/pay.txt.meta.json", '{"groups": ["hr"]}'), ("b.txt", "Others."))
    assert owner.call("DELETE", f"/v1/documents/{documents(owner)['2024/pay.txt']}").status_code == 204
    assert files(data) == ["uploads/default/b.txt"]
    upload(owner, ("c.txt", "More."))
    assert set(documents(owner)) == {"b.txt", "c.txt"}
    upload(owner, ("2024", "A file where the folder was."))


def test_an_admin_deletes_what_a_key_uploaded(owner: Caller, data: Path) -> None:  # noqa: F811
    ann = owner.made(name="ann", scopes=["query", "ingest"])
    upload(ann, ("2024/a.txt", "Words."))
    assert owner.call("DELETE", f"/v1/documents/{documents(owner)['@ann/2024/a.txt']}").status_code == 204
    assert files(data) == []


def test_a_part_of_a_mail_is_deleted_with_the_mail(owner: Caller, data: Path, tmp_path: Path) -> None:  # noqa: F811
    upload(owner, ("mail.eml", mail(1, 1)))
    part = owner.call("DELETE", f"/v1/documents/{documents(owner)['mail.eml!/plan.csv']}")
    assert (part.status_code, "Delete mail.eml." in part.json()["detail"]) == (422, True)
    assert owner.call("DELETE", f"/v1/documents/{documents(owner)['mail.eml']}").status_code == 204
    assert documents(owner) == {}
    assert files(data) == []
    (tmp_path / "shared" / "mail.eml").write_bytes(mail(1, 1))
    owner.call("POST", "/v1/ingestions", json={"source": str(tmp_path / "shared")})
    part = owner.call("DELETE", f"/v1/documents/{documents(owner)['mail.eml!/plan.csv']}")
    assert part.status_code == 422
    assert owner.call("DELETE", f"/v1/documents/{documents(owner)['mail.eml']}").status_code == 204
    assert (set(documents(owner)), (tmp_path / "shared" / "mail.eml").exists()) == ({"note.txt"}, True)


def test_a_document_that_a_waiting_upload_would_bring_back_is_not_deleted(client: TestClient, tmp_path: Path) -> None:  # noqa: F811
    ended(client, sent(client, ("pay.txt", "Version one.")).headers["Location"])
    many = tmp_path / "many"
    many.mkdir()
    for number in range(60):
        (many / f"{number}.txt").write_text(f"Note {number}.")
    running = client.post("/v1/ingestions", json={"source": str(many), "collection": "other"}).headers["Location"]
    waiting = sent(client, ("pay.txt", "Version two.")).headers["Location"]
    (row,) = client.get("/v1/documents").json()["documents"]
    refused = client.delete(f"/v1/documents/{row['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_conflict")
    assert client.post(f"{waiting}/cancel").status_code == 202
    assert client.delete(f"/v1/documents/{row['id']}").status_code == 204
    client.post(f"{running}/cancel")
    ended(client, running)
    client.post("/v1/index/purge")
    assert files(tmp_path / "data") == []


def test_a_removed_collection_takes_the_uploads_of_every_key(owner: Caller, data: Path) -> None:  # noqa: F811
    for name in ("ann", "bob"):
        upload(owner.made(name=name, scopes=["query", "ingest"]), ("a.txt", "Words."))
    upload(owner, ("a.txt", "Words."))
    upload(owner, ("a.txt", "Words."), collection="other")
    assert owner.call("DELETE", "/v1/collections/default").status_code == 204
    assert files(data) == ["uploads/other/a.txt"]
    assert places(data, "default") == []


def test_a_purge_takes_the_files_that_nothing_stands_for(owner: Caller, data: Path) -> None:  # noqa: F811
    ann = owner.made(name="ann", scopes=["query", "ingest"])
    upload(owner, ("kept.eml", mail(1, 1)), ("kept.eml.meta.json", '{"tags": ["x"]}'))
    upload(ann, ("kept.txt", "Words."))
    for name in ("uploads/default/left.txt", "uploads/default/.partial", "uploads-of-keys/@ann/default/@ann/left.txt",
                 "uploads-waiting/nojob/left.txt", "uploads-waiting/.dead-job/left.txt"):  # fmt: skip
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("left behind")
    assert "uploads" in owner.call("POST", "/v1/index/purge").json()["purged"]
    assert files(data) == [
        "uploads-of-keys/@ann/default/@ann/kept.txt", "uploads/default/kept.eml", "uploads/default/kept.eml.meta.json",
    ]  # fmt: skip
    assert not [path for path in data.rglob("*") if path.is_file() and path.read_bytes() == b"left behind"]
    assert "uploads" not in owner.call("POST", "/v1/index/purge").json()["purged"]


def in_caches(words: list[str]) -> list[str]:
    """The texts with one of the words in them that a cache of this process has: any `lru_cache`, or one of our own."""
    wrappers = [each for each in gc.get_objects() if type(each) is type(safe_name_cached)]
    inside = [part for each in wrappers for part in gc.get_referents(each) if type(part) is dict]
    kept = [repr(key) for part in inside for key in part]
    kept += [repr(list(each._known)) for each in caches._of_objects if hasattr(each, "_known")]
    return [text[:80] for text in kept if any(word in text.lower() for word in words)]


def test_nothing_of_a_deleted_upload_is_in_any_file_or_in_memory_after_a_purge(
    owner: Caller,  # noqa: F811
    data: Path,
) -> None:
    secret = " ".join(chr(ord("a") + number) * 3 + "quill" + chr(ord("z") - number) for number in range(3))
    upload(owner, ("open.txt", "The pumps are serviced in May.\n"))
    upload(owner, ("secret.txt", f"The {secret} is kept in the cellar. It is worth 12 EUR.\n"))
    answer = owner.call("POST", "/v1/query", json={"question": f"Where is the {secret} kept?"}).json()
    assert answer["answered"]
    words = secret.split()
    assert in_caches(words)
    assert owner.call("DELETE", f"/v1/documents/{documents(owner)['secret.txt']}").status_code == 204
    owner.call("POST", "/v1/index/purge")
    assert traces(data, forms(secret)) == []
    assert in_caches(words) == []


# Ended on the way


def delete_and_die(data: Path, point: str) -> None:
    """Delete the upload a.txt and be killed at a point; the last is never passed."""
    with open_indexes(Settings(data=data, embedder=EmbedderSettings(kind="hashing"))) as indexes:
        os.umask(0o077)
        row = indexes.catalogue.document("default", "a.txt", access=OWNER)

        class Dying(uploads.Uploads):
            def finish(self) -> None:
                if point == "after the commit":
                    os.kill(os.getpid(), signal.SIGKILL)
                super().finish()
                if point == "after the file":
                    os.kill(os.getpid(), signal.SIGKILL)

            def note(self, connection: Any, paths: Any) -> None:
                super().note(connection, paths)
                if point == "inside the commit":
                    os.kill(os.getpid(), signal.SIGKILL)

        delete_document(replace(indexes, uploads=Dying(data, indexes.catalogue)), row)


@pytest.mark.parametrize(
    ("point", "there"), [("inside the commit", True), ("after the commit", False), ("after the file", False)]
)
def test_a_process_killed_while_it_deletes_leaves_both_or_neither(
    owner: Caller,  # noqa: F811
    tmp_path: Path,
    point: str,
    there: bool,
) -> None:
    del owner
    data = tmp_path / "other"
    chosen = Settings(data=data, embedder=EmbedderSettings(kind="hashing"))
    with open_indexes(chosen) as indexes:
        stored_upload(indexes, data)
    process = begin(delete_and_die, tmp_path, data, point)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with open_indexes(chosen) as indexes:
        known = set(indexes.catalogue.known("default"))
    expected = {"a.txt"} if there else set()
    assert (known, {path.name for path in stored_files(data)}) == (expected, expected)


def stored_upload(indexes: Indexes, data: Path) -> None:
    place = place_of(data, "", "default")
    place.mkdir(parents=True)
    (place / "a.txt").write_text("Words.")
    ingest(indexes, place, collection="default", settings=Settings().ingest)


# Taken elsewhere


def test_a_backup_restored_elsewhere_has_the_uploads_of_every_key_and_shows_their_pages(
    owner: Caller,  # noqa: F811
    data: Path,
    tmp_path: Path,
) -> None:
    content = drawn(lines(("Parents have 16 weeks of paid parental leave.", 100, 700)))
    for caller in (owner, owner.made(name="ann", scopes=["query", "ingest"])):
        upload(caller, ("2024/leave.pdf", content))
    take(data, tmp_path / "backup.tar")
    elsewhere = Settings(data=tmp_path / "elsewhere", embedder=EmbedderSettings(kind="hashing"))
    restore(elsewhere, tmp_path / "backup.tar")
    assert files(elsewhere.data) == files(data)
    pages = PageImages(elsewhere.ingest)
    with open_indexes(elsewhere) as indexes, closing(pages):
        rows = indexes.catalogue.documents("default", access=OWNER)
        assert {row.document for row in rows} == {"2024/leave.pdf", "@ann/2024/leave.pdf"}
        for row in rows:
            assert pages.picture(row, 1)[:4] == b"\x89PNG"
            assert indexes.uploads.file_of(row.document, row.source) in set(stored_files(elsewhere.data))
