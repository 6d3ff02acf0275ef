"""A vector store in a process of its own: what holds the interpreter lock there holds up nobody here.

    ChromaProcess -> a connection a caller -> [the process: a thread a connection -> ChromaIndex]

Chroma keeps Python's interpreter lock for as long as it writes: some 5 ms a vector, hundreds for a batch, more when it
writes out a large graph. A service would answer nobody meanwhile, not even about its health. Should damaged files end
the process that reads them, it is this one, too.

It serves until its owner closes the connections or dies. A write that is under way is finished first. It is forked from
a process that has loaded Chroma already, of which a program has one: loading takes two seconds.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import LifoQueue
from typing import Any, Literal

import numpy as np

from core.errors import IndexBroken
from core.machine import cores, without_main
from indexes.embedders.protocol import Vectors
from indexes.vectors.chroma import ChromaIndex

SLICE, WIDE = 16, 64
"""Vectors a request while there are searches, which wait for the one that is being written, never for all that is to be
written; and while there are none: a vector costs less than half as much then."""
QUIET_SECONDS = 1.0
"""So long after a search there are none."""
AHEAD_SECONDS = 0.1
"""How long the next slice lets searches that have begun go first: however many come, writing goes on."""
OPEN_SECONDS = 300.0
_DYING_SECONDS = 1.0
"""Between the end of a process's connections and its own."""
_PROCESSES = get_context("forkserver")
Reply = tuple[int, Literal["done", "broken"], Any]
"""The number of the request that it answers; its result, or the IndexBroken that it met."""


class Busy(Exception):
    """The store has not answered in the time that the caller gave it: it is writing."""


class ChromaProcess:
    """A VectorIndex whose store another process has open. One object a folder."""

    def __init__(self, folder: Path) -> None:
        """Raises IndexBroken when the process finds the store broken, or dies of it."""
        self._folder = folder
        self._turn = threading.Condition()
        self._reading, self._searched = 0, 0.0
        self._ended = False
        self._writes = threading.Lock()
        pairs = [Pipe() for _ in range(1 + max(2, cores()))]
        self._process = _started(folder, [their for _, their in pairs])
        self._writer, *readers = (_Line(own) for own, _ in pairs)
        self._lines = [self._writer, *readers]
        self._readers: LifoQueue[_Line] = LifoQueue()
        for line in readers:
            self._readers.put(line)
        _open.add(self)
        try:
            self._heard(self._writer, 0, OPEN_SECONDS)
        except Busy:
            self._process.kill()
            self._end()
            raise IndexBroken(f"Opening the vector index in {folder} took more than {OPEN_SECONDS:.0f} s.") from None
        except IndexBroken:
            self._end()
            raise

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors, a slice at a time; searches go between."""
        for part in self._slices(len(ids)):
            self._write("upsert", collection, list(ids[part]), np.ascontiguousarray(vectors[part]))

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids, as `upsert`."""
        for part in self._slices(len(ids)):
            self._write("delete", collection, list(ids[part]))

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The nearest vectors."""
        return self.nearest_to_each(collection, vector[None, :], limit)[0]

    def nearest_to_each(
        self, collection: str, vectors: Vectors, limit: int, *, patience: float | None = None
    ) -> list[list[tuple[str, float]]]:
        """As `nearest`, many at once. Raises Busy when a write has not let it through after `patience` seconds."""
        found: list[list[tuple[str, float]]] = self._read(
            "nearest_to_each", collection, np.ascontiguousarray(vectors), limit, patience=patience
        )
        return found

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors that are stored, of those that are asked for."""
        found: dict[str, Vectors] = self._read("vectors", collection, list(ids))
        return found

    def ids(self, collection: str) -> set[str]:
        """Every id."""
        found: set[str] = self._read("ids", collection)
        return found

    def count(self, collection: str) -> int:
        """How many rows there are."""
        return int(self._read("count", collection))

    def drop(self, collection: str) -> None:
        """Remove a collection."""
        self._write("drop", collection)

    def close(self) -> None:
        """Close the store, and wait until the process has ended."""
        with self._writes:
            if self._ended:
                return
            try:
                self._ask(self._writer, "close")
            finally:
                self._end()

    def _slices(self, size: int) -> Iterator[slice]:
        end = 0
        while end < size:
            start, end = end, end + (WIDE if time.monotonic() > self._searched + QUIET_SECONDS else SLICE)
            yield slice(start, end)

    def _write(self, name: str, *arguments: object) -> None:
        with self._writes:
            with self._turn:
                self._turn.wait_for(lambda: self._reading == 0, AHEAD_SECONDS)
            self._ask(self._writer, name, *arguments)

    def _read(self, name: str, *arguments: object, patience: float | None = None) -> Any:  # noqa: ANN401 -- as the store
        with self._borrowed() as line:
            return self._ask(line, name, *arguments, patience=patience)

    @contextmanager
    def _borrowed(self) -> Iterator[_Line]:
        self._searched = time.monotonic()
        with self._turn:
            self._reading += 1
        try:
            line = self._readers.get()
            try:
                yield line
            finally:
                self._readers.put(line)
        finally:
            with self._turn:
                self._reading -= 1
                self._turn.notify_all()

    def _ask(self, line: _Line, name: str, *arguments: object, patience: float | None = None) -> Any:  # noqa: ANN401
        line.asked += 1
        try:
            line.connection.send((line.asked, name, arguments))
        except OSError as error:
            raise self._dead() from error
        return self._heard(line, line.asked, patience)

    def _heard(self, line: _Line, number: int, patience: float | None) -> Any:  # noqa: ANN401 -- as the store
        """What the request came to. Raises IndexBroken and Busy."""
        try:
            while True:
                if not line.connection.poll(patience):
                    raise Busy
                answered, kind, value = line.connection.recv()
                if answered == number:  # else it is of a request that was given up
                    break
        except (EOFError, OSError) as error:
            raise self._dead() from error
        if kind == "broken":
            raise value
        return value

    def _dead(self) -> IndexBroken:
        self._process.join(_DYING_SECONDS)
        code = self._process.exitcode
        how = f" of signal {-code}" if code is not None and code < 0 else ""
        return IndexBroken(f"The process that had the vector index in {self._folder} open died{how}.")

    def _end(self) -> None:
        self._ended = True
        self.let_go()
        self._process.join()
        _open.discard(self)

    def let_go(self) -> None:
        """Close the connections: the process ends when what it does is done."""
        for line in self._lines:
            line.connection.close()


