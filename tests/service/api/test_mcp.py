"""The tools of an assistant over HTTP, as the SDK's own client calls them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import anyio
import pytest

from core.access import Access
from service.answering.models.choose import Model
from service.api.state import Service
from service.api.tools import ServiceTools
from service.api.wire.documents import ReadIn
from tests.service.api.serving import serving

mcp = pytest.importorskip("mcp")
QUESTION = "How many weeks of paid parental leave do employees who become parents have?"


@pytest.fixture(scope="module")
def url(service: Service) -> Iterator[str]:
    with serving(service, service.settings) as address:
        yield f"{address}/mcp"


def calls(url: str, *wanted: tuple[str, dict[str, Any]], mode: str = "auto") -> list[Any]:
    """What the tools give, called one after the other by one client."""

    async def talk() -> list[Any]:
        async with mcp.Client(url, mode=mode) as client:
            return [await client.call_tool(name, arguments) for name, arguments in wanted]

    return anyio.run(talk)


def test_the_tools_are_listed_with_what_they_take(url: str) -> None:
    async def listed() -> Any:
        async with mcp.Client(url) as client:
            return await client.list_tools()

    tools = {tool.name: tool for tool in anyio.run(listed).tools}
    assert list(tools) == ["search", "ask", "read_document"]
    assert tools["ask"].input_schema["required"] == ["question"]
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools.values())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_assistant_searches_asks_and_reads(url: str, mode: str) -> None:
    found, answered = calls(url, ("search", {"text": "parental leave"}), ("ask", {"question": QUESTION}), mode=mode)
    assert "16 weeks" in found.structured_content["hits"][0]["text"]
    reply = answered.structured_content
    assert (reply["answered"], len(reply["request_id"]) > 0) == (True, True)
    (citation, *_) = reply["citations"]
    start, end = citation["start"], citation["end"]
    place = {"document": citation["document"], "start": start, "length": end - start}
    (read,) = calls(url, ("read_document", place), mode=mode)
    assert read.structured_content["text"].split() == citation["quote"].split()
    assert read.structured_content["text"] in read.content[0].text.replace("\\n", "\n")


def test_what_cannot_be_done_is_said_to_the_assistant(url: str) -> None:
    wrong = [
        ("search", {"text": " "}, "is empty"),
        ("search", {"text": "x", "colour": "red"}, "colour"),
        ("ask", {"question": "x" * 4001}, "4,001 characters"),
        ("ask", {"question": "x", "model": "nobody"}, "nobody"),
        ("search", {"text": "x", "collection": "nowhere"}, "nowhere"),
        ("read_document", {"document": "no.pdf"}, "no.pdf"),
        ("forget", {}, "no tool"),
    ]
    replies = calls(url, *[(name, arguments) for name, arguments, _ in wrong])
    for reply, (*_, said) in zip(replies, wrong, strict=True):
        assert reply.is_error
        assert said in reply.content[0].text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_bug_tells_an_assistant_nothing_of_what_was_worked_on(
    service: Service, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    def broken(name: str | None) -> Model:
        raise RuntimeError("canary")

    with serving(replace(service, models=broken), service.settings) as address:
        (reply,) = calls(f"{address}/mcp", ("ask", {"question": QUESTION}), mode=mode)
    assert (reply.is_error, "inside Touchstone" in reply.content[0].text) == (True, True)
    assert "canary" not in reply.content[0].text
    assert [record.exc_info for record in caplog.records if record.message == "tool.failed"]


def test_a_refusal_is_no_error(url: str) -> None:
    (reply,) = calls(url, ("ask", {"question": "zzyzx qwxyz?"}))
    assert not reply.is_error
    assert (reply.structured_content["answered"], reply.structured_content["answer"]) == (False, None)


def test_a_document_is_read_by_name_or_id_a_stretch_at_a_time(service: Service) -> None:
    tools = ServiceTools(service, Access())
    by_name = tools.read(ReadIn(document="leave.md", length=10))
    assert (by_name.text, by_name.start) == ("# Leave\n\n#", 0)
    assert by_name.characters > 10
    assert tools.read(ReadIn(document=by_name.id, start=2, length=5)).text == "Leave"
