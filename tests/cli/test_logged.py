"""What a service writes about itself, however much it is told to write: nothing of what it is asked or holds."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.cli.conftest import environment_for
from tests.service.answering.models.chat_server import ChatServer, chat_server

CANARY = "canary"
"""Part of every text, name and key of this test, and of nothing else: not of the test's name, which is in paths."""
EVERYTHING = "from core import logs; logs.NOISY = (); from cli.main import run; run(['serve', '--port', '0'])"
"""A service whose libraries say all they can."""
LONG = 60.0
JSON = {"content-type": "application/json"}


@contextmanager
def talkative(folder: Path, models: str) -> Iterator[str]:
    """The URL of a service that logs all it can to `folder/said`."""
    (folder / "touchstone.toml").write_text(models)
    variables = {"TOUCHSTONE_LOG_LEVEL": "debug", "MODEL_KEY": f"sk-{CANARY}"}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", EVERYTHING],
            cwd=folder,
            env=environment_for(folder / "data") | variables,
            stdout=said,
            stderr=said,
        )
    with process:
        while not (found := re.search(r"answers at (http://\S+)", (folder / "said").read_text())):
            assert process.poll() is None, (folder / "said").read_text()
            time.sleep(0.02)
        yield found.group(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=LONG) == 0


def documents(folder: Path) -> Path:
    source = folder / "documents"
    source.mkdir()
    (source / f"{CANARY}-leave.md").write_text(f"# The {CANARY} title\n\nThe {CANARY} leave is 16 weeks.\n")
    (source / f"{CANARY}.pdf").write_bytes(b"%PDF-1.4\n" + CANARY.encode() * 9)
    (source / f"{CANARY}.docx").write_bytes(b"PK\x03\x04" + CANARY.encode() * 9)
    (source / f"{CANARY}.json").write_text('{"' + CANARY)
    (source / f"{CANARY}-leave.txt").write_text(CANARY)
    (source / f"{CANARY}-leave.txt.meta.json").write_text('{"groups": "' + CANARY)
    return source


def ingest(client: httpx.Client, source: Path) -> None:
    job = client.post("/v1/ingestions", json={"source": str(source)}).json()
    while (found := client.get(f"/v1/ingestions/{job['job_id']}").json())["state"] in {"QUEUED", "RUNNING"}:
        time.sleep(0.05)
    assert (found["state"], found["indexed"] > 0, found["failed"] > 0) == ("COMPLETED_WITH_ERRORS", True, True)


def ask_all_kinds(client: httpx.Client, server: ChatServer) -> None:
    text = f"How long is the {CANARY} leave?"
    assert client.post("/v1/query", json={"question": text}).json()["answered"]
    for mode in ("good", "html", "500", "401", "wrong_shape", "cut"):
        server.mode, server.reply = mode, f'{{"answer": "{CANARY}", "quotes": []}}'
        for stream in (False, True):
            client.post("/v1/query", json={"question": text, "model": "chat", "stream": stream})
    assert client.post("/v1/query", json={"question": text, "model": "refused"}).status_code == 502
    client.post("/v1/search", json={"text": text, "explain": True, "trace": f"{CANARY}-leave.md"})
    client.post("/", data={"question": text})
    for wrong in ({"question": CANARY * 1000}, {"question": CANARY, "model": CANARY}, {"question": 7, CANARY: CANARY}):
        assert client.post("/v1/query", json=wrong).status_code in (404, 422)
    for path in ("/v1/query", "/v1/ingestions"):
        assert client.post(path, content=f'{{"{CANARY}', headers=JSON).status_code in (400, 422)
    client.post("/v1/ingestions", json={"source": f"/nowhere/{CANARY}"})
    client.post("/v1/ingestions", files={"files": (f"{CANARY}.md", f"# {CANARY}")}, data={"collection": CANARY})
    for path in (f"/{CANARY}", f"/v1/documents/{CANARY}", f"/v1/documents?collection={CANARY}", "/v1/documents"):
        client.get(path, params={CANARY: CANARY} if path == f"/{CANARY}" else None)
    for document in client.get("/v1/documents").json()["documents"]:
        client.get(f"/v1/documents/{document['id']}/text")
        assert client.delete(f"/v1/documents/{document['id']}").status_code == 204


def test_nothing_that_was_asked_or_stored_is_written(tmp_path: Path) -> None:
    chat = 'kind = "openai"\nmodel = "m"\napi_key_env = "MODEL_KEY"\n'
    with chat_server() as server:
        models = (
            f'[models.chat]\n{chat}base_url = "{server.url}"\n'
            f'[models.refused]\n{chat}base_url = "http://127.0.0.1:9/{CANARY}"\n'
        )
        headers = {"Authorization": f"Bearer {CANARY}", "X-API-Key": CANARY, "traceparent": CANARY}
        with talkative(tmp_path, models) as url, httpx.Client(base_url=url, timeout=LONG, headers=headers) as client:
            ingest(client, documents(tmp_path))
            ask_all_kinds(client, server)
            figures = client.get("/metrics").text
    said = (tmp_path / "said").read_text(errors="replace")
    assert "touchstone_stage_seconds" in figures
    assert CANARY not in figures.lower()
    assert [line for line in said.splitlines() if CANARY in line.lower()] == []
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    ended = [line for line in lines if line["event"] == "request.ended"]
    assert {"/v1/query", "/v1/documents/{document_id}", "none"} <= {line["route"] for line in ended}
    assert all({"request_id", "method", "status", "milliseconds"} <= set(line) for line in ended)
