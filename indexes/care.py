"""Keeps an open data folder in order: what is derived is served around when broken, made again, compared and purged."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from core.errors import IndexBroken
from indexes.catalogue import Catalogue
from indexes.condition import Condition
from indexes.schema import checkpoint
from indexes.seal import PARTS, Seal
from indexes.vector.guarded import GuardedVectors
from indexes.verify import Verified, verify

logger = logging.getLogger(__name__)


class Care:
    """Owns the vector index of an open data folder."""

    def __init__(self, folder: Path, catalogue: Catalogue, seal: Seal, *, dimension: int) -> None:
        self.condition = Condition()
        self.vectors = GuardedVectors(folder / PARTS["vectors"], catalogue, self.condition, seal.verdict("vectors"))
        self._catalogue, self._dimension = catalogue, dimension
        self._closing = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._thread: threading.Thread | None = None

    def serve(self, *, purge_hours: float) -> None:
        """In the background: open what was not opened yet, make again what is broken, and purge every so often."""
        self._thread = threading.Thread(target=self._tend, args=(purge_hours * 3600 or None,), name="care")
        self._thread.start()

    def remake(self) -> int:
        """Fill a new vector index and put it in the old one's place; returns how many vectors it holds.

        Raises:
            IndexBroken: it cannot be written; the old one stays.
        """
        with self._one_at_a_time:
            return self.vectors.remake()

    def verify(self, *, full: bool = False) -> Verified:
        """Compare everything that is stored."""
        return verify(self._catalogue, self.vectors, dimension=self._dimension, full=full)

    def purge(self) -> bool:
        """Let no byte of what was deleted stay in any file; whether there was any.

        Raises:
            IndexBroken: a new index cannot be written; the old one stays, with what it holds.
        """
        with self._one_at_a_time:
            purged = self.vectors.purge()
        checkpoint(self._catalogue.engine)
        return purged

    def troubles(self) -> tuple[str, ...]:
        """What is out of order, a sentence for each part."""
        return self.condition.troubles()

    def close(self) -> None:
        """End what runs in the background and close the vector index."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        self.vectors.close()

    def _tend(self, pause: float | None) -> None:
        self.vectors.serve()
        while not self._closing.wait(pause):
            try:
                self.purge()
            except IndexBroken as error:
                logger.warning("what was deleted could not be purged", extra={"reason": str(error)})
