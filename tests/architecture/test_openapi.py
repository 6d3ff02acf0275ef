"""The OpenAPI document says what a caller needs: what an operation does, with an example, and how it can fail."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from core.settings.load import Settings
from service.api.app import create_app
from service.api.live import Live

ROOT = Path(__file__).parents[2]
EXAMPLES = json.loads((ROOT / "service/api/examples.json").read_text())
WIRE = ("chat", "documents", "evaluations", "jobs", "keys", "questions", "searches", "upkeep", "versions")
OWN = {"text/event-stream", "image/png"}
PROBLEM = "application/problem+json"


def not_opened() -> AbstractContextManager[Live]:
    raise AssertionError("a description needs no open service")


DOCUMENT = create_app(Settings(), open_service=not_opened).openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
operations = pytest.mark.parametrize("name", OPERATIONS)


def has_example(content: dict[str, Any]) -> bool:
    schema = content["schema"]
    schema = SCHEMAS[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    return "example" in content or bool(schema.get("examples"))


@operations
def test_an_operation_says_what_it_does_and_what_each_parameter_is(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert len(operation["description"]) > len("Short.")
    assert [given["name"] for given in operation.get("parameters", []) if not given.get("description")] == []


@operations
def test_an_operation_shows_what_is_sent_and_what_comes_back(name: str) -> None:
    operation = OPERATIONS[name]
    contents = list(operation.get("requestBody", {}).get("content", {}).values())
    for response in operation["responses"].values():
        contents += [content for kind, content in response.get("content", {}).items() if kind not in OWN]
    assert all(map(has_example, contents))


@operations
def test_an_operation_declares_how_it_can_fail(name: str) -> None:
    operation = OPERATIONS[name]
    errors = {status for status in operation["responses"] if status >= "4"}
    expected = {"400", "500"}
    if not name.startswith("GET "):
        expected |= {"403", "413"}
    if "requestBody" in operation:
        expected |= {"422"}
    if "{" in name:
        expected |= {"404"}
    assert expected <= errors
    assert all(list(operation["responses"][status]["content"]) == [PROBLEM] for status in errors)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_what_it_is_an_example_of(name: str) -> None:
    kinds: list[type[BaseModel]] = [
        found
        for module in WIRE
        if (found := getattr(import_module(f"service.api.wire.{module}"), name, None)) is not None
    ]
    assert kinds, "there is no such message"
    example = EXAMPLES[name]
    assert kinds[0].model_validate(example).model_dump(mode="json", exclude_unset=True) == example
