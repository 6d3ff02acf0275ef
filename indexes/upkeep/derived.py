"""A store that is made from the catalogue: it can be filled again, and whoever reads it waits for no writer.

In which state it is, and how it gets from one to the next: state.py. While it is unopened or broken, its index answers
in another way (derived_indexes.py); while it is broken, a new one is filled aside from the catalogue and then takes its
place, and what is written meanwhile goes there too.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from core.errors import IndexBroken, TouchstoneError
from core.files import put_in_place
from indexes.catalogue.catalogue import Catalogue
from indexes.upkeep.checksums import Verdict
from indexes.upkeep.health import Health
from indexes.upkeep.state import Record, State, StateFile

logger = logging.getLogger(__name__)

REMEDY = "`touchstone index repair` makes it again from the catalogue."
Stop = Callable[[], bool]


def deleted_from(folder: str) -> str:
    """What the catalogue remembers while bytes of what was deleted may be left in a store's folder of this name."""
    return f"deleted from {folder}"


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Write what is held back and release the store. Raises IndexBroken."""


S = TypeVar("S", bound=Closable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[S]):
    """How a kind of store is kept. `name` is what people call it, `without` what is done while there is none.

    `fragile`: it may be damaged when its process dies, and then end the process that opens it.

    open, reconcile, check: raise IndexBroken. `reconcile` makes a store agree with the catalogue, until told to stop;
    `probe` tries one that no checksum vouches for before this process opens it; `check` looks at one that was opened.
    """

    name: str
    without: str
    fragile: bool
    open: Callable[[Path], S]
    discard: Callable[[Path], None]
    reconcile: Callable[[S, Stop], None]
    probe: Callable[[Path], None]
    check: Callable[[S], None]


class DerivedStore(Generic[S]):
    """One store and its folder. Safe to use from several threads."""

    def __init__(self, kind: Kind[S], folder: Path, catalogue: Catalogue, health: Health, verdict: Verdict) -> None:
        self.kind = kind
        self._folder, self._aside = folder, folder.with_name(folder.name + "-next")
        self._catalogue, self._health, self._verdict = catalogue, health, verdict
        self._deleted = deleted_from(folder.name)
        self._writes = threading.RLock()
        self._readers_left = threading.Condition()
        self._readers = self._deletions = 0
        self._file = StateFile(folder, catalogue)
        self._kept = self._file.read()
        self._state = State.CLOSED
        self.in_doubt = kind.fragile and self._kept.state is not State.CLOSED
        self._store: S | None = None
        self._failed: list[S] = []
        self._next: S | None = None
        self._filling: threading.Thread | None = None
        self._serving = self._stopping = self._noted = False
        kind.discard(self._aside)
        if self._kept.state is State.BROKEN:
            self._break("it failed when it was used last")
        elif verdict is Verdict.CHANGED:
            self._break("its files are not what they were when it was closed")
        elif kind.fragile and self._kept.state is State.REOPENED:
            self._break("two processes in a row died with it open")

    @property
    def unproven(self) -> bool:
        """Whether nobody vouches for the files and nobody has opened them yet: damage could end this process."""
        return self.unopened and self._verdict is Verdict.UNKNOWN and self._folder.exists()

    @property
    def unopened(self) -> bool:
        """Whether nobody has opened the store yet."""
        return self._state is State.CLOSED

    @property
    def serving(self) -> bool:
        """Whether the store is opened and made again in the background."""
        return self._serving

    @property
    def found_until(self) -> str:
        """Until when what was indexed is known to be found; empty where nothing is known."""
        return self._kept.found_until

    def open(self) -> None:
        """Open the store unless that was done; one that proves to be broken is noted as such.

        Once that was done, this waits for nobody, and so not for a write.
        """
        if not self.unopened:
            return
        with self._writes:
            if self._state is not State.CLOSED:
                return
            after = State.REOPENED if self._kept.state is State.OPEN else State.OPEN
            store: S | None = None
            try:
                if self._verdict is Verdict.UNKNOWN and self._folder.exists():
                    self.kind.probe(self._folder)
                self._keep(after)
                store = self.kind.open(self._folder)
                if self._verdict is Verdict.UNKNOWN:
                    self.kind.reconcile(store, lambda: False)
                self.kind.check(store)
            except IndexBroken as error:
                with self._readers_left:
                    self._failed += [store] if store is not None else []
                    self._break(str(error))
            else:
                self._store, self._state = store, after

    def looked_through(self) -> None:
        """Say that all that was indexed is found, whatever a process that died left behind."""
        self.in_doubt = False
        if self._state is State.REOPENED:
            self._note(State.OPEN)

    def serve(self) -> None:
        """Open the store, or fill a new one, now and whenever it breaks: for a process that goes on for long."""
        self._serving = True
        self.prepare()

    def prepare(self) -> None:
        """Open the store, or begin to fill a new one: for a process that is about to write."""
        self.open()
        if self._state is State.BROKEN:
            self._fill_in_background()

    @contextmanager
    def reading(self) -> Iterator[S | None]:
        """The store, which is not closed before this ends; None when there is none to search."""
        with self._readers_left:
            store = self._store
            self._readers += 1
        try:
            yield store
        finally:
            with self._readers_left:
                self._readers -= 1
                self._readers_left.notify_all()

    def whole(self, store: S | None) -> S:
        """The store. Raises IndexBroken when there is none."""
        if store is None:
            raise IndexBroken(f"The {self.kind.name} in {self._folder} is broken. {REMEDY}")
        return store

    def write(self, change: Callable[[S], None], *, deletes: bool = False) -> None:
        """Change the store, and the one that is filled aside. What no store takes is in the catalogue."""
        with self._writes:
            if deletes:
                self._note_deletion()
            self.open()
            if self._store is None and self._next is None:
                self._begin_again()
            for store in (self._store, self._next):
                if store is not None:
                    try:
                        change(store)
                    except IndexBroken as error:
                        self.fail(store, error)

    def fail(self, store: S, error: IndexBroken) -> None:
        """Note that a store failed, unless it is no longer the one that answers."""
        with self._readers_left:
            if store is not self._store:
                return
            self._failed.append(store)
            self._break(str(error))
        if self._serving:
            self._fill_in_background()

    def remake(self) -> None:
        """Fill a new store aside and put it in this one's place.

        Raises:
            IndexBroken: the new store cannot be written; the old one stays, if it was in order.
        """
        with self._writes:
            filled = self._begin()
        try:
            self.kind.reconcile(filled, self._told)
            with self._writes:
                if not self._stopping:
                    self.kind.reconcile(filled, lambda: False)
                    self._swap(filled)
        finally:
            with self._writes:
                if self._next is not None:
                    _close(self._next)
                    self.kind.discard(self._aside)
                    self._next = None

    def purge(self) -> bool:
        """Leave nothing in the store's files of what was deleted; whether there was any. Raises as `remake`."""
        if self._catalogue.recall(self._deleted) is None:
            return False
        before = self._deletions
        self.remake()
        with self._writes:
            if self._deletions == before and not self._stopping:
                self._catalogue.unlearn(self._deleted)
                self._noted = False
        return True

    def stop(self) -> None:
        """Give up what is filled in the background, if this process was to go on for long."""
        self._stopping = self._serving

    def close(self) -> None:
        """Release the store; what is filled in the background is waited for, unless it was stopped."""
        if self._filling is not None:
            self._filling.join()
        with self._writes:
            self._release()
            if self._state in (State.OPEN, State.REOPENED):
                self._keep(State.DOUBTFUL if self.in_doubt else State.CLOSED, self._found_now())

    def _begin(self) -> S:
        """The store that is filled aside: what is written from now on goes there too."""
        if self._next is None:
            self.kind.discard(self._aside)
            self._next = self.kind.open(self._aside)
        return self._next

    def _told(self) -> bool:
        """Asked in the middle of filling: whoever waits to write does so first; then whether to stop."""
        with self._writes:
            return self._stopping

    def _swap(self, filled: S) -> None:
        """Put the filled store in the place of the old one; there is none to search meanwhile."""
        filled.close()
        self._next = None
        self._note(State.BROKEN)  # until it is done: a process that dies here leaves no half of a store
        self._release()
        self.kind.discard(self._folder)
        if self._aside.exists():
            put_in_place(self._aside, self._folder)
        try:
            opened = self.kind.open(self._folder)
        except IndexBroken as error:
            self._break(str(error))
            raise
        with self._readers_left:  # a reader that finds it broken at once says so afterwards
            self._note(State.OPEN)
            self._health.clear(self.kind.name)
            self._store, self.in_doubt = opened, False

    def _break(self, reason: str) -> None:
        self._store = None
        self._note(State.BROKEN)
        why = reason.replace(REMEDY, "").rstrip(". ")
        self._health.note(self.kind.name, f"The {self.kind.name} is broken ({why}): {self.kind.without}. {REMEDY}")

    def _note(self, state: State) -> None:
        self._state = state
        self._keep(state)

    def _keep(self, state: State, found_until: str = "") -> None:
        """Put a state on record for the next process. What no kill can harm is closed for it, or broken."""
        said = state if self.kind.fragile or state is State.BROKEN else State.CLOSED
        record = Record(said, found_until or self._kept.found_until)
        if record != self._kept:
            self._file.write(record)
            self._kept = record

    def _found_now(self) -> str:
        """Until when what was indexed is found, as the store is closed in order."""
        return self._catalogue.latest() if self.kind.fragile and not self.in_doubt else ""

    def _begin_again(self) -> None:
        """Fill a new store, with the write that is about to be done as its first."""
        try:
            self._begin()
            self._fill_in_background()
        except IndexBroken as error:
            self._despair(error)

    def _fill_in_background(self) -> None:
        with self._readers_left:
            if self._filling is None or not self._filling.is_alive():
                self._filling = threading.Thread(target=self._fill, name=self.kind.name)
                self._filling.start()

    def _fill(self) -> None:
        try:
            self.remake()
        except (TouchstoneError, OSError) as error:
            self._despair(error)

    def _despair(self, error: Exception) -> None:
        logger.warning("an index could not be made again", extra={"index": self.kind.name, "reason": str(error)})

    def _note_deletion(self) -> None:
        self._deletions += 1
        if not self._noted:
            self._catalogue.remember(self._deleted, "yes")
            self._noted = True

    def _release(self) -> None:
        """Close the store, when nobody searches it any more."""
        with self._readers_left:
            used, self._store = self._store, None
            self._readers_left.wait_for(lambda: self._readers == 0)
            failed, self._failed = self._failed, []
        for store in (used, *failed):
            if store is not None and not _close(store):
                self._note(State.BROKEN)


def _close(store: Closable) -> bool:
    """Close a store that may be broken; whether that went well."""
    try:
        store.close()
    except IndexBroken as error:
        logger.warning("an index could not be closed", extra={"reason": str(error)})
        return False
    return True
