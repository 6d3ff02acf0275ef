"""A vector store in a process of its own: what holds the interpreter lock there holds up nobody here.

    Apart -> a connection a caller -> [the process: a thread a connection -> ChromaIndex]

Chroma keeps Python's interpreter lock for as long as it writes: some 5 ms a vector, hundreds for a batch, more when it
writes out a large graph. A service would answer nobody meanwhile, not even about its health. Should damaged files end
the process that reads them, it is this one, too.

Run as a program (`python -m indexes.vector.apart FOLDER CONNECTION ...`, each the number of an inherited socket), it
serves until its owner closes the connections or dies. A write that is under way is finished first.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import LifoQueue
from typing import Any, Literal

import numpy as np

from core.errors import IndexBroken
from core.machine import cores
from indexes.embedders.protocol import Vectors
from indexes.vector.chroma import ChromaIndex

SLICE = 16
"""Vectors a request: a search waits for the one request that is being written, never for all that is to be written."""
AHEAD_SECONDS = 0.1
"""How long the next slice lets searches that have begun go first: however many come, writing goes on."""
OPEN_SECONDS = 300.0
_DYING_SECONDS = 1.0
"""Between the end of a process's connections and its own."""
Reply = tuple[int, Literal["done", "broken"], Any]
"""The number of the request that it answers; its result, or the IndexBroken that it met."""


class Busy(Exception):
    """The store has not answered in the time that the caller gave it: it is writing."""


class Apart:
    """A VectorIndex whose store another process has open. One object a folder."""

    def __init__(self, folder: Path) -> None:
        """Raises IndexBroken when the process finds the store broken, or dies of it."""
        self._folder = folder
        self._turn = threading.Condition()
        self._reading = 0
        self._ended = False
        self._writes = threading.Lock()
        pairs = [Pipe() for _ in range(1 + max(2, cores()))]
        theirs = [their.fileno() for _, their in pairs]
        command = [sys.executable, "-m", __name__, str(folder), *map(str, theirs)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=theirs, process_group=0)
        for _, their in pairs:
            their.close()
        self._writer, *readers = (_Line(own) for own, _ in pairs)
        self._lines = [self._writer, *readers]
        self._readers: LifoQueue[_Line] = LifoQueue()
        for line in readers:
            self._readers.put(line)
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
        return self._process.pid

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors, SLICE at a time; searches go between."""
        for start in range(0, len(ids), SLICE):
            part = np.ascontiguousarray(vectors[start : start + SLICE])
            self._write("upsert", collection, list(ids[start : start + SLICE]), part)

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids, as `upsert`."""
        for start in range(0, len(ids), SLICE):
            self._write("delete", collection, list(ids[start : start + SLICE]))

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
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_DYING_SECONDS)
        code = self._process.returncode
        how = f" of signal {-code}" if code is not None and code < 0 else ""
        return IndexBroken(f"The process that had the vector index in {self._folder} open died{how}.")

    def _end(self) -> None:
        self._ended = True
        for line in self._lines:
            line.connection.close()
        self._process.wait()


class _Line:
    """A connection, and the number of the latest request on it."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self.connection, self.asked = connection, 0


# In the process


def _main(folder: Path, connections: Sequence[Connection[Any, Any]]) -> None:
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


if __name__ == "__main__":
    _main(Path(sys.argv[1]), [Connection(int(number)) for number in sys.argv[2:]])
