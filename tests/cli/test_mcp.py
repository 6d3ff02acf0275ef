"""`touchstone mcp`, started by the SDK's own client as an assistant starts it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.cli.conftest import environment_for, fill, runner
from tests.cli.test_serve import start

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


def test_without_a_data_folder_it_says_what_to_do(tmp_path: Path) -> None:
    done = runner(tmp_path)("mcp")
    assert (done.code, "touchstone ingest" in done.err, done.out) == (2, True, "")
