"""Puts the service together. Importing this opens nothing; the lifespan does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, TypedDict

import anyio.to_thread
from fastapi import FastAPI

from core.settings import Settings
from service.api import errors
from service.api.access import Gate
from service.api.live import Live
from service.api.middleware import BodyLimit, Identify, OwnPages
from service.api.routes import (
    care,
    collections,
    documents,
    health,
    index,
    ingestions,
    keys,
    models,
    pages,
    query,
    search,
)
from service.api.state import Service

__all__ = ["Live", "Service", "State", "create_app"]

VERSION = "0.1.0"


class State(TypedDict):
    """What the lifespan hands to every request."""

    live: Live
    gate: Gate


def create_app(settings: Settings, *, open_service: Callable[[], AbstractContextManager[Service | Live]]) -> FastAPI:
    """The application; `open_service` is entered when it starts and left when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        del app
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.server.threads
        with open_service() as opened:
            live = opened if isinstance(opened, Live) else Live(opened)
            yield {"live": live, "gate": Gate(settings, live.secret)}

    app = _Described(
        title="Touchstone",
        version=VERSION,
        summary="Answers from your own documents, quoted letter for letter.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    errors.register(app)
    for routes in (query, search, ingestions, documents, collections, index, care, models, keys):
        app.include_router(routes.router, prefix="/v1", responses=errors.declared(401, 403))
    app.include_router(health.router)
    app.include_router(pages.router)
    app.add_middleware(BodyLimit, upload_bytes=settings.server.max_upload_mb * 1_000_000)
    app.add_middleware(OwnPages, listening_on=settings.server.host)
    app.add_middleware(Identify)
    return app


class _Described(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = errors.describe_problems(super().openapi())
        return self.openapi_schema
