"""Keeps an open data folder in order: what is derived is served around when broken, made again, compared and purged."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from core import caches
from core.errors import IndexBroken, TouchstoneError
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.schema import checkpoint
from indexes.keyword.guarded import GuardedKeyword
from indexes.keyword.protocol import KeywordIndex
from indexes.upkeep import refill
from indexes.upkeep.check import Verified, verify
from indexes.upkeep.checksums import PARTS, Seal, Verdict
from indexes.upkeep.derived import Guard
from indexes.upkeep.health import Condition
from indexes.uploads import Uploads
from indexes.vectors.guarded import GuardedVectors
from indexes.vectors.protocol import VectorIndex

logger = logging.getLogger(__name__)


class Care:
    """Owns the derived indexes of an open data folder."""

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        seal: Seal,
        uploads: Uploads,
        *,
        dimension: int,
        died: bool = False,
    ) -> None:
        """`died`: the last two processes that had the vector index open did."""
        self.condition = Condition()
        verdict = Verdict.DISTRUSTED if died else seal.verdict("vectors")
        self.vectors = GuardedVectors(folder / PARTS["vectors"], catalogue, self.condition, verdict)
        self.keyword = GuardedKeyword(folder / PARTS["keyword"], catalogue, self.condition, seal.verdict("keyword"))
        self._catalogue, self._seal, self._uploads, self._dimension = catalogue, seal, uploads, dimension
        self._guards: tuple[Guard[VectorIndex] | Guard[KeywordIndex], ...] = self.vectors.guard, self.keyword.guard
        self._closing = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._thread: threading.Thread | None = None

    def serve(self, *, purge_hours: float) -> None:
        """In the background: open what was not opened yet, make again what is broken, and purge every so often."""
        self._thread = threading.Thread(target=self._tend, args=(purge_hours * 3600 or None,), name="care")
        self._thread.start()

    def prepare(self) -> None:
        """Open both indexes, so that no write has to wait for it; what is broken is made again in the background."""
        for guard in self._guards:
            guard.prepare()

    def remake(self) -> None:
        """Fill new derived indexes and put them in the old ones' place.

        Raises:
            IndexBroken: one cannot be written; the old one stays.
        """
        with self._one_at_a_time:
            for guard in self._guards:
                guard.remake()

    def repair(self) -> tuple[str, ...]:
        """Make again what is broken, proves so under a close look, or was left open; the names of those parts.

        Raises:
            IndexBroken: one cannot be written, or the catalogue is damaged.
        """
        unproven = [guard for guard in self._guards if guard.unproven]
        with self._one_at_a_time:
            for guard in unproven:
                guard.remake()
        faults = self.verify().faults
        for fault in faults:
            if fault.part == "catalogue":
                raise IndexBroken(fault.sentence)
        with self._one_at_a_time:
            wrong = [guard for guard in self._guards if guard.kind.name in {fault.part for fault in faults}]
            for guard in wrong:
                guard.remake()
        return tuple(guard.kind.name for guard in (*unproven, *wrong))

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
            purged = tuple(guard.kind.name for guard in self._guards if guard.purge())
        uploads = ("uploads",) if self._uploads.purge() else ()
        checkpoint(self._catalogue.engine)
        return purged + uploads

    def troubles(self) -> tuple[str, ...]:
        """What is out of order, a sentence for each part."""
        return self.condition.troubles()

    def close(self) -> None:
        """End what runs in the background and close the indexes."""
        self._closing.set()
        for guard in self._guards:
            guard.stop()
        if self._thread is not None:
            self._thread.join()
        for part, guard in zip(("vectors", "keyword"), self._guards, strict=True):
            if guard.unproven:
                self._seal.leave_out(part)
        used = not self.vectors.guard.unopened
        for guard in self._guards:
            guard.close()
        if used:
            refill.vouch(self._catalogue)

    def _tend(self, pause: float | None) -> None:
        for guard in self._guards:
            guard.serve()
        while not self._closing.wait(pause):
            try:
                self.purge()
            except (TouchstoneError, OSError) as error:
                logger.warning("what was deleted could not be purged", extra={"reason": str(error)})
