"""Calls to the service with a key, and a list of everything that it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.testclient import TestClient


@dataclass(frozen=True)
class Caller:
    """Somebody with a key."""

    client: TestClient
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def call(self, method: str, path: str, **content: Any) -> Any:
        return self.client.request(method, path, headers=self.headers, **content)

    def made(self, **key: object) -> Caller:
        """Somebody with a new key, which this one makes."""
        made = self.call("POST", "/v1/keys", json=key)
        assert made.status_code == 201, made.text
        return Caller(self.client, made.json()["key"])


def routes_of(app: Any) -> Iterator[tuple[str, str, str | None]]:
    """(method, path, scope it needs) of every route; a mounted application is one without methods."""
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield from _one(route, "")
        else:
            prefix = route.include_context.prefix
            for each in inner.routes:
                yield from _one(each, prefix)


def _one(route: Any, prefix: str) -> Iterator[tuple[str, str, str | None]]:
    dependant = getattr(route, "dependant", None)
    scope = next(_scopes(dependant), None) if dependant else None
    for method in sorted(set(getattr(route, "methods", None) or {"MOUNT"}) - {"HEAD"}):
        yield method, prefix + route.path, scope


def _scopes(dependant: Dependant) -> Iterator[str]:
    for inner in dependant.dependencies:
        scope = getattr(inner.call, "scope", None)
        if isinstance(scope, str):
            yield scope
        yield from _scopes(inner)
