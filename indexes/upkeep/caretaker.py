"""Keeps an open data folder in order: what is derived is served around when broken, made again, compared and purged."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from core import caches
from core.access import OWNER
from core.errors import IndexBroken, TouchstoneError
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.schema import checkpoint
from indexes.keyword.protocol import KeywordIndex
from indexes.upkeep import refill
from indexes.upkeep.check import Verified, verify
from indexes.upkeep.checksums import PARTS, Checksums
from indexes.upkeep.derived import DerivedStore
from indexes.upkeep.derived_indexes import DerivedKeyword, DerivedVectors
from indexes.upkeep.health import Health
from indexes.uploads import Uploads
from indexes.vectors.protocol import VectorIndex

logger = logging.getLogger(__name__)


class Caretaker:
    """Owns the derived indexes of an open data folder."""

    def __init__(
        self, folder: Path, catalogue: Catalogue, checksums: Checksums, uploads: Uploads, *, dimension: int
    ) -> None:
        self.health = Health()
        self.vectors = DerivedVectors(folder / PARTS["vectors"], catalogue, self.health, checksums.verdict("vectors"))
        self.keyword = DerivedKeyword(folder / PARTS["keyword"], catalogue, self.health, checksums.verdict("keyword"))
        self._catalogue, self._checksums, self._uploads, self._dimension = catalogue, checksums, uploads, dimension
        self._stores: tuple[DerivedStore[VectorIndex] | DerivedStore[KeywordIndex], ...] = (
            self.vectors.derived,
            self.keyword.derived,
        )
        self._closing = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._thread: threading.Thread | None = None

    def serve(self, *, purge_hours: float) -> None:
        """In the background: open what was not opened yet, make again what is broken, and purge every so often."""
        self._thread = threading.Thread(target=self._tend, args=(purge_hours * 3600 or None,), name="care")
        self._thread.start()

    def prepare(self) -> None:
        """Open both indexes, so that no write has to wait for it; what is broken is made again in the background."""
        for store in self._stores:
            store.prepare()

    def remake(self) -> int:
        """Fill new derived indexes and put them in the old ones' place; returns how many vectors there are.

        Raises:
            IndexBroken: one cannot be written; the old one stays.
        """
        with self._one_at_a_time:
            for store in self._stores:
                store.remake()
        return sum(row.chunks for row in self._catalogue.collections(access=OWNER))

    def rewrite_lost(self) -> int:
        """Once after a process died: write those vectors again that are not found; returns how many."""
        store = self.vectors.derived
        if not store.in_doubt:
            return 0
        store.open()
        written = refill.rewrite_lost(self._catalogue, self.vectors, since=store.found_until)
        store.looked_through()
        return written

    def repair(self) -> tuple[str, ...]:
        """Make again what is broken, proves so under a close look, or was left open; the names of those parts.

        Raises:
            IndexBroken: one cannot be written, or the catalogue is damaged.
        """
        unproven = [store for store in self._stores if store.unproven]
        with self._one_at_a_time:
            for store in unproven:
                store.remake()
        faults = self.verify().faults
        for fault in faults:
            if fault.part == "catalogue":
                raise IndexBroken(fault.sentence)
        with self._one_at_a_time:
            wrong = [store for store in self._stores if store.kind.name in {fault.part for fault in faults}]
            for store in wrong:
                store.remake()
        return tuple(store.kind.name for store in (*unproven, *wrong))

    def verify(self, *, full: bool = False) -> Verified:
        """Compare everything that is stored."""
        return verify(self._catalogue, self.vectors, self.keyword, dimension=self._dimension, full=full)

    def purge(self) -> tuple[str, ...]:
        """Let nothing of what was deleted stay in any file or cache; the names of what held some of it.

        Raises:
            IndexBroken: a new index cannot be written; the old one stays, with what it holds.
            OSError: an uploaded file cannot be removed.
        """
        caches.forget()
        with self._one_at_a_time:
            purged = tuple(store.kind.name for store in self._stores if store.purge())
        uploads = ("uploads",) if self._uploads.purge() else ()
        checkpoint(self._catalogue.engine)
        return purged + uploads

    def troubles(self) -> tuple[str, ...]:
        """What is out of order, a sentence for each part."""
        return self.health.troubles()

    def close(self) -> None:
        """End what runs in the background and close the indexes."""
        self._closing.set()
        for store in self._stores:
            store.stop()
        if self._thread is not None:
            self._thread.join()
        for part, store in zip(("vectors", "keyword"), self._stores, strict=True):
            if store.unproven:
                self._checksums.leave_out(part)
        for store in self._stores:
            store.close()

    def _tend(self, pause: float | None) -> None:
        for store in self._stores:
            store.serve()
        while not self._closing.wait(pause):
            try:
                self.purge()
            except (TouchstoneError, OSError) as error:
                logger.warning("what was deleted could not be purged", extra={"reason": str(error)})
