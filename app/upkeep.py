"""Exchanges the version of the index under a running service."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from app.foresee import foresee
from core.errors import JobConflict, TouchstoneError, UnknownJob
from core.files import write_fault
from core.settings.load import Settings
from indexes import versions
from indexes.cutover.overview import RebuildProgress, VersionRow, overview
from indexes.indexes import Indexes
from indexes.open import open_version
from indexes.recipe import Recipe
from ingest.changeover import Change, Serve, rebuild, roll_back
from ingest.jobs.engine import JobEngine
from ingest.jobs.schedule import Schedule
from ingest.reading.pages import PageImages
from service.answering.models.choose import open_model
from service.api.limits.concurrency import LimitedEmbedder, Places, ProcessorSlots
from service.api.live import Live
from service.api.state import Service
from service.api.wire.versions import PruneOut, RebuildError, RebuildIn, RebuildOut, RollbackOut

if TYPE_CHECKING:
    from indexes.upkeep.lock import Lock

_log = logging.getLogger(__name__)


class _Stopped(Exception):
    """The service is about to end; what was made of the next version stays."""


class ServiceUpkeep:
    """`service.api.state.Upkeep`, and the owner of everything that a service has open: parts, jobs, schedule."""

    def __init__(self, settings: Settings, lock: Lock) -> None:
        """Raises IndexBroken, Unavailable and SourceError as opening these parts does."""
        self._settings, self._lock = settings, lock
        self._busy = threading.Lock()
        self._stopping = threading.Event()
        server = settings.server
        searching = Places.of(server).searching
        self._slots = ProcessorSlots(searching, line=server.waiting, seconds=server.wait_seconds)
        self._thread: threading.Thread | None = None
        self._state: RebuildOut | None = None
        self._work = ExitStack()
        self._pages = PageImages(settings.ingest)
        indexes, close = self._open(versions.pointer(settings.data).live)
        self._indexes = indexes
        with ExitStack() as undo:
            undo.callback(close)
            self.live = Live(self._begin(indexes), close=close, upkeep=self, secret=lock.secret)
            self.live.crowded = self._slots.crowded
            undo.pop_all()

    def close(self) -> None:
        """End what is at work, a rebuild too, which goes on when it is asked for again."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._work.close()
        self._pages.close()
        self.live.end()

    # service.api.state.Upkeep

    def overview(self) -> Sequence[VersionRow]:
        """The versions that there are."""
        return overview(self._settings)

    def rebuild(self, asked: RebuildIn) -> RebuildOut:
        """Begin a rebuild. Raises JobConflict while one is at work."""
        self._take()
        self._state = RebuildOut(state="RUNNING")
        self._thread = threading.Thread(target=self._rebuild, args=(asked,), name="touchstone-rebuild")
        self._thread.start()
        return self._state

    def rebuilding(self) -> RebuildOut:
        """How far it is."""
        if self._state is None:
            raise UnknownJob("Nothing was rebuilt since the service started.")
        return self._state

    def roll_back(self) -> RollbackOut:
        """Serve the version before again."""
        with self._alone():
            back = roll_back(self._indexes, self._settings, quiet=self._quiet)
            return RollbackOut.of(versions.pointer(self._settings.data).live, back)

    def prune(self) -> PruneOut:
        """Remove every version but the live one."""
        with self._alone():
            return PruneOut(removed=tuple(versions.forget_previous(self._settings.data)))

    # The rebuild

    def _rebuild(self, asked: RebuildIn) -> None:
        began = time.monotonic()
        try:
            change = Change(
                wanted=recipe_of(asked, self._settings),
                afresh=asked.force,
                watch=lambda progress: self._note(progress, time.monotonic() - began),
                check=self._check,
            )
            changed = rebuild(self._indexes, self._settings, change, quiet=self._quiet)
            self._state = RebuildOut.of(changed, time.monotonic() - began)
        except _Stopped:
            self._state = RebuildOut(state="INTERRUPTED")
        except TouchstoneError as error:
            self._state = _failed(error.code, str(error))
        except OSError as error:
            if (fault := write_fault(error)) is None:
                raise
            self._state = _failed(fault.code, str(fault))
        finally:
            if self._state is not None and self._state.state == "RUNNING":
                self._state = _failed("bug", "A fault in Touchstone ended the rebuild; see the log.")
            self._end()

    def _note(self, progress: RebuildProgress, seconds: float) -> None:
        self._state = RebuildOut.at(progress, seconds)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise _Stopped

    def _take(self) -> None:
        if self._stopping.is_set() or not self._busy.acquire(blocking=False):
            raise JobConflict("The index is being rebuilt or exchanged. See how far it is: touchstone index status.")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._take()
        try:
            yield
        finally:
            self._end()

    def _end(self) -> None:
        """Let others exchange the index, and free the one before: its cycles are what a service seldom looks for."""
        self._busy.release()
        gc.collect()

    # The parts

    @contextmanager
    def _quiet(self) -> Iterator[Serve]:
        """Inside, neither requests nor jobs write; a job that runs goes on afterwards, in the version served then."""
        with self.live.quiet():
            self._work.close()
            before = self._indexes
            try:
                yield self._serve
            finally:
                if self._indexes is before:
                    before.catalogue.jobs.interrupt()
                    self.live.update(self._begin(before))

    def _serve(self, name: str) -> None:
        indexes, close = self._open(name)
        with ExitStack() as undo:
            undo.callback(close)
            service = self._begin(indexes)
            undo.pop_all()
        self.live.become(service, close=close)
        self._indexes = indexes
        _log.warning("another version of the index is served", extra={"index_version": indexes.version})

    def _open(self, name: str) -> tuple[Indexes, Callable[[], None]]:
        stack = ExitStack()
        indexes = stack.enter_context(open_version(self._settings, self._lock, name))
        indexes.caretaker.serve(purge_hours=self._settings.index.purge_hours)
        return indexes, stack.close

    def _begin(self, indexes: Indexes) -> Service:
        """Jobs and schedule on these indexes, and the service of them all."""
        settings = self._settings
        with ExitStack() as work:
            jobs = JobEngine(indexes, settings)
            work.callback(jobs.stop)
            jobs.start()
            work.enter_context(Schedule(jobs, indexes.catalogue.jobs, settings.schedule.values()))
            self._work = work.pop_all()
        polite = LimitedEmbedder(indexes.embedder, self._slots)
        models = cache(lambda name: open_model(settings, name, polite))
        served = replace(indexes, slot=self._slots.slot)
        ahead = partial(foresee, indexes, settings)
        return Service(settings=settings, indexes=served, jobs=jobs, models=models, pages=self._pages, foresee=ahead)


def recipe_of(asked: RebuildIn, settings: Settings) -> Recipe:
    """What the next version is made with."""
    own = Recipe.of(settings)
    embedder = own.embedder
    if asked.embedder is not None:
        embedder = Recipe.read(replace(own, embedder=asked.embedder).stored(), settings.embedder).embedder
    return Recipe(embedder, asked.chunk_word_pieces or own.chunk_word_pieces)


def _failed(code: str, detail: str) -> RebuildOut:
    return RebuildOut(state="FAILED", error=RebuildError(code=code, detail=detail))
