"""A process for what may go wrong: a file that takes it down, fills its memory or never ends does so to nobody else.

    run(task) -> Pebble -> [the process: confine, work] -> what work returned | Ended

The only importer of Pebble. Each process has a Pebble pool of its own: when one breaks, it concerns one file. A process
that did not end a task well is replaced. A pool that breaks, or a process that cannot start, is no file's fault.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import logging
import math
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from core.errors import Unavailable
from core.logs import frames
from core.machine import without_main

if TYPE_CHECKING:
    from pebble import ProcessPool

Task = TypeVar("Task")
Result = TypeVar("Result")

_ATTEMPTS = 3
"""A task whose pool broke this often, each time in a process that had answered, is what breaks it."""
_GRACE_SECONDS = 10
"""Pebble ends what takes too long; when it does not within this time, the process is ended here."""
_SHORT_OF_MEMORY = ("memory allocation of", "bad_alloc", "MemoryError", "out of memory", "Out of memory")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one task may take. `start_seconds`: within which a process answers that it is there."""

    seconds: int
    memory_mb: int
    start_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A task that came to no result: a stable code and a sentence."""

    code: Literal["timed_out", "out_of_memory", "crashed"]
    reason: str
    trace: str = ""


class Process(Generic[Task, Result]):
    """Owns one process and its folder of temporary files.

    Every method but `cancel` is for one thread, which must live as long as the process: Linux ends it with the thread
    that started it.
    """

    def __init__(self, work: bytes, limits: Limits, scratch: Path) -> None:
        self._work = work
        self._limits = limits
        self._scratch = scratch
        self._pool: ProcessPool | None = None
        self._pending: Future[Any] | None = None
        self._cancelled = threading.Event()

    def start(self) -> None:
        """Start the process and hear it answer; another one when it does not: it may have been stopped or killed.

        Raises:
            Unavailable: neither answers.
        """
        try:
            self._start()
        except Unavailable as error:
            _log.warning("a process that reads files is started again", extra={"reason": str(error)})
            self._start()

    def _start(self) -> None:
        from pebble import ProcessPool

        arguments = (self._work, self._scratch, self._limits)
        self._pool = ProcessPool(1, initializer=_prepare, initargs=arguments, context=get_context("spawn"))
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            with without_main():
                answer = self._pool.schedule(_answer)
            self._wait(answer, self._limits.start_seconds)
        except (OSError, RuntimeError) as error:  # a death, a timeout and a broken pool among them
            said = self._said()
            self.end()
            late = isinstance(error, TimeoutError)
            why = (
                f"it did not answer within {self._limits.start_seconds:g} s"
                if late
                else str(error) or type(error).__name__
            )
            raise Unavailable(f"The process that reads files could not be started: {why}. {said}".strip()) from error

    def run(self, task: Task) -> Result | Ended:
        """What the task came to.

        Raises:
            Unavailable: a process that was needed anew could not be started.
            CancelledError: `cancel` was called.
        """
        from pebble import ProcessExpired

        for _ in range(_ATTEMPTS):
            if self._pool is None:
                self.start()
            assert self._pool is not None
            try:
                pending = self._pool.schedule(_do, args=(task,), timeout=self._limits.seconds)
                answer, held_mb = self._wait(pending, self._limits.seconds + _GRACE_SECONDS)
            except TimeoutError:
                self.end()
                return _timed_out(self._limits)
            except ProcessExpired as death:
                ended = self._why(death.exitcode)
                self.end()
                return ended
            except (RuntimeError, OSError):  # the pool broke: nothing can be said of the task
                _log.warning("a process pool broke and is made again", exc_info=True)
                self.end()
                continue
            result: Result | Ended = pickle.loads(answer)
            if isinstance(result, Ended) or held_mb > self._limits.memory_mb * 3 // 4:
                self.end()  # what a library leaks, and what a file left behind, goes with it
            return result
        return Ended("crashed", "The file ends every process that reads it. It may be damaged on purpose.")

    def cancel(self) -> None:
        """Let nothing run any more; from any thread."""
        self._cancelled.set()
        if (pending := self._pending) is not None:
            pending.cancel()

    def end(self) -> None:
        """End the process, its children and its files."""
        if self._pool is None:
            return
        self._pool.stop()  # type: ignore[no-untyped-call]
        for folder in self._folders():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(int(folder.name), signal.SIGKILL)
        self._pool.join()
        self._pool = None
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _wait(self, pending: Future[Any], seconds: float) -> Any:  # noqa: ANN401 -- what the function returned
        self._pending = pending
        if self._cancelled.is_set():
            pending.cancel()
        return pending.result(timeout=seconds)

    def _folders(self) -> list[Path]:
        """The folder of each process that this pool had; it is named after its id, which is that of its group."""
        return [folder for folder in self._scratch.glob("*") if folder.name.isdigit()]

    def _said(self) -> str:
        """The end of what the processes printed."""
        files = [folder / STDERR for folder in self._folders()]
        return "\n".join(file.read_text("utf-8", "replace")[-4000:] for file in files if file.is_file())

    def _why(self, code: int) -> Ended:
        """What the death of a process means for the file it was reading."""
        said = self._said()
        name = signal.Signals(-code).name if code < 0 else f"exit {code}"
        if code == -signal.SIGXCPU:
            return _timed_out(self._limits)
        if code == -signal.SIGKILL or any(words in said for words in _SHORT_OF_MEMORY):
            return _out_of_memory(self._limits)
        stack = [line for line in said.splitlines() if line.startswith(("Fatal Python error", "  File "))]
        return Ended("crashed", f"The file ended the process that read it ({name}).", "\n".join(stack))


def _timed_out(limits: Limits) -> Ended:
    return Ended("timed_out", f"Reading the file took more than {limits.seconds} s; ingest.file_seconds allows more.")


def _out_of_memory(limits: Limits) -> Ended:
    return Ended(
        "out_of_memory", f"Reading the file took more than {limits.memory_mb} MB; ingest.file_memory_mb allows more."
    )


# In the process that reads

_held: list[tuple[Callable[[Any], Any], Limits]] = []
"""The work of this process, unpickled once."""


def _prepare(work: bytes, scratch: Path, limits: Limits) -> None:
    confine(scratch, memory_mb=limits.memory_mb)
    _held.append((pickle.loads(work), limits))


def _answer() -> None:
    """Shows that the process is there."""


def _do(task: Task) -> tuple[bytes, int]:
    """(the pickled result, the memory that the process holds afterwards in MB). Whatever goes wrong is a value."""
    work, limits = _held[0]
    allow_processor_time(limits.seconds)
    try:
        answer = pickle.dumps(work(task))
    except MemoryError:
        answer = pickle.dumps(_out_of_memory(limits))
    except BaseException as error:  # noqa: BLE001 -- no file may end the job; the parent logs the traceback
        sentence = "Reading the file met a fault in Touchstone or a library; see the log."
        answer = pickle.dumps(Ended("crashed", sentence, frames(error)))
    return answer, resident_mb()


# What a process that reads files may take and reach. Called inside that process, once, before it reads anything.
#
# Limits hold it back from taking the machine along; they are no wall against code that a file smuggles in. Not every
# system has every limit: what one lacks is left out, and the parent's clock still ends a process that takes too long.


STDERR = "stderr"
"""The file in a process's own folder that holds what it and its libraries printed."""
_MAX_WRITTEN = 512 << 20
_MAX_OPEN = 256
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
    """Give the process a folder below `scratch`, named after its id, and drop the privileges it does not need."""
    _end_with_parent()
    os.setsid()  # a group of its own: it can be ended with all its children, and Ctrl-C does not reach it
    _work_in(scratch / str(os.getpid()))
    for name in [name for name in os.environ if name not in _KEPT and not name.startswith("LC_")]:
        os.environ.pop(name)
    os.environ.update(TMPDIR=tempfile.gettempdir(), TOKENIZERS_PARALLELISM="false", OMP_NUM_THREADS="1")
    os.environ.update(HF_HUB_OFFLINE="1", DO_NOT_TRACK="1", no_proxy="*")
    _limit("RLIMIT_DATA", memory_mb << 20)  # private memory; address space alone costs nothing, and is used lavishly
    _limit("RLIMIT_FSIZE", _MAX_WRITTEN)
    _limit("RLIMIT_NOFILE", _MAX_OPEN)
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
