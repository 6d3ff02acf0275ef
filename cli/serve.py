"""`touchstone serve`: the API, the pages, and the jobs that ingest, in one process."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Data, settings_of
from cli.output import remark
from core.errors import SettingsError
from core.logs import report_thread
from core.machine import collect_rarely, keep_few_heaps

if TYPE_CHECKING:
    from core.settings.load import Settings
    from service.api.live import Live
    from service.api.state import Service

BACKLOG = 2048
SWITCH_SECONDS = 0.001
"""How long a thread that computes may keep the one that answers /healthz from running."""


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option("--host", metavar="HOST", help="Address (default 127.0.0.1).")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, metavar="PORT", help="Port; 0: any free one.")
    ] = None,
    first_key: Annotated[
        Path | None,
        typer.Option(
            "--first-key",
            metavar="FILE",
            help="If no key was ever made, make one with the scope admin and put it there.",
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Answer over HTTP until told to stop."""
    from service.api.app import create_app
    from service.api.server import GracefulServer, config_of

    settings = settings_of(context, data, log_to_stderr=True)
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings.model_copy(update={"server": settings.server.model_copy(update=given)})
    threading.excepthook = report_thread
    sys.setswitchinterval(SWITCH_SECONDS)
    keep_few_heaps()
    with (
        listening(settings.server.host, settings.server.port) as door,
        open_service(settings, url_of(door, settings.server.host), first_key) as live,
    ):
        app = create_app(settings, open_service=lambda: nullcontext(live))
        collect_rarely()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # uvicorn sets its own, and afterwards raises it once more
        GracefulServer(config_of(app, settings.server), live, settings.server).run(sockets=[door])


@contextmanager
def open_service(settings: Settings, url: str, first_key: Path | None = None) -> Iterator[Live]:
    """Open what the service works with, go on with the jobs it left and tell where it is.

    `first_key`: where to put a key that is made if none ever was, unless the settings mean everybody to get in.

    Raises:
        DataFolderOwned: another process owns the data folder.
        SettingsError: there is no key, and the service could be reached from elsewhere, or none can be put there.
        Unavailable: jobs were left and the jobs database cannot be opened.
        SourceError: a scheduled source is a URL of a kind that is not read.
    """
    from app.evaluations import EvaluationRuns
    from app.upkeep import ServiceUpkeep
    from indexes.upkeep.lock import own
    from service.api.auth.caller import Gate, refuse_open_door

    with own(settings.data) as lock, closing(ServiceUpkeep(settings, lock)) as upkeep:
        with upkeep.live.reading() as service:
            everybody = Gate(settings).is_open(service)
            if everybody and first_key is not None and not settings.server.allow_anonymous:
                make_first_key(service, first_key)
                everybody = False
            nobody = not (everybody or settings.oidc.issuer or service.indexes.catalogue.keys.any_good())
        if everybody:
            refuse_open_door(settings.server)
        lock.announce(url)
        remark(f"Touchstone answers at {url} (Ctrl-C stops it)")
        if everybody:
            remark("There is no key yet: whoever reaches it may do everything. touchstone keys create --name NAME")
        if nobody:
            remark("It asks for a key, and none is good any longer: touchstone keys create --name NAME --scope admin")
        with closing(EvaluationRuns(settings, upkeep.live)) as upkeep.live.evaluations:
            yield upkeep.live


def make_first_key(service: Service, file: Path) -> None:
    """Make a key with the scope admin and write it to a file that its user alone can read.

    Raises:
        SettingsError: the file cannot be written to; then there is no key either.
    """
    from service.api.wire.keys import KeyIn

    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SettingsError(
            f"The first key cannot be written to {file}: {error.strerror}. Name another file."
        ) from error
    with open(descriptor, "w", encoding="ascii") as written:
        os.fchmod(descriptor, 0o600)
        _, key = service.indexes.catalogue.keys.make(KeyIn(name="first", scopes=("admin",)).row())
        written.write(f"{key}\n")
        written.flush()
        os.fsync(descriptor)
    remark(f"There was no key yet: one that may do everything is in {file}")


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """The socket that is listened on.

    Raises:
        SettingsError: the port is taken, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host.strip("[]"), port))
            door.listen(BACKLOG)
        except OSError as error:
            raise SettingsError(
                f"Cannot listen on {host}, port {port}: {error.strerror or error}. "
                "Choose another with --port; 0 takes any free one."
            ) from error
        yield door


def url_of(door: socket.socket, host: str) -> str:
    """Where a client on this machine reaches the service."""
    port = door.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"
