"""Evaluations over the API: for one caller, one at a time, kept through a restart."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.evaluations import EvaluationRuns
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, ModelSettings
from indexes.indexes import Indexes
from indexes.open import open_indexes
from ingest.jobs.engine import JobEngine
from ingest.pipeline import ingest
from service.answering.models.choose import open_model
from service.api.app import create_app
from service.api.live import Live
from service.api.state import Service
from tests.service.answering.models.chat_server import MODES, ChatServer, chat_server
from tests.service.api.callers import Caller

OPEN = "# Leave\n\nParents have 16 weeks of paid parental leave.\n"
CLOSED = "# Pay\n\nThe zqsecret of the board is 900 francs of paid parental leave.\n"
ITEMS = [
    {"id": "leave", "question": "How many weeks of paid parental leave do parents have?", "answers": ["16 weeks"],
     "documents": ["leave.md"], "split": "test"},
    {"id": "pay", "question": "How many francs of parental leave are paid to the board?", "answers": ["900 francs"],
     "documents": ["pay.md"], "split": "test"},
    {"id": "moon", "question": "Who bought zzyzx qwxyz?", "unanswerable": True, "split": "development"},
]  # fmt: skip
RUNGS = "closed_book", "manual", "long_context", "rag", "oracle", "random_context", "oracle_absent"
HELD = "held"
NEVER = threading.Event()


def held(handler: Any) -> None:
    handler.server.released.wait()
    MODES["good"](handler)


@pytest.fixture(scope="module")
def chat() -> Iterator[ChatServer]:
    with chat_server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODES, HELD, held)
        server.mode = HELD
        yield server


@pytest.fixture
def model(chat: ChatServer) -> Iterator[ChatServer]:
    """A model that answers once it is released."""
    chat.released.clear()
    chat.requests.clear()
    yield chat
    chat.released.set()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, chat: ChatServer) -> Settings:
    served = {"kind": "openai", "base_url": chat.url, "model": "m"}
    prices = {"slow": {"input": "0", "output": "0"}, "dear": {"input": "1000", "output": "1000"}, "unpriced": None}
    models = {name: ModelSettings.model_validate(served | {"price": price}) for name, price in prices.items()}
    return Settings(data=tmp_path_factory.mktemp("data"), embedder=EmbedderSettings(kind="hashing"), models=models)


@pytest.fixture(scope="module")
def indexes(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexes]:
    """A document for everybody and one for the board."""
    source = tmp_path_factory.mktemp("documents")
    (source / "pay.md").write_text(CLOSED)
    (source / "pay.md.meta.json").write_text(json.dumps({"groups": ["board"]}))
    (source / "leave.md").write_text(OPEN)
    with open_indexes(settings) as opened:
        ingest(opened, source, collection="default", settings=settings.ingest)
        yield opened


@contextmanager
def service(settings: Settings, indexes: Indexes) -> Iterator[TestClient]:
    jobs, models = JobEngine(indexes, settings), lambda name: open_model(settings, name, indexes.embedder)
    live = Live(Service(settings=settings, indexes=indexes, jobs=jobs, models=models))
    with closing(EvaluationRuns(settings, live)) as live.evaluations:
        app = create_app(settings, open_service=lambda: nullcontext(live))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            yield client


@pytest.fixture(scope="module")
def owner(settings: Settings, indexes: Indexes) -> Iterator[Caller]:
    with service(settings, indexes) as client:
        key = client.post("/v1/keys", json={"name": "root", "scopes": ["admin"]}).json()["key"]
        yield Caller(client, key)


@pytest.fixture
def root(owner: Caller) -> Caller:
    """An admin, before any evaluation."""
    for run in owner.call("GET", "/v1/evaluations").json()["evaluations"]:
        assert owner.call("DELETE", f"/v1/evaluations/{run['evaluation_id']}").status_code == 204
    return owner


def ended(caller: Caller, path: str) -> Any:
    while (found := caller.call("GET", path).json())["state"] == "RUNNING":
        NEVER.wait(0.02)
    return found


def evaluated(caller: Caller, **asked: Any) -> Any:
    begun = caller.call("POST", "/v1/evaluations", json={"items": ITEMS, **asked})
    assert begun.status_code == 202, begun.text
    return ended(caller, begun.headers["Location"])


def folder_of(settings: Settings, run: Any) -> Path:
    return settings.data / "evaluations" / str(run["evaluation_id"])


def test_a_caller_gets_a_verdict_and_a_page_for_its_questions(root: Caller) -> None:
    run = evaluated(root, rungs=["closed_book", "rag"])
    assert (run["state"], run["questions"], run["done"], run["total"]) == ("COMPLETED", 3, 6, 6)
    assert run["verdict"]["decision"] == "inconclusive"
    page = root.call("GET", f"/v1/evaluations/{run['evaluation_id']}/report")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"] == "sandbox allow-scripts"
    assert run["verdict"]["sentence"].split(":")[0] in page.text
    assert root.call("GET", "/v1/evaluations").json() == {"evaluations": [run]}


def test_documents_that_a_caller_may_not_read_do_not_exist_for_its_evaluation(root: Caller, settings: Settings) -> None:
    ann = root.made(name="ann", scopes=["evaluate"], groups=["staff"])
    run = evaluated(ann, rungs=list(RUNGS))
    assert (run["state"], run["total"]) == ("COMPLETED", 21)
    told = "".join(path.read_text() for path in folder_of(settings, run).iterdir())
    assert "16 weeks of paid parental leave" in told
    assert "zqsecret" not in told
    records = [json.loads(line) for line in (folder_of(settings, run) / "records.jsonl").read_text().splitlines()]
    about_pay = {record["rung"]: record for record in records if record["question_id"] == "pay"}
    assert about_pay["rag"]["gold"]["not_indexed"] == ["pay.md"]
    assert about_pay["manual"]["status"] != "answered"
    assert json.loads((folder_of(settings, run) / "manifest.json").read_text())["documents"] == 1
    board = evaluated(root.made(name="bea", scopes=["evaluate"], groups=["board"]), rungs=["oracle"])
    assert "zqsecret" in (folder_of(settings, board) / "records.jsonl").read_text()


def test_an_evaluation_is_its_callers_own(root: Caller) -> None:
    bea = root.made(name="bea", scopes=["evaluate"], groups=["board"])
    path = f"/v1/evaluations/{evaluated(bea, rungs=['oracle'])['evaluation_id']}"
    strangers = [
        root.made(name="ann", scopes=["evaluate"], groups=["board"]),
        root.made(name="bea", scopes=["evaluate"], groups=["staff"]),
    ]
    for stranger in strangers:
        assert stranger.call("GET", "/v1/evaluations").json() == {"evaluations": []}
        for method, way in (("GET", ""), ("GET", "/report"), ("POST", "/cancel"), ("POST", "/resume"), ("DELETE", "")):
            reply = stranger.call(method, path + way)
            assert (reply.status_code, reply.json()["code"]) == (404, "unknown_job")
    assert root.call("GET", path).status_code == 200
    assert bea.call("DELETE", path).status_code == 204
    assert bea.call("GET", path).status_code == 404


def test_without_the_scope_it_is_forbidden_and_what_is_asked_for_is_checked(root: Caller) -> None:
    other = root.made(name="eve", scopes=["query"])
    assert other.call("POST", "/v1/evaluations", json={"items": ITEMS}).status_code == 403
    ann = root.made(name="ann", scopes=["evaluate"])
    for asked, status in (
        ({"items": ITEMS, "dataset": "both"}, 422),
        ({"items": [{"id": "1"}]}, 422),
        ({"items": ITEMS, "split": "other"}, 422),
        ({"items": ITEMS, "rungs": ["stairs"]}, 422),
        ({"items": ITEMS, "model": "nobody"}, 404),
        ({"items": ITEMS, "model": "unpriced"}, 422),
        ({"items": ITEMS, "collection": "nowhere"}, 404),
        ({"items": ITEMS, "budget_usd": "100"}, 422),
        ({"dataset": "sealed"}, 403),
    ):
        assert ann.call("POST", "/v1/evaluations", json=asked).status_code == status, asked
    assert ann.call("GET", "/v1/evaluations").json() == {"evaluations": []}


def test_an_admin_names_a_question_file_of_the_data_folder_and_no_other(root: Caller, settings: Settings) -> None:
    (settings.data / "questions").mkdir()
    (settings.data / "questions" / "leave.jsonl").write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    begun = root.call("POST", "/v1/evaluations", json={"dataset": "leave", "split": "test", "rungs": ["closed_book"]})
    run = ended(root, begun.headers["Location"])
    assert (run["state"], run["dataset"], run["questions"]) == ("COMPLETED", "leave.jsonl", 2)
    for name in ("../questions/leave", "/etc/passwd", "nothing"):
        assert root.call("POST", "/v1/evaluations", json={"dataset": name}).status_code == 422


def test_one_runs_at_a_time_and_is_cancelled_and_goes_on(root: Caller, model: ChatServer) -> None:
    begun = root.call("POST", "/v1/evaluations", json={"items": ITEMS, "rungs": ["closed_book"], "model": "slow"})
    assert begun.status_code == 202, begun.text
    path = begun.headers["Location"]
    second = root.call("POST", "/v1/evaluations", json={"items": ITEMS})
    assert (second.status_code, second.json()["code"]) == (409, "job_conflict")
    assert root.call("DELETE", path).status_code == 409
    assert root.call("POST", f"{path}/cancel").status_code == 202
    model.released.set()
    run = ended(root, path)
    assert run["state"] == "CANCELLED"
    assert (run["done"], run["report"]) == (len(model.requests), True)
    assert root.call("POST", f"{path}/resume").status_code == 202
    run = ended(root, path)
    assert (run["state"], run["done"]) == ("COMPLETED", run["total"])
    assert len(model.requests) == 3
    assert root.call("POST", f"{path}/resume").status_code == 409


def test_one_that_the_end_of_the_service_interrupts_says_so_and_goes_on(
    root: Caller, settings: Settings, indexes: Indexes, model: ChatServer
) -> None:
    asked = {"items": ITEMS, "rungs": ["closed_book"], "model": "slow"}
    path = root.call("POST", "/v1/evaluations", json=asked).headers["Location"]
    stored = settings.data / "evaluations" / path.rsplit("/", 1)[1] / "run.json"
    killed = stored.read_text()
    model.released.set()
    ended(root, path)
    stored.write_text(killed)
    records = stored.parent / "records.jsonl"
    records.write_text(records.read_text().splitlines()[0] + "\n")
    with service(settings, indexes) as client:
        again = Caller(client, root.key)
        assert again.call("GET", path).json()["state"] == "INTERRUPTED"
        assert again.call("POST", f"{path}/resume").status_code == 202
        run = ended(again, path)
    assert (run["state"], run["done"]) == ("COMPLETED", 3)
    assert len(model.requests) == 3 + 2


def test_it_stops_at_the_budget_with_what_it_has_and_names_no_folder(
    root: Caller, settings: Settings, model: ChatServer
) -> None:
    model.released.set()
    run = evaluated(root, model="dear", rungs=["closed_book"], budget_usd="0.5")
    assert (run["state"], run["error"]["code"]) == ("STOPPED", "budget_reached")
    assert str(settings.data) not in run["error"]["detail"]


def test_an_evaluation_without_text_has_a_report_without_text(root: Caller) -> None:
    run = evaluated(root, rungs=["rag", "oracle"], text=False)
    page = root.call("GET", f"/v1/evaluations/{run['evaluation_id']}/report").text
    assert not re.search("16 weeks|zqsecret|parental leave do parents", page)
    assert "<code>leave</code>" in page


BROKEN = {
    "empty": "",
    "cut off": '{"begun_by": "x", "ev',
    "of another release": '{"begun_by": "x", "everything": true, "groups": [], "inline": true, "new": 1}',
    "a folder": None,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_record_that_cannot_be_read_is_listed_as_broken_and_can_be_removed(
    root: Caller, settings: Settings, indexes: Indexes, content: str | None
) -> None:
    folder = settings.data / "evaluations" / "0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "run.json").mkdir() if content is None else (folder / "run.json").write_text(content)
    other = root.call("POST", "/v1/keys", json={"name": "other", "scopes": ["evaluate"]}).json()["key"]
    path = "/v1/evaluations/0123456789abcdef"
    with service(settings, indexes) as client:
        again = Caller(client, root.key)
        (run,) = again.call("GET", "/v1/evaluations").json()["evaluations"]
        assert (run["state"], run["error"]["code"]) == ("BROKEN", "unreadable")
        assert "run.json cannot be read" in run["error"]["detail"]
        assert Caller(client, other).call("GET", path).status_code == 404
        assert Caller(client, other).call("GET", "/v1/evaluations").json()["evaluations"] == []
        assert [again.call("POST", f"{path}/{verb}").status_code for verb in ("resume", "cancel")] == [409, 409]
        assert again.call("DELETE", path).status_code == 204
        assert again.call("GET", path).status_code == 404
    assert not folder.exists()


def test_a_file_in_the_place_of_the_folder_of_runs_is_named(root: Caller, settings: Settings) -> None:
    runs = settings.data / "evaluations"
    shutil.rmtree(runs, ignore_errors=True)
    runs.write_text("x")
    try:
        assert root.call("GET", "/v1/evaluations").json() == {"evaluations": []}
        refused = root.call("POST", "/v1/evaluations", json={"items": ITEMS, "rungs": ["rag"]})
        assert (refused.status_code, refused.json()["code"]) == (503, "not_writable")
        assert "evaluations/" in refused.json()["detail"]
    finally:
        runs.unlink()


def test_a_record_that_did_not_change_is_read_once(root: Caller, settings: Settings) -> None:
    run = evaluated(root, rungs=["rag"])
    record = folder_of(settings, run) / "run.json"
    before, about = record.read_text(), record.stat()
    record.write_text(before.replace("COMPLETED", "SCRAMBLED"))
    os.utime(record, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert root.call("GET", f"/v1/evaluations/{run['evaluation_id']}").json()["state"] == "COMPLETED"
    os.utime(record, ns=(about.st_atime_ns, about.st_mtime_ns + 1))
    assert root.call("GET", f"/v1/evaluations/{run['evaluation_id']}").json()["state"] == "BROKEN"


def test_a_run_whose_end_cannot_be_written_is_not_at_work_for_ever(
    root: Caller, settings: Settings, model: ChatServer
) -> None:
    asked = {"items": ITEMS, "rungs": ["closed_book"], "model": "slow"}
    path = root.call("POST", "/v1/evaluations", json=asked).headers["Location"]
    record = settings.data / "evaluations" / path.rsplit("/", 1)[1] / "run.json"
    before = record.read_text()
    record.unlink()
    record.mkdir()
    model.released.set()
    while root.call("POST", "/v1/evaluations", json={"items": ITEMS, "rungs": ["nothing"]}).status_code == 409:
        NEVER.wait(0.02)
    record.rmdir()
    record.write_text(before)
    state = root.call("GET", path).json()["state"]
    assert state in {"COMPLETED", "FAILED"}
    assert f'"state": "{state}"' in record.read_text()
