from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Touchstone
from tests.service.answering.models.chat_server import ChatServer, chat_server

REPLY = '{"quotes": [{"passage": 1, "text": "40 francs"}], "answer": "40 francs"}'


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as running:
        running.reply = REPLY
        yield running


def models(server: ChatServer, **fields: object) -> dict[str, str]:
    main = {"kind": "openai", "base_url": server.url, "model": "small", **fields}
    return {"TOUCHSTONE_MODELS": json.dumps({"main": main})}


def test_a_check_says_what_the_server_of_a_model_can_do(touchstone: Touchstone, server: ChatServer) -> None:
    done = touchstone("models", "check", "main", "--json", **models(server, price={"input": 1, "output": 1}))
    (seen,) = done.json["models"]
    assert done.code == 0
    assert {name: seen[name] for name in ("works", "structured", "streams", "usage", "price", "quotes")} == {
        "works": True, "structured": "json_schema", "streams": True, "usage": True, "price": True, "quotes": True,
    }  # fmt: skip
    assert len(server.requests) == 1


def test_what_a_server_lacks_is_said_and_is_no_failure(touchstone: Touchstone, server: ChatServer) -> None:
    server.mode, server.usage = "no_stream", None
    done = touchstone("models", "check", "--json", **models(server))
    (_, seen) = done.json["models"]
    assert done.code == 0
    assert (seen["works"], seen["streams"], seen["usage"], seen["price"]) == (True, False, False, False)


def test_a_model_that_does_not_work_is_named_with_what_to_do(touchstone: Touchstone, server: ChatServer) -> None:
    server.mode = "401"
    done = touchstone("models", "check", **models(server))
    assert done.code == 2
    assert "api_key_env" in done.err
    assert done.out.splitlines()[1].split()[:2] == ["extractive", "yes"]
    assert done.out.splitlines()[2].split()[:2] == ["main", "no"]


def test_a_model_that_is_not_in_the_settings_is_a_wrong_name(touchstone: Touchstone) -> None:
    done = touchstone("models", "check", "nobody")
    assert done.code == 2
    assert "nobody" in done.err
