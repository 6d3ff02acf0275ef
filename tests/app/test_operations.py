"""The table of operations says of the service what is so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from fastapi.routing import APIRoute

from app.operations import OPERATIONS, Operation
from core.settings.load import Settings
from service.api.app import create_app
from service.api.live import Live
from service.api.wire.message import Reply
from touchstone.library import Client


def not_opened() -> AbstractContextManager[Live]:
    raise AssertionError("a description needs no open service")


def routes() -> Iterator[tuple[str, APIRoute]]:
    included: Any
    for included in create_app(Settings(), open_service=not_opened).routes:
        router = getattr(included, "original_router", None)
        for route in router.routes if router else []:
            yield included.include_context.prefix + route.path, route


ROUTES = {(method, path): route for path, route in routes() for method in route.methods or ()}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_is_a_route_that_takes_and_gives_what_the_table_says(operation: Operation[Reply]) -> None:
    route = ROUTES[operation.method, operation.path]
    assert route.response_model is (None if operation.reply is Reply else operation.reply)
    taken: Any = route.body_field.field_info.annotation if route.body_field else None
    raw = {content["schema"]["title"] for content in _described(route) if "title" in content["schema"]}
    assert taken is operation.sent or (operation.sent is not None and operation.sent.__name__ in raw)


def _described(route: APIRoute) -> list[dict[str, Any]]:
    return list((route.openapi_extra or {}).get("requestBody", {}).get("content", {}).values())


def test_no_two_operations_have_one_name() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS) > 20


def test_what_a_client_can_do_is_in_the_table() -> None:
    assert {name for name in vars(Client.__base__) if not name.startswith("_")} <= {each.name for each in OPERATIONS}