class _Line:
    """A connection, and the number of the latest request on it."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self.connection, self.asked = connection, 0


_open: weakref.WeakSet[ChromaProcess] = weakref.WeakSet()


@atexit.register
def _let_all_go() -> None:
    """Before multiprocessing waits for the processes of a program that ends without having closed them."""
    for each in list(_open):
        each.let_go()


def _started(folder: Path, theirs: Sequence[Connection[Any, Any]]) -> BaseProcess:
    """The process that has a folder open. Raises IndexBroken when there is no room for another one."""
    _PROCESSES.set_forkserver_preload(["chromadb", __name__])
    process = _PROCESSES.Process(target=_main, args=(folder, theirs), name="vectors", daemon=True)
    try:
        with without_main():
            process.start()
    except (OSError, EOFError) as error:
        raise IndexBroken(f"No process could be started for the vector index in {folder}: {error}.") from error
    finally:
        for their in theirs:
            their.close()
    return process


# In the process


def _main(folder: Path, connections: Sequence[Connection[Any, Any]]) -> None:
    os.setpgid(0, 0)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # its owner ends it, and may still write
    first = connections[0]
    try:
        index = ChromaIndex(folder, alone=True)
    except IndexBroken as error:
        first.send((0, "broken", error))
        return
    first.send((0, "done", None))
    threads = [threading.Thread(target=_serve, args=(index, connection)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve(index: ChromaIndex, connection: Connection[Any, Any]) -> None:
    """Do what comes over a connection, one after another, until its owner closes it or is gone."""
    try:
        while True:
            number, name, arguments = connection.recv()
            reply: Reply
            try:
                reply = number, "done", getattr(index, name)(*arguments)
            except IndexBroken as error:
                reply = number, "broken", error
            connection.send(reply)
    except (EOFError, OSError):
        return
