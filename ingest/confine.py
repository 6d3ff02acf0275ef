"""What a process that reads files may take and reach. Called inside that process, once, before it reads anything.

Limits hold it back from taking the machine along; they are no wall against code that a file smuggles in. Not every
system has every limit: what one lacks is left out, and the parent's clock still ends a process that takes too long.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import math
import os
import resource
import signal
import sys
import tempfile
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path

STDERR = "stderr"
"""The file in a process's own folder that holds what it and its libraries printed."""
_MOST_WRITTEN = 512 << 20
_MOST_OPEN = 256
_KEPT = frozenset(
    {
        *("HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "PATH", "PYTHONHASHSEED", "TZ"),
        *("HF_HOME", "HF_HUB_CACHE", "SENTENCE_TRANSFORMERS_HOME", "TESSDATA_PREFIX", "XDG_CACHE_HOME"),
    }
)
"""All that is left of the environment, with LC_*: a file has no use for keys and passwords."""
_NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethost")
_SIGNAL_AT_PARENTS_DEATH = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


def confine(scratch: Path, *, memory_mb: int) -> None:
    """Give the process a folder of its own below `scratch`, named after its id, and take from it what it needs not."""
    _end_with_parent()
    os.setsid()  # a group of its own: it can be ended with all its children, and Ctrl-C does not reach it
    _work_in(scratch / str(os.getpid()))
    for name in [name for name in os.environ if name not in _KEPT and not name.startswith("LC_")]:
        os.environ.pop(name)
    os.environ.update(TMPDIR=tempfile.gettempdir(), TOKENIZERS_PARALLELISM="false", OMP_NUM_THREADS="1")
    os.environ.update(HF_HUB_OFFLINE="1", DO_NOT_TRACK="1", no_proxy="*")
    _limit("RLIMIT_DATA", memory_mb << 20)  # private memory; address space alone costs nothing, and is used lavishly
    _limit("RLIMIT_FSIZE", _MOST_WRITTEN)
    _limit("RLIMIT_NOFILE", _MOST_OPEN)
    _limit("RLIMIT_CORE", 0)
    sys.addaudithook(_refuse_network)


def allow_processor_time(seconds: float) -> None:
    """From now on the process may compute for so long; then the system ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def resident_mb() -> int:
    """The memory that the process holds, in MB; the most it ever held where the system does not tell more.

    On Linux it does: there, that most begins with what the parent held when it started this process.
    """
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> 20 if sys.platform == "darwin" else peak >> 10  # bytes there, kibibytes elsewhere


def _end_with_parent() -> None:
    """Linux kills the process, and each it forks, when the thread that started it ends; elsewhere a thread watches."""
    if sys.platform.startswith("linux"):
        _die_with_parent()
        os.register_at_fork(after_in_child=_die_with_parent)
    else:
        threading.Thread(target=_watch_parent, daemon=True).start()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SIGNAL_AT_PARENTS_DEATH, signal.SIGKILL)


def _watch_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work_in(folder: Path) -> None:
    """Temporary files, whatever is printed and the working folder: all in here, to be removed together."""
    folder.mkdir()
    os.chdir(folder)
    tempfile.tempdir = str(folder)
    printed = os.open(folder / STDERR, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.close(printed)
    faulthandler.enable(file=2)


def _limit(name: str, most: int) -> None:
    """Set one of the system's limits, as far as it knows it (macOS knows RLIMIT_DATA, and does not keep to it)."""
    kind = getattr(resource, name, None)
    if kind is None:
        return
    ceiling = resource.getrlimit(kind)[1]
    value = most if ceiling == resource.RLIM_INFINITY else min(most, ceiling)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, value))


def _refuse_network(event: str, details: tuple[object, ...]) -> None:
    del details
    if event.startswith(_NETWORK):
        raise PermissionError("A process that reads files has no network.")
