"""What files may make a library do, done on purpose: the work that tests give to the processes that read."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from indexes.embedders.protocol import Embedder
from ingest.discover import Item
from ingest.outcomes import Failed, Skipped
from ingest.reading.read import Draft, File, Reading, draft_or_reason


def hang() -> None:
    threading.Event().wait()


def hang_whatever_is_asked() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    hang()


def be_stopped() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def compute_for_ever() -> None:
    while True:
        pass


def allocate() -> None:
    bytearray(8 << 30)


def allocate_in_a_library() -> None:
    """As Rust's libraries do: say it, and abort."""
    os.write(2, b"memory allocation of 8589934592 bytes failed\n")
    os.abort()


def read_address_zero() -> None:
    ctypes.string_at(0)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    os._exit(3)


def leave_politely() -> None:
    sys.exit(3)


def fork_and_wait_for_ever() -> None:
    if os.fork() == 0:
        hang()
    os.wait()


def leave_a_child_behind() -> None:
    subprocess.Popen(["sleep", "1000"])


def recurse() -> None:
    recurse()


def call_out() -> None:
    socket.create_connection(("127.0.0.1", 9))


def write_temporary_files() -> None:
    Path(tempfile.mkdtemp(), "left-behind").write_text("x")
    Path("in-the-working-folder").write_text("x")


def write_without_end() -> None:
    with tempfile.TemporaryFile() as file:
        while True:
            file.write(bytes(1 << 24))


def open_without_end() -> None:
    files = []
    while True:
        files.append(tempfile.TemporaryFile())  # noqa: SIM115 -- the point is not to close them


def tell(task: str) -> object:
    """What the process sees of itself and of its surroundings."""
    told: dict[str, Callable[[], object]] = {
        "pid": os.getpid,
        "environment": lambda: sorted(os.environ),
        "folder": os.getcwd,
        "modules": lambda: sorted(sys.modules),
    }
    return told[task]()


def do(task: str) -> object:
    """Do what a function of this module does, or tell something; anything else is only said again."""
    deed = globals().get(task)
    if deed is None:
        return tell(task) if task in {"pid", "environment", "folder", "modules"} else task
    return deed()


def note_and_do(folder: Path, task: str) -> object:
    """Like `do`, with the ids of this process and of the children it forks written into `folder`."""
    (folder / str(os.getpid())).touch()
    os.register_at_fork(after_in_child=lambda: (folder / str(os.getpid())).touch())
    return do(task)


WHEN_READ = "endswhenread"


class MurderousCounter:
    """The embedder of a process that reads: meeting a certain word, it ends the process that asked for the reading."""

    def __init__(self, real: Embedder) -> None:
        self.real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self.__dict__["real"], name)

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        if any(WHEN_READ in text for text in texts):
            os.kill(os.getppid(), signal.SIGKILL)
        return list(self.real.count_word_pieces(texts))


def read_or_do(reading: Reading, source: Item | File) -> Draft | Skipped | Failed:
    """Read a file, but when one is named after a deed, do that; `hang_once.…` hangs the first time it is read."""
    name = source.document.partition(".")[0]
    if name == "hang_once" and isinstance(source, Item) and not source.path.with_suffix(".seen").exists():
        source.path.with_suffix(".seen").touch()
        hang()
    deed = globals().get(name)
    if deed is not None:
        deed()
    return draft_or_reason(reading, source)
