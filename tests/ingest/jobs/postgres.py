"""A PostgreSQL of the tests' own: a cluster in a temporary folder, on a free port of this machine's loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ACCOUNT = "nobody"
"""Who runs it where the tests are run by root, whom PostgreSQL refuses."""


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, None when it is not installed."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((place for place in reversed(places) if (place / "initdb").exists()), None)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The URL of a database that does not exist yet, on a server that runs inside; `folder` is `programs()`."""
    account = ACCOUNT if os.geteuid() == 0 else None
    data = tempfile.mkdtemp(prefix="touchstone-postgres-")
    if account:
        shutil.chown(data, account)
    try:
        command: list[str | Path] = [
            folder / "initdb",
            "--pgdata",
            data,
            "--username",
            "touchstone",
            "--auth",
            "trust",
            "--no-sync",
        ]
        subprocess.run(command, check=True, capture_output=True, user=account, cwd="/")
        port = free_port()
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        control: list[str | Path] = [folder / "pg_ctl", "--pgdata", data, "--wait", "--log", f"{data}/log"]
        subprocess.run([*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, user=account, cwd="/")
        try:
            yield f"postgresql://touchstone@127.0.0.1:{port}/jobs"
        finally:
            subprocess.run([*control, "--mode", "fast", "stop"], check=True, capture_output=True, user=account, cwd="/")
    finally:
        shutil.rmtree(data)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
