"""`touchstone mcp`, started by the SDK's own client as an assistant starts it."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from tests.cli.conftest import environment_for, fill, runner
from tests.cli.test_serve import start
from tests.service.answering.models.chat_server import ChatServer, chat_server

mcp = pytest.importorskip("mcp")
QUESTION = "How many weeks of paid parental leave do parents have?"


def talk(folder: Path) -> list[Any]:
    """What the three tools give."""
    command = mcp.StdioServerParameters(
        command=sys.executable, args=["-m", "cli", "mcp"], env=environment_for(folder / "data"), cwd=folder
    )

    async def calls() -> list[Any]:
        async with mcp.Client(command) as client:
            return [
                await client.call_tool("ask", {"question": QUESTION}),
                await client.call_tool("search", {"text": "parental leave", "limit": 1}),
                await client.call_tool("read_document", {"document": "policies/leave.md", "length": 7}),
                await client.call_tool("read_document", {"document": "nothing.md"}),
            ]

    return anyio.run(calls)


def right(replies: list[Any]) -> bool:
    answer, found, read, missing = replies
    assert "16 weeks" in answer.structured_content["answer"]
    assert found.structured_content["hits"][0]["document"] == "policies/leave.md"
    assert read.structured_content["text"] == "# Leave"
    assert (missing.is_error, "nothing.md" in missing.content[0].text) == (True, True)
    return True


def test_an_assistant_works_on_the_data_folder_itself(tmp_path: Path) -> None:
    assert runner(tmp_path)("ingest", fill(tmp_path)).code == 0
    assert right(talk(tmp_path))


def test_an_assistant_works_through_the_service_that_owns_the_folder(tmp_path: Path) -> None:
    process, _ = start(tmp_path)
    with process:
        assert runner(tmp_path)("ingest", fill(tmp_path)).code == 0
        assert right(talk(tmp_path))
        process.terminate()


async def leave(folder: Path, model: ChatServer, environment: dict[str, str]) -> None:
    """Ask something, and let go of it once the model was asked."""
    env = environment_for(folder / "data") | environment
    command = mcp.StdioServerParameters(command=sys.executable, args=["-m", "cli", "mcp"], env=env, cwd=folder)

    async def ask(client: Any, letting_go: anyio.CancelScope) -> None:
        with letting_go:
            await client.call_tool("ask", {"question": QUESTION, "model": "main"})

    async with mcp.Client(command) as client, anyio.create_task_group() as tasks:
        letting_go = anyio.CancelScope()
        tasks.start_soon(ask, client, letting_go)
        while not model.requests:
            await anyio.sleep(0.01)
        letting_go.cancel()
        assert await anyio.to_thread.run_sync(model.left.wait, 60)


@pytest.mark.parametrize("served", [False, True], ids=["on the folder", "through the service"])
def test_a_question_that_an_assistant_lets_go_of_ends_the_call_of_the_model(tmp_path: Path, *, served: bool) -> None:
    assert runner(tmp_path)("ingest", fill(tmp_path)).code == 0
    with chat_server() as model, ExitStack() as ending:
        model.mode = "hang_after_headers"
        main = {"KIND": "openai", "BASE_URL": model.url, "MODEL": "small", "TIMEOUT_SECONDS": "600"}
        environment = {f"TOUCHSTONE_MODELS__MAIN__{name}": value for name, value in main.items()}
        if served:
            process, _ = start(tmp_path, **environment, TOUCHSTONE_SERVER__DEADLINE_S="600")
            ending.enter_context(process)
            ending.callback(process.terminate)
        anyio.run(leave, tmp_path, model, environment)


def test_without_a_data_folder_it_says_what_to_do(tmp_path: Path) -> None:
    done = runner(tmp_path)("mcp")
    assert (done.code, "touchstone ingest" in done.err, done.out) == (2, True, "")
