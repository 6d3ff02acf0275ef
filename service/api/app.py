"""Puts the service together. Importing this opens nothing; the lifespan does."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from typing import Any, TypedDict

import anyio.to_thread
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from core.settings.load import Settings
from service.api import errors
from service.api.auth.caller import Gate
from service.api.browsers import EXPOSED, BelowPath, OwnPages
from service.api.dependencies import within_rate, within_rate_of_address
from service.api.limits.bodies import BodyLimit
from service.api.limits.concurrency import Admission, Kind, Places
from service.api.limits.rates import Rates
from service.api.live import Live
from service.api.middleware import Authenticate, Identify, log_request
from service.api.observe.cache import TimedCache
from service.api.observe.metrics import Metrics, Stored
from service.api.observe.traces import traces_if_wanted
from service.api.routes import (
    chat,
    collections,
    documents,
    evaluations,
    health,
    index,
    ingestions,
    keys,
    mcp,
    metrics,
    models,
    pages,
    query,
    search,
    upkeep,
)
from service.api.state import Service
from service.api.tools import Opener, sessions
from service.api.wire.questions import ReadyOut

__all__ = ["Live", "Service", "State", "create_app"]

VERSION = "0.1.0"
READY_SECONDS = 2.0
STORED_SECONDS = 10.0


class State(TypedDict):
    """What the lifespan hands to every request; `BelowPath` adds `root`."""

    live: Live
    mcp: Opener
    rates: Rates | None
    ready: TimedCache[ReadyOut]
    stored: TimedCache[Stored]
    metrics: Metrics
    gate: Gate


def create_app(settings: Settings, *, open_service: Callable[[], AbstractContextManager[Service | Live]]) -> FastAPI:
    """The application; `open_service` is entered when it starts and left when it stops."""

    places, under_way = Places.of(settings.server), Counter[Kind]()
    figures, traces = Metrics(under_way), traces_if_wanted()
    observers = [log_request, figures.observe, *([traces.observe] if traces else [])]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        del app
        anyio.to_thread.current_default_thread_limiter().total_tokens = places.threads
        with ExitStack() as closing, open_service() as opened:
            rate = settings.server.rate_per_minute
            if traces:
                closing.callback(traces.close)
            live = opened if isinstance(opened, Live) else Live(opened)
            async with sessions() as opener:
                yield {
                    "live": live,
                    "gate": Gate(settings, live.secret),
                    "mcp": opener,
                    "rates": Rates(rate) if rate else None,
                    "ready": TimedCache(READY_SECONDS),
                    "stored": TimedCache(STORED_SECONDS),
                    "metrics": figures,
                }

    app = _Described(
        title="Touchstone",
        version=VERSION,
        summary="Answers from your own documents, quoted letter for letter.",
        lifespan=lifespan,
        openapi_url=None,  # a route of ours has it
        docs_url=None,
        redoc_url=None,
    )
    errors.register(app)
    for routes in (query, search, chat, models, ingestions, documents, collections, index, upkeep, keys, evaluations):
        app.include_router(
            routes.router, prefix="/v1", responses=errors.declared(401, 403), dependencies=[Depends(within_rate)]
        )
    app.include_router(mcp.router, dependencies=[Depends(within_rate)])
    app.include_router(pages.router, dependencies=[Depends(within_rate_of_address)])
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.add_middleware(Admission, places=places, taken=under_way, seconds=settings.server.wait_seconds)
    app.add_middleware(BodyLimit, settings=settings.server)
    app.add_middleware(OwnPages, settings=settings.server)
    app.add_middleware(Authenticate)
    app.add_middleware(Identify, observers=observers)
    app.add_middleware(BelowPath, root=settings.server.root_path)
    if settings.server.origins:
        _open_to(settings.server.origins, app)
    return app


def _open_to(origins: Collection[str], app: FastAPI) -> None:
    """Have browsers hand replies, errors too, to scripts on these origins. There are no cookies to send along."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["*"],  # libraries have headers of their own
        allow_private_network=True,
        expose_headers=EXPOSED,
    )


class _Described(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = errors.describe(super().openapi())
        return self.openapi_schema
