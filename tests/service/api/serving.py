"""The service on a real socket of this machine, for clients that bring their own HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import uvicorn

from cli.serve import listening
from core.settings.load import Settings
from service.api.app import create_app
from service.api.live import Live
from service.api.server import config_of
from service.api.state import Service


@contextmanager
def serving(service: Service | Live, settings: Settings) -> Iterator[str]:
    """The URL of a running service; it is stopped at the end."""
    app = create_app(settings, open_service=lambda: nullcontext(service))
    with listening("127.0.0.1", 0) as door:
        server = uvicorn.Server(config_of(app, settings.server.model_copy(update={"stop_seconds": 5.0})))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
