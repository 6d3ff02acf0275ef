"""The processes that read files, as many as there is work for, and what they are given to read."""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic

from core.errors import Unavailable
from ingest.reading.isolation import Ended, Limits, Process, Result, Task

_PATIENCE_SECONDS = 0.25
"""Whoever waits this long for a result is better served by one more process."""
_PREFIX = "touchstone-reading-"


class ParserPool(Generic[Task, Result]):
    """Owns the processes, the threads that keep them, and the folder with their temporary files.

    Nothing is started before the first task. One process serves until somebody waits; then there are more, up to
    `workers`. Leaving the context ends them all, with their children, whatever they do.
    """

    def __init__(self, work: Callable[[Task], Result], limits: Limits, *, workers: int) -> None:
        """`work` is run in the processes; it, the tasks and the results can be pickled."""
        self._work = pickle.dumps(work)
        self._limits = limits
        self._most = workers
        self._queue: SimpleQueue[tuple[Task, Future[Result | Ended]] | None] = SimpleQueue()
        self._keepers: list[_Keeper[Task, Result]] = []
        self._scratch: Path | None = None
        self._scratch_lock = -1

    def __enter__(self) -> ParserPool[Task, Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        self.finish()
        for keeper in self._keepers:
            keeper.cancel()
        for keeper in self._keepers:
            keeper.join()
        self._keepers.clear()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            os.close(self._scratch_lock)
            self._scratch = None

    def start(self) -> None:
        """Have a process there before there is a task for it."""
        if not self._keepers:
            self._grow()
        self._keepers[0].ready.wait()

    def submit(self, task: Task) -> Future[Result | Ended]:
        """Have the task done; tasks are begun in the order they come."""
        future: Future[Result | Ended] = Future()
        self._queue.put((task, future))
        if not self._keepers:
            self._grow()
        return future

    def result(self, future: Future[Result | Ended]) -> Result | Ended:
        """Wait for what a task came to.

        Raises:
            Unavailable: the process for it could not be started.
        """
        while not wait_for([future], timeout=_PATIENCE_SECONDS).done:
            if not any(keeper.is_alive() for keeper in self._keepers) and not future.done():
                raise RuntimeError("The threads that keep the processes have ended.")
            if len(self._keepers) < self._most and not self._queue.empty() and self._keepers[-1].ready.is_set():
                self._grow()
        return future.result()

    def finish(self) -> None:
        """There are no more tasks: processes end as they have done what was submitted."""
        for _ in self._keepers:
            self._queue.put(None)

    def _grow(self) -> None:
        if self._scratch is None:
            self._scratch, self._scratch_lock = make_scratch()
        process: Process[Task, Result] = Process(self._work, self._limits, self._scratch / str(len(self._keepers)))
        keeper = _Keeper(process, self._queue)
        self._keepers.append(keeper)
        keeper.start()


class _Keeper(threading.Thread, Generic[Task, Result]):
    """Keeps one process, from its start to its end, and hands it tasks."""

    def __init__(
        self, process: Process[Task, Result], queue: SimpleQueue[tuple[Task, Future[Result | Ended]] | None]
    ) -> None:
        super().__init__(name="touchstone-reading", daemon=True)
        self.ready = threading.Event()
        self._process = process
        self._queue = queue

    def run(self) -> None:
        """Until there are no more tasks."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited: a starting process is silent on Ctrl-C
        refused: Unavailable | CancelledError | None = None
        try:
            try:
                self._process.start()
            except (Unavailable, CancelledError) as error:
                refused = error
            self.ready.set()
            while (entry := self._queue.get()) is not None:
                self._answer(*entry, refused)
                refused = None  # of the first task alone: for the next one, the process is started anew
        finally:
            self._process.end()

    def _answer(self, task: Task, future: Future[Result | Ended], refused: Unavailable | CancelledError | None) -> None:
        try:
            if refused is not None:
                raise refused
            future.set_result(self._process.run(task))
        except (Unavailable, CancelledError) as error:
            future.set_exception(error)
        finally:
            if not future.done():  # a bug, which ends this thread: nobody shall wait for ever
                future.cancel()

    def cancel(self) -> None:
        """End the process now, whatever it does."""
        self._process.cancel()


def make_scratch() -> tuple[Path, int]:
    """A new folder for temporary files, and the open file that holds its lock.

    Raises:
        Unavailable: there is no place for it.
    """
    _remove_abandoned()
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    except OSError as error:
        raise Unavailable(f"No folder for temporary files can be made: {error}. TMPDIR names another.") from error
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return folder, handle


def _remove_abandoned() -> None:
    """Remove the temporary files of a parent that was killed: a living one holds the lock of its folder."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
